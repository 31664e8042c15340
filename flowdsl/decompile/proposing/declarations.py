"""Edits of a workflow's `inputs` and `secrets` that its proposed statements need.

An input that a statement uses has to be there, and a variable that the prompt fills in has to be
declared. Only these fields change; every other byte of the file stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.ir import nodes
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast

from ..model import PromptHints
from ..writing.type_names import TypeNames, field_text, source_names


class FileEdit(Record):
    """`new` in the place of the text from `start` to `end`."""

    start: int
    end: int
    new: str


_SIGILS = {
    ast.InputsSection: "input",
    ast.SecretsSection: "secret",
    ast.OutputsSection: "runtime",
}


def require_fields(
    symbol: WorkflowSymbol, used: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, FileEdit]]:
    """Yield the edits that make fields required, each with the name of its field.

    `used` are names in source by the sigils of their variables. The parts of an input, in types of
    the same file, are made required with it: an instruction that holds it would say `__EMPTY__` for
    a missing one.
    """
    records, text = _records_of(symbol), symbol.module.source.text
    seen: set[str] = set()
    for item in symbol.declaration.items:
        if not isinstance(item, ast.InputsSection | ast.SecretsSection | ast.OutputsSection):
            continue
        for field in item.fields:
            if field.name.text in used[_SIGILS[type(item)]]:
                yield from _require_field(field, text)
                if isinstance(item, ast.InputsSection):
                    for part in _parts_of(field.type, records, seen, text):
                        yield from _require_field(part, text)


def make_optional(symbol: WorkflowSymbol, names: Collection[str]) -> Iterator[FileEdit]:
    """Yield the edits that let outputs be missing, by their names in source."""
    for item in symbol.declaration.items:
        for field in item.fields if isinstance(item, ast.OutputsSection) else ():
            if field.name.text in names and field.default is None:
                if not isinstance(field.type, ast.OptionalType):
                    yield FileEdit(field.type.end, field.type.end, "?")
                if field.absent:
                    mark = symbol.module.source.text.index("?", field.name.end)
                    yield FileEdit(mark, mark + 1, "")


def type_inputs(
    symbol: WorkflowSymbol,
    used: Collection[str],
    in_part: Collection[str],
    entries: Mapping[str, str],
) -> Iterator[tuple[str, FileEdit]]:
    """Yield the edits that type what is of the type `any` in the inputs `used`.

    It becomes a text, or for an input in `entries` what that says.

    Of an input that is used `in_part` the whole stays as it is, since a text has no parts.

    No statement can hold such a value (`any-of-input`), and a prompt only ever held its text.
    """
    text = symbol.module.source.text
    for item in symbol.declaration.items:
        if isinstance(item, ast.InputsSection):
            for field in item.fields:
                if field.name.text in used:
                    parts = list(_parts_of(field.type, _records_of(symbol), set(), text))
                    parts += [] if field.name.text in in_part else [field]
                    for part in parts:
                        inner = _innermost(part.type)
                        if text[inner.start : inner.end] == "any":
                            new = entries.get(field.name.text, "string")
                            edit = FileEdit(inner.start, inner.end, new)
                            yield part.name.text, edit


def _innermost(type_: ast.TypeExpr) -> ast.TypeExpr:
    """Return the type of the entries of lists, without `?`."""
    match type_:
        case ast.OptionalType(inner=inner) | ast.ListType(element=inner):
            return _innermost(inner)
        case _:
            return type_


def _records_of(symbol: WorkflowSymbol) -> dict[str, Sequence[ast.Field]]:
    """The fields of the record types of the file, by name."""
    return {
        each.name.text: each.fields
        for each in symbol.module.declarations
        if isinstance(each, ast.RecordDecl)
    }


def _require_field(field: ast.Field, text: str) -> Iterator[tuple[str, FileEdit]]:
    if field.absent:
        mark = text.index("?", field.name.end)
        yield field.name.text, FileEdit(mark, mark + 1, "")
    if isinstance(field.type, ast.OptionalType) and field.default is None:
        yield field.name.text, FileEdit(field.type.end - 1, field.type.end, "")


def _parts_of(
    type_: ast.TypeExpr,
    records: Mapping[str, Sequence[ast.Field]],
    seen: set[str],
    text: str,
) -> Iterator[ast.Field]:
    """Yield the fields inside a type, at any depth; `seen` are record types that are done."""
    fields: Sequence[ast.Field] = ()
    match type_:
        case ast.ListType(element=inner) | ast.OptionalType(inner=inner):
            yield from _parts_of(inner, records, seen, text)
        case ast.ObjectType():
            fields = type_.fields
        case ast.NamedType() if (name := text[type_.start : type_.end]) not in seen:
            seen.add(name)
            fields = records.get(name, ())
        case _:
            pass
    for field in fields:
        yield field
        yield from _parts_of(field.type, records, seen, text)


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
    # Of edits at one place the replacement is made first, then what is put in front of it.
    for edit in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def declare_schemas(symbol: WorkflowSymbol, hints: PromptHints, defaults: Mapping[str, Any]) -> str:
    """Return the flow with `inputs from` and `outputs from` a schema as sections of types.

    A schema that `import` keeps in a file is half filled: what it gives no type becomes a text, and
    bounds and what only JSON Schema can say are left out. `defaults` are those of inputs, by their
    names on the wire.
    """
    text = symbol.module.source.text
    edits = []
    for item in symbol.declaration.items:
        if isinstance(item, ast.InputsFrom):
            sections = [
                _write_fields(
                    "inputs", [_give_default(each, defaults) for each in hints.inputs or ()]
                ),
                _write_fields("secrets", hints.secrets),
            ]
            edits.append(FileEdit(item.start, item.end, "\n  ".join(filter(None, sections))))
        elif isinstance(item, ast.OutputsFrom):
            edits.append(
                FileEdit(item.start, item.end, _write_fields("outputs", hints.outputs or ()))
            )
    return apply_edits(text, edits)


def _give_default(field: nodes.FieldSpec, defaults: Mapping[str, Any]) -> nodes.FieldSpec:
    """Return a field with its default, so that it needs no `?`; only scalars have one."""
    default = defaults.get(field.name)
    if not isinstance(default, str | int | float | bool):
        return field
    type_ = field.type.inner if isinstance(field.type, nodes.OptionalType) else field.type
    return replace(field, type=type_, absent=False, has_default=True, default=default)


def _write_fields(keyword: str, fields: Sequence[nodes.FieldSpec]) -> str:
    """Return a section with fields on a line each; empty without fields."""
    typed = [replace(field, type=_type_unknown(field.type), constraints={}) for field in fields]
    names = source_names(typed)
    types = TypeNames()
    lines = [
        line
        for field in typed
        for line in field_text(field, types, name=names[field.name]).split("\n")
    ]
    if not lines:
        return ""
    return "\n".join((f"{keyword} {{", *(f"    {line}" for line in lines), "  }"))


def _type_unknown(type_: nodes.Type) -> nodes.Type:
    """Return a type with texts in the place of values of any type."""
    match type_:
        case nodes.ListType(element=element):
            return nodes.ListType(element=_type_unknown(element))
        case nodes.OptionalType(inner=inner):
            return nodes.OptionalType(inner=_type_unknown(inner))
        case nodes.RecordType(fields=fields) if fields:
            inner_fields = (replace(each, type=_type_unknown(each.type)) for each in fields)
            return nodes.RecordType(fields=tuple(inner_fields))
        case nodes.ScalarType(name="any") | nodes.RecordType():
            return nodes.ScalarType(name="string")
        case _:
            return type_
