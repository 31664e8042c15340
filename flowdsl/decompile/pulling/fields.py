"""Edits of inputs and outputs: fields are rewritten, and unchanged parts keep their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.deploy.resources.policy import normalise_value
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.ir import nodes
from flowdsl.semantics.names.scopes import look_up
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast

from ..fields import SchemaFields, read_inputs, read_outputs
from ..notes import FieldReason
from ..writing.type_names import TypeNames, Unspeakable, field_text
from ..writing.writer import format_section_lines
from .attempts import SETTINGS, EditContext, SourceVariant
from .editing import Edit, doc_start
from .references import find_rendered_references
from .sections import insert_item, remove_item, replace_node
from .splicing import Draft, Splicer

INPUTS, OUTPUTS = "input_schema", "output_schema"

Specs = dict[str, nodes.FieldSpec]
"""Fields by their names on the wire."""

_Fields = ast.InputsSection | ast.SecretsSection | ast.OutputsSection


def attempt_fields(context: EditContext) -> Iterator[SourceVariant]:
    """Yield attempts for differing fields: with type declarations, without; then sections."""
    schemas = [schema for schema in (INPUTS, OUTPUTS) if schema in context.open_fields]
    for schema in schemas:
        for in_declarations in (True, False):
            edits = _schema_edits(context, schema, in_declarations=in_declarations)
            yield from context.attempt(SETTINGS, edits)
        section = context.item(ast.OutputsSection if schema == OUTPUTS else ast.InputsSection)
        lines = write_first_section(context, schema, None)
        if section is not None and lines is not None:
            yield from context.attempt(SETTINGS, [replace_node(context, section, lines)])
    if len(schemas) > 1:
        both = [_schema_edits(context, each, in_declarations=True) for each in schemas]
        yield from context.attempt(SETTINGS, [edit for edits in both for edit in edits])


def schema_of(value: Any) -> dict[str, Any] | None:
    """Return a schema in normal form as a JSON object; None for a text that is not JSON."""
    if value is None:
        return {"type": "object", "properties": {}}
    return value if isinstance(value, dict) else None


class _FieldSection(Record):
    """The fields of a section as they compile now, and as they should be."""

    kind: type[_Fields]
    word: str
    have: Specs
    wanted: Specs


def _compare_sections(
    context: EditContext, schema: str, sources: tuple[nodes.OutputSource, ...] | None = None
) -> list[_FieldSection]:
    """Return the sections of a schema, each as it is and as it should be.

    Those are `inputs` and `secrets`, or `outputs`; empty if no fields give the wanted schema.
    """
    workflow = context.built.workflow(context.goal.address)
    document = schema_of(context.goal.values.get(schema))
    if document is None:
        return []
    read: SchemaFields | FieldReason
    if context.goal.values.get(schema) is None:
        read = SchemaFields()
    elif schema == OUTPUTS:
        read = read_outputs(document, workflow.sources if sources is None else sources)
    else:
        read = read_inputs(document, restricted=workflow.prompt is None)
    # What only `extra` says stays as it is.
    if not isinstance(read, SchemaFields) or read.patch != workflow.extra.get(schema, {}):
        return []
    if schema == OUTPUTS:
        have, wanted = _by_name(workflow.outputs), _by_name(read.outputs)
        return [_FieldSection(ast.OutputsSection, "outputs", have, wanted)]
    have = _by_name([replace(each, day=None) for each in workflow.inputs])
    built = context.built.desired[context.goal.address].values.get(schema)
    now = read_inputs(schema_of(normalise_value(POLICIES[schema], built)) or {})
    shown = _by_name(now.inputs) if isinstance(now, SchemaFields) else {}
    # No schema shows all of a type: what stays the same in it keeps its type.
    wanted = {
        name: have[name] if name in have and shown.get(name) == each else each
        for name, each in _by_name(read.inputs).items()
    }
    return [
        _FieldSection(ast.InputsSection, "inputs", have, wanted),
        _FieldSection(
            ast.SecretsSection, "secrets", _by_name(workflow.secrets), _by_name(read.secrets)
        ),
    ]


def _by_name(fields: Sequence[nodes.FieldSpec]) -> Specs:
    return {each.name: each for each in fields}


def edit_fields_with_statements(
    context: EditContext, sources: tuple[nodes.OutputSource, ...]
) -> tuple[Edit, ...]:
    """Return edits of fields that compile only with those of statements, which give `sources`."""
    return tuple(
        edit
        for schema in (INPUTS, OUTPUTS)
        if schema in context.open_fields
        for edit in _schema_edits(context, schema, in_declarations=True, sources=sources)
    )


def _schema_edits(
    context: EditContext,
    schema: str,
    *,
    in_declarations: bool,
    sources: tuple[nodes.OutputSource, ...] | None = None,
) -> list[Edit]:
    """Return edits of the sections of a schema; `sources` are those of `write_first_section`.

    With `in_declarations`, a named type is changed where it is declared; otherwise its name is
    replaced by the type.
    """
    edits: list[Edit] = []
    for section in _compare_sections(context, schema, sources):
        if section.have == section.wanted:
            continue
        node = context.item(section.kind)
        try:
            if node is not None and not section.wanted:
                edits.append(remove_item(context, node))
            elif isinstance(node, _Fields) and node.fields:
                writer = _FieldWriter(context, in_declarations=in_declarations)
                writer.rewrite_fields(context.path, node.fields, section.have, section.wanted)
                edits += writer.edits
            elif (lines := _new_section(section)) is None:
                continue
            elif node is None:
                edits.append(insert_item(context, section.kind, lines))
            else:
                edits.append(replace_node(context, node, lines))
        except Unspeakable:
            return []
    return edits


def _new_section(section: _FieldSection) -> list[str] | None:
    fields = [field_text(each, TypeNames()) for each in section.wanted.values()]
    return format_section_lines("item", [f"{section.word} {{", *fields, "}"])


def write_first_section(
    context: EditContext, schema: str, sources: tuple[nodes.OutputSource, ...] | None
) -> list[str] | None:
    """Return the section `inputs` or `outputs` that the wanted schema needs; None if no fields can.

    Secrets, which are in the schema of inputs, have a section of their own. `sources` are those of
    outputs, by default those of the workflow as it compiles.
    """
    section = next(iter(_compare_sections(context, schema, sources)), None)
    if section is None:
        return None
    node = context.item(section.kind)
    fields = node.fields if isinstance(node, _Fields) else ()
    try:
        writer = _FieldWriter(context, in_declarations=False)
        _, entries = writer.draft_fields(context.path, fields, section.have, section.wanted)
    except Unspeakable:
        return None
    return format_section_lines("item", [f"{section.word} {{", *entries, "}"])


class _FieldWriter:
    """Writes declared fields as they are and as they should be, and collects the `edits`."""

    def __init__(self, context: EditContext, *, in_declarations: bool) -> None:
        self._context = context
        self._in_declarations = in_declarations
        self.edits: list[Edit] = []

    def rewrite_fields(
        self, path: str, fields: Sequence[ast.Field], have: Specs, wanted: Specs
    ) -> None:
        """Add the edits of fields of one section or record; raises `Unspeakable`."""
        if not fields:
            raise Unspeakable("no field is declared there whose text could be edited")
        text = self._text(path)
        base, new = self.draft_fields(path, fields, have, wanted)
        start, end = doc_start(text, fields[0].start), fields[-1].end
        one_line = "\n" not in text[start:end] and not any(each.startswith("##") for each in new)
        self._splice_fields(
            path,
            fields,
            start,
            end,
            _lay_out_entries(base, one_line),
            _lay_out_entries(new, one_line),
        )

    def draft_fields(
        self, path: str, fields: Sequence[ast.Field], have: Specs, wanted: Specs
    ) -> tuple[list[str], list[str]]:
        """Return the source text of each field as it is, and as it should be; raises `Unspeakable`.

        Fields keep their order, and a new one is placed after the one that it follows in `wanted`.
        """
        declared = {wire_name(self._context, field): field for field in fields}
        if not declared.keys() <= have.keys():
            raise Unspeakable("a field is declared that no schema has")
        base: list[str] = []
        new: dict[str, str] = {}
        for name, field in declared.items():
            one, other = have[name], wanted.get(name)
            before, after = self._write_types(
                path, field.type, _type_to_write(one), _type_to_write(other or one)
            )
            base.append(self._write_field_text(path, field, one, before))
            if other is not None:
                order = [*one.constraints, *other.constraints]
                kept = {key: other.constraints[key] for key in order if key in other.constraints}
                new[name] = self._write_field_text(
                    path, field, replace(other, constraints=kept), after
                )
        names = [*new]
        last = ""
        for name, spec in wanted.items():
            if name not in declared:
                new[name] = field_text(spec, TypeNames())
                names.insert(names.index(last) + 1 if last else 0, name)
            last = name
        return base, [new[name] for name in names]

    def _write_field_text(
        self, path: str, field: ast.Field, spec: nodes.FieldSpec, type_text: str
    ) -> str:
        """Return a field as source text, with what no schema shows: marks, and a date default."""
        marks = [each.name.text for each in field.annotations]
        day = None
        if isinstance(field.default, ast.DayExpr) and not spec.has_default:
            day = self._text(path)[field.default.start : field.default.end]
        types = TypeNames(spelled=[(_type_to_write(spec), type_text)])
        untrusted = "untrusted" in marks
        written = field_text(spec, types, name=field.name.text, untrusted=untrusted, day=day)
        return written + " @machine" * ("machine" in marks)

    def _splice_fields(
        self, path: str, fields: Sequence[ast.Node], start: int, end: int, base: str, new: str
    ) -> None:
        text = self._text(path)
        rendered: dict[str, str] = {}
        for each in fields:
            rendered |= find_rendered_references(self._context.built.model, text, each)
        self.edits += Splicer(path, text, rendered).splice_range(
            start, end, Draft(base), Draft(new)
        )

    # Types

    def _write_types(
        self, path: str, written: ast.TypeExpr, have: nodes.Type, wanted: nodes.Type
    ) -> tuple[str, str]:
        """Return the source text of a type as it is and as it should be.

        A name stays if its declaration is edited: `_edit_declaration` adds those `edits`, and comes
        back here for an alias.
        """
        match written, have, wanted:
            case _ if have == wanted:
                spelled = self._text(path)[written.start : written.end]
                return spelled, spelled
            case ast.ListType(element=inner), nodes.ListType(), nodes.ListType():
                one, other = self._write_types(path, inner, have.element, wanted.element)
                return f"{one}[]", f"{other}[]"
            case ast.OptionalType(inner=inner), nodes.OptionalType(), nodes.OptionalType():
                one, other = self._write_types(path, inner, have.inner, wanted.inner)
                return f"{one}?", f"{other}?"
            case ast.ObjectType(fields=fields), nodes.RecordType(), nodes.RecordType():
                base, new = self.draft_fields(
                    path, fields, _by_name(have.fields), _by_name(wanted.fields)
                )
                return _brace_entries(base), _brace_entries(new)
            case ast.NamedType(), _, _ if self._in_declarations:
                if self._edit_declaration(path, written, have, wanted):
                    spelled = self._text(path)[written.start : written.end]
                    return spelled, spelled
            case _:
                pass
        return TypeNames().type_text(have), TypeNames().type_text(wanted)

    def _edit_declaration(
        self, path: str, written: ast.NamedType, have: nodes.Type, wanted: nodes.Type
    ) -> bool:
        """Add the edits of a type's declaration; return whether there is one to edit."""
        home = _find_type_declaration(self._context, path, written)
        if home is None:
            return False
        where, declaration = home
        if isinstance(declaration, ast.AliasDecl):
            type_ = declaration.type
            base, new = self._write_types(where, type_, have, wanted)
            self._splice_fields(where, [type_], type_.start, type_.end, base, new)
            return True
        if not isinstance(have, nodes.RecordType) or not isinstance(wanted, nodes.RecordType):
            return False
        self.rewrite_fields(
            where, declaration.fields, _by_name(have.fields), _by_name(wanted.fields)
        )
        return True

    def _text(self, path: str) -> str:
        return self._context.module(path).source.text


