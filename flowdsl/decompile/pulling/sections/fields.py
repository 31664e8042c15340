"""Edits of inputs and outputs: fields whose schema differs are declared anew one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.format.literals import value_literal
from flowdsl.ir import nodes
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from ...fields import read_inputs, read_outputs
from ...writing.type_names import ANNOTATIONS, TypeNames, Unspeakable, doc_lines, field_text
from ..attempts import SETTINGS, Attempt, EditContext
from ..editing import Edit, doc_start, indent_at, insertion_after, line_start
from .scopes import KnownTypes
from .sections import first_in, item_removal, joined, replacement, styled

INPUTS, OUTPUTS = "input_schema", "output_schema"

Fields = tuple[nodes.FieldSpec, ...]


def attempts(context: EditContext) -> Iterator[Attempt]:
    """The fields that differ, each edited as finely as its type allows; then whole sections."""
    for schema in (INPUTS, OUTPUTS):
        if schema not in context.open_fields:
            continue
        edits = _field_edits(context, schema)
        if edits:
            yield from context.attempt(SETTINGS, edits)
        yield from _inline(context, schema)
        yield from _whole(context, schema)
    if {INPUTS, OUTPUTS} <= context.open_fields:
        edits = [*_field_edits(context, INPUTS), *_field_edits(context, OUTPUTS)]
        yield from context.attempt(SETTINGS, dict.fromkeys(edits))


def schema_of(value: Any) -> dict[str, Any] | None:
    """A schema in normal form as a JSON object; None for a text that is no JSON."""
    if value is None:
        return {"type": "object", "properties": {}}
    return value if isinstance(value, dict) else None


class _Declared:
    """The fields of a schema: as they compile, as they should be, and where source declares them.

    All three are by wire name, secrets with `$`. `wanted` is None for a schema that no fields give.
    """

    def __init__(self, context: EditContext, schema: str) -> None:
        self.context = context
        self.sections: list[ast.InputsSection | ast.SecretsSection | ast.OutputsSection] = []
        workflow = context.built.workflow(context.goal.address)
        document = schema_of(context.goal.values.get(schema))
        self.wanted: dict[str, nodes.FieldSpec] | None = None
        self.have: dict[str, nodes.FieldSpec] = {}
        self.declared: dict[str, ast.Field] = {}
        kinds: tuple[type[ast.Node], ...]
        if schema == INPUTS:
            kinds = (ast.InputsSection, ast.SecretsSection)
            read = None if document is None else read_inputs(document)
            if read is not None:
                inputs, secrets = read
                marked = (replace(each, name=f"${each.name}") for each in secrets)
                self.wanted = {each.name: each for each in (*inputs, *marked)}
            marked = (replace(each, name=f"${each.name}") for each in workflow.secrets)
            self.have = {each.name: each for each in (*workflow.inputs, *marked)}
        else:
            kinds = (ast.OutputsSection,)
            outputs = None if document is None else read_outputs(document, workflow.sources)
            if outputs is not None:
                self.wanted = {each.name: each for each in outputs}
            self.have = {each.name: each for each in workflow.outputs}
        for kind in kinds:
            section = context.item(kind)
            if isinstance(section, ast.InputsSection | ast.SecretsSection | ast.OutputsSection):
                self.sections.append(section)
                prefix = "$" if isinstance(section, ast.SecretsSection) else ""
                for field in section.fields:
                    self.declared[prefix + wire_name(context, field)] = field


def wire_name(context: EditContext, field: ast.Field) -> str:
    """The name of a field on the wire: that of `@wire`, else its own."""
    for annotation in field.annotations:
        if annotation.name.text == "wire" and annotation.arguments:
            value = context.built.model.constants.get(annotation.arguments[0])
            if isinstance(value, str):
                return value
            if isinstance(annotation.arguments[0], ast.Text):
                parts = annotation.arguments[0].parts
                return "".join(each.value for each in parts if isinstance(each, ast.TextLiteral))
    return field.name.text


def _field_edits(context: EditContext, schema: str) -> list[Edit]:
    """Edits for the fields that differ, appear or disappear."""
    declared = _Declared(context, schema)
    if declared.wanted is None:
        return []
    edits: list[Edit] = []
    for name, field in declared.declared.items():
        wanted = declared.wanted.get(name)
        if wanted is None:
            edits.append(item_removal(context.source, context.path, field))
        elif name in declared.have and wanted != declared.have[name]:
            edits += _changed(context, context.path, field, declared.have[name], wanted, deep=True)
    for section in declared.sections:
        secrets = isinstance(section, ast.SecretsSection)
        before: ast.Field | None = None
        added: list[str] = []
        for name, each in declared.wanted.items():
            if name.startswith("$") != secrets:
                continue
            there = declared.declared.get(name)
            if there is None:
                added += _field_lines(replace(each, name=name.removeprefix("$"))) or []
                continue
            if added:
                edits.append(_added(context, section, before, added))
                added = []
            before = there
        if added:
            edits.append(_added(context, section, before, added))
    return edits


def _added(
    context: EditContext,
    section: ast.InputsSection | ast.SecretsSection | ast.OutputsSection,
    before: ast.Field | None,
    lines: Sequence[str],
) -> Edit:
    """An edit that declares fields behind the field `before`, or first in the section."""
    text = context.source
    where = section.fields[0] if section.fields else None
    if where is not None and text[line_start(text, where.start) : where.start].strip():
        # The fields stand on one line.
        if before is None:
            at = where.start
            return Edit(context.path, at, at, "".join(f"{line}, " for line in lines))
        return Edit(context.path, before.end, before.end, "".join(f", {line}" for line in lines))
    if before is None:
        brace = text.index("{", section.start)
        outer = indent_at(text, section.start) + "  "
        indent = outer if where is None else indent_at(text, where.start)
        return first_in(text, context.path, brace, lines, indent)
    return insertion_after(text, context.path, before.end, lines, indent_at(text, before.start))


def _field_lines(field: nodes.FieldSpec) -> list[str] | None:
    try:
        return styled("field", field_text(field, TypeNames()).split("\n"))
    except Unspeakable:
        return None


# One field


def _changed(
    context: EditContext,
    path: str,
    field: ast.Field,
    have: nodes.FieldSpec,
    wanted: nodes.FieldSpec,
    *,
    deep: bool,
) -> list[Edit]:
    """Edits of a declared field where its type, default, annotations or doc comment differ.

    With `deep` the declaration of a named type is edited, else the name is replaced by the type.
    """
    text = context.module(path).source.text
    edits: list[Edit] = []
    try:
        if wanted.absent != have.absent:
            edits.append(_absent_edit(text, path, field))
        old, new = _written_type(have), _written_type(wanted)
        if new != old:
            edits += _type_edits(context, path, field.type, old, new, deep=deep)
        default = value_literal(wanted.default) if wanted.has_default else None
        if (wanted.has_default, wanted.default) != (have.has_default, have.default):
            edits += _default_edit(path, field, default, wanted.has_default)
        if wanted.constraints != have.constraints:
            edits += _annotation_edits(context, path, field, have, wanted)
        if wanted.description != have.description:
            edits.append(_doc_edit(text, path, field, wanted.description))
    except Unspeakable:
        return []
    return edits


def _written_type(field: nodes.FieldSpec) -> nodes.Type:
    """The type that stands behind the name of a field, which says `?` itself for an absent one."""
    if field.absent and isinstance(field.type, nodes.OptionalType):
        return field.type.inner
    return field.type


def _absent_edit(text: str, path: str, field: ast.Field) -> Edit:
    """An edit that adds the `?` behind the name of a field, or takes it away."""
    if not field.absent:
        return Edit(path, field.name.end, field.name.end, "?")
    mark = text.index("?", field.name.end)
    return Edit(path, mark, mark + 1, "")


def _default_edit(
    path: str, field: ast.Field, default: str | None, has_default: bool
) -> Iterator[Edit]:
    if has_default and default is None:
        raise Unspeakable("a default has no literal")
    if field.default is None:
        yield Edit(path, field.type.end, field.type.end, f" = {default}")
    elif has_default:
        yield Edit(path, field.default.start, field.default.end, default or "")
    else:
        yield Edit(path, field.type.end, field.default.end, "")


def _annotation_edits(
    context: EditContext,
    path: str,
    field: ast.Field,
    have: nodes.FieldSpec,
    wanted: nodes.FieldSpec,
) -> Iterator[Edit]:
    """Edits of the annotations whose keyword differs; the others keep their source text."""
    written = {
        keyword: field_text(
            nodes.FieldSpec(
                name="x", type=nodes.ScalarType(name="any"), constraints={keyword: value}
            ),
            TypeNames(),
        ).partition(" @")[2]
        for keyword, value in wanted.constraints.items()
        if have.constraints.get(keyword) != value
    }
    places: dict[str, list[ast.Annotation]] = {}
    for annotation in field.annotations:
        places.setdefault(annotation.name.text, []).append(annotation)
    end = max((each.end for each in field.annotations), default=0)
    end = max(end, field.default.end if field.default is not None else field.type.end)
    added = ""
    text = context.module(path).source.text
    for keyword in {**have.constraints, **wanted.constraints}:
        if have.constraints.get(keyword) == wanted.constraints.get(keyword):
            continue
        there = places.get(ANNOTATIONS.get(keyword, ""), [])
        new = written.get(keyword)
        for at, annotation in enumerate(there):
            start = annotation.start
            if at == 0 and new is not None:
                yield Edit(path, start, annotation.end, f"@{new}")
                continue
            while text[start - 1 : start] in (" ", "\t"):
                start -= 1
            yield Edit(path, start, annotation.end, "")
        if not there and new is not None:
            added += f" @{new}"
    if added:
        yield Edit(path, end, end, added)


def _doc_edit(text: str, path: str, field: ast.Field, description: str | None) -> Edit:
    start = doc_start(text, field.start)
    lines = [] if description is None else doc_lines(description)
    indent = indent_at(text, field.start)
    new = "".join(f"{line}\n{indent}" for line in lines)
    return Edit(path, start, field.start, new)


# Types


def _type_edits(
    context: EditContext,
    path: str,
    written: ast.TypeExpr,
    have: nodes.Type,
    wanted: nodes.Type,
    *,
    deep: bool,
) -> list[Edit]:
    """Edits of a type expression, or, with `deep`, of the declaration that it names.

    Raises `Unspeakable`.
    """
    if have == wanted:
        return []
    match written, have, wanted:
        case ast.ListType(element=inner), nodes.ListType(), nodes.ListType():
            return _type_edits(context, path, inner, have.element, wanted.element, deep=deep)
        case ast.OptionalType(inner=inner), nodes.OptionalType(), nodes.OptionalType():
            return _type_edits(context, path, inner, have.inner, wanted.inner, deep=deep)
        case ast.ObjectType(fields=fields), nodes.RecordType(), nodes.RecordType():
            edits = _record_edits(context, path, fields, have, wanted)
            if edits is not None:
                return edits
        case ast.NamedType(), _, _ if deep:
            home = _declaration(context, path, written)
            if home is not None:
                where, declaration = home
                if isinstance(declaration, ast.AliasDecl):
                    return _type_edits(context, where, declaration.type, have, wanted, deep=deep)
                if isinstance(have, nodes.RecordType) and isinstance(wanted, nodes.RecordType):
                    edits = _record_edits(context, where, declaration.fields, have, wanted)
                    if edits is not None:
                        return edits
        case _:
            pass
    indent = indent_at(context.module(path).source.text, written.start)
    lines = TypeNames().type_text(wanted).split("\n")
    text = " ".join(lines) if len(lines) > 1 else lines[0]
    if isinstance(wanted, nodes.RecordType) and "##" in text:
        text = joined(lines, indent)
    return [Edit(path, written.start, written.end, text)]


def _record_edits(
    context: EditContext,
    path: str,
    fields: Sequence[ast.Field],
    have: nodes.RecordType,
    wanted: nodes.RecordType,
) -> list[Edit] | None:
    """Edits of the fields of a record.

    None if a field of source or a new one has no counterpart to edit.
    """
    source = context.module(path).source.text
    before = {each.name: each for each in have.fields}
    after = {each.name: each for each in wanted.fields}
    edits: list[Edit] = []
    for field in fields:
        name = wire_name(context, field)
        if name not in before:
            return None
        if name not in after:
            edits.append(item_removal(source, path, field))
        elif after[name] != before[name]:
            edits += _changed(context, path, field, before[name], after[name], deep=True)
    added: list[str] = []
    for name, each in after.items():
        if name not in before:
            lines = _field_lines(each)
            if lines is None:
                return None
            added += lines
    if added:
        last = fields[-1]
        if source[: last.start].rsplit("\n", 1)[-1].strip():
            new = "".join(f", {line}" for line in added)
            edits.append(Edit(path, last.end, last.end, new))
        else:
            indent = indent_at(source, last.start)
            edits.append(insertion_after(source, path, last.end, added, indent))
    return edits


def _declaration(
    context: EditContext, path: str, written: ast.NamedType
) -> tuple[str, ast.RecordDecl | ast.AliasDecl] | None:
    """The declaration of a named type, and its file.

    None for a built-in type, and where several other files declare the name.
    """
    name = written.name.name.text
    found = [
        (module.source.path, declaration)
        for module in context.built.model.modules
        for declaration in module.declarations
        if isinstance(declaration, ast.RecordDecl | ast.AliasDecl) and declaration.name.text == name
    ]
    own = [each for each in found if each[0] == path]
    if own:
        return own[0]
    return found[0] if len(found) == 1 else None


# Coarser


def _inline(context: EditContext, schema: str) -> Iterator[Attempt]:
    """The fields that differ, with types written out, so that no shared declaration changes."""
    declared = _Declared(context, schema)
    if declared.wanted is None:
        return
    edits: list[Edit] = []
    for name, field in declared.declared.items():
        wanted = declared.wanted.get(name)
        have = declared.have.get(name)
        if wanted is not None and have is not None and wanted != have:
            edits += _changed(context, context.path, field, have, wanted, deep=False)
    yield from context.attempt(SETTINGS, edits)


def _whole(context: EditContext, schema: str) -> Iterator[Attempt]:
    """The section written anew."""
    kinds = ast.OutputsSection if schema == OUTPUTS else ast.InputsSection
    section = context.item(kinds)
    sources = context.built.workflow(context.goal.address).sources
    lines = section_lines(context, schema, sources=sources if schema == OUTPUTS else ())
    if section is not None and lines is not None:
        yield from context.attempt(SETTINGS, [replacement(context, section, lines)])


def section_lines(
    context: EditContext, schema: str, *, sources: tuple[nodes.OutputSource, ...]
) -> list[str] | None:
    """The section that declares the fields of the wanted schema; None if fields cannot say it."""
    document = schema_of(context.goal.values.get(schema))
    if document is None:
        return None
    fields: Fields | None
    if schema == INPUTS:
        read = read_inputs(document)
        fields = None if read is None else read[0]
        word = "inputs"
    else:
        fields = read_outputs(document, sources)
        word = "outputs"
    if fields is None:
        return None
    declared = _Declared(context, schema)
    types = KnownTypes(
        (have.type, context.source[field.type.start : field.type.end])
        for name, field in declared.declared.items()
        if (have := declared.have.get(name)) is not None
    )
    lines = [f"{word} {{"]
    try:
        for spec in fields:
            lines += _declaration_lines(context, declared, spec, types)
    except Unspeakable:
        return None
    return styled("item", [*lines, "}"])


def _declaration_lines(
    context: EditContext, declared: _Declared, spec: nodes.FieldSpec, types: TypeNames
) -> list[str]:
    """The lines of a field: unchanged if it stays the same, else written anew.

    What no schema shows is kept: the marks `@untrusted` and `@machine`, and a day as the default.
    """
    field, have = declared.declared.get(spec.name), declared.have.get(spec.name)
    if field is None:
        return field_text(spec, types).split("\n")
    day = None
    if have is not None and have.day is not None:
        have = replace(have, day=None)
        if field.default is not None and spec.type == have.type and not spec.has_default:
            day = context.source[field.default.start : field.default.end]
    if have == spec:
        start = doc_start(context.source, field.start)
        return context.source[start : field.end].splitlines()
    marks = [each.name.text for each in field.annotations]
    text = field_text(spec, types, name=field.name.text, untrusted="untrusted" in marks, day=day)
    return (text + " @machine" * ("machine" in marks)).split("\n")
