"""Edits of a workflow's `inputs` and `secrets` that its proposed statements need.

An input that a statement uses has to be there, and a variable that the prompt fills in has to be
declared. Only these fields change; every other byte of the file stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.record import Record
from flowdsl.syntax import ast


class FileEdit(Record):
    """`new` in the place of the text from `start` to `end`."""

    start: int
    end: int
    new: str


def require_fields(symbol: WorkflowSymbol, used: Collection[str]) -> Iterator[tuple[str, FileEdit]]:
    """Yield the edits that make fields required, each with the name of its field.

    `used` are names in source. The parts of an input, in types of the same file, are made required
    with it: an instruction that holds it would say `__EMPTY__` for a missing one.
    """
    records = {
        each.name.text: each.fields
        for each in symbol.module.declarations
        if isinstance(each, ast.RecordDecl)
    }
    seen: set[str] = set()
    for item in symbol.declaration.items:
        if not isinstance(item, ast.InputsSection | ast.SecretsSection | ast.OutputsSection):
            continue
        for field in item.fields:
            if field.name.text in used:
                yield from _require_field(field, symbol.module.source.text)
                if isinstance(item, ast.InputsSection):
                    yield from _require_parts(field.type, records, seen, symbol.module.source.text)


def type_inputs(symbol: WorkflowSymbol, used: Collection[str]) -> Iterator[tuple[str, FileEdit]]:
    """Yield the edits that make texts of the inputs of the type `any` among `used`.

    No statement can hold such an input (`any-of-input`), and a prompt only ever held its text.
    """
    text = symbol.module.source.text
    for item in symbol.declaration.items:
        if isinstance(item, ast.InputsSection):
            for field in item.fields:
                inner = field.type
                while isinstance(inner, ast.OptionalType | ast.ListType):
                    inner = inner.inner if isinstance(inner, ast.OptionalType) else inner.element
                if field.name.text in used and text[inner.start : inner.end] == "any":
                    yield field.name.text, FileEdit(inner.start, inner.end, "string")


def _require_field(field: ast.Field, text: str) -> Iterator[tuple[str, FileEdit]]:
    if field.absent:
        mark = text.index("?", field.name.end)
        yield field.name.text, FileEdit(mark, mark + 1, "")
    if isinstance(field.type, ast.OptionalType) and field.default is None:
        yield field.name.text, FileEdit(field.type.end - 1, field.type.end, "")


def _require_parts(
    type_: ast.TypeExpr,
    records: Mapping[str, Sequence[ast.Field]],
    seen: set[str],
    text: str,
) -> Iterator[tuple[str, FileEdit]]:
    fields: Sequence[ast.Field] = ()
    match type_:
        case ast.ListType(element=inner) | ast.OptionalType(inner=inner):
            yield from _require_parts(inner, records, seen, text)
        case ast.ObjectType():
            fields = type_.fields
        case ast.NamedType() if (name := text[type_.start : type_.end]) not in seen:
            seen.add(name)
            fields = records.get(name, ())
        case _:
            pass
    for field in fields:
        yield from _require_field(field, text)
        yield from _require_parts(field.type, records, seen, text)


def declare_fields(symbol: WorkflowSymbol, keyword: str, names: Sequence[str]) -> FileEdit | None:
    """Return the edit that declares `names` as texts in `inputs` or `secrets`.

    None if there is nothing to declare. A workflow without the section gets one in front of its
    prompt.
    """
    if not names:
        return None
    text = symbol.module.source.text
    kind = ast.InputsSection if keyword == "inputs" else ast.SecretsSection
    fields = [f"{name}: string" for name in names]
    for item in symbol.declaration.items:
        if isinstance(item, kind):
            inside = text[item.start : item.end]
            if "\n" not in inside:
                before = text[: item.end - 1].rstrip()
                comma = "" if before.endswith(("{", ",")) else ","
                return FileEdit(len(before), item.end - 1, f"{comma} {', '.join(fields)} ")
            line = text.rindex("\n", 0, item.end - 1) + 1
            return FileEdit(line, line, "".join(f"    {field}\n" for field in fields))
    prompt = next(item for item in symbol.declaration.items if isinstance(item, ast.PromptFrom))
    return FileEdit(prompt.start, prompt.start, f"{keyword} {{ {', '.join(fields)} }}\n  ")


def apply_edits(text: str, edits: Collection[FileEdit]) -> str:
    """Return `text` with edits that do not overlap."""
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text