def _type_to_write(field: nodes.FieldSpec) -> nodes.Type:
    """Return the type to write after a field's name, without the `?` that the field itself has."""
    if field.absent and isinstance(field.type, nodes.OptionalType):
        return field.type.inner
    return field.type


def _lay_out_entries(entries: Sequence[str], one_line: bool) -> str:
    if one_line:
        return ", ".join(each.replace("\n", " ") for each in entries)
    return "\n".join(format_section_lines("field", entries) or entries)


def _brace_entries(entries: Sequence[str]) -> str:
    if any("##" in each for each in entries):
        return "\n".join(["{", *entries, "}"])
    return f"{{ {', '.join(entries)} }}"


def wire_name(context: EditContext, field: ast.Field) -> str:
    """Return the wire name of a field: that of `@wire`, else its own."""
    for annotation in field.annotations:
        if annotation.name.text == "wire" and annotation.arguments:
            value = context.built.model.constants.get(annotation.arguments[0])
            if isinstance(value, str):
                return value
            if isinstance(annotation.arguments[0], ast.Text):
                parts = annotation.arguments[0].parts
                return "".join(each.value for each in parts if isinstance(each, ast.TextLiteral))
    return field.name.text


def _find_type_declaration(
    context: EditContext, path: str, written: ast.NamedType
) -> tuple[str, ast.RecordDecl | ast.AliasDecl] | None:
    """Return the declaration of a type that the file at `path` names, and its own file.

    None for a built-in type.
    """
    entry = look_up(context.built.model.scopes[context.module(path)], written.name)
    if entry is None or not isinstance(entry.declaration, ast.RecordDecl | ast.AliasDecl):
        return None
    return entry.home.source.path, entry.declaration
