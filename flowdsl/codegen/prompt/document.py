"""The whole prompt: the description of the workflow, the rules, and the steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template
from flowdsl.ir import nodes
from flowdsl.ir.facts import holds_kind, noted_failures
from flowdsl.ir.passes.handing import box_handed_values, find_text_variables, is_boxed
from flowdsl.ir.source_map import MappedLine
from flowdsl.prompt.outline import Item, Line, render_outline
from flowdsl.prompt.text import OPEN_PART, quote_words, spell_literal, spell_path
from flowdsl.prompt.words import heading_paragraph, say_sentence
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.values.spelling import spell_constant
from flowdsl.source.record import Record

from .context import Context
from .rules import rules_words
from .statements import emit_main

_OPEN = re.compile(f"{OPEN_PART}([^{OPEN_PART}]*){OPEN_PART}")


class Prompt(Record):
    """A finished prompt."""

    template: Template
    lines: tuple[MappedLine, ...]


def emit_prompt(
    workflow: nodes.Workflow, capabilities: Capabilities
) -> tuple[nodes.Workflow, Prompt]:
    """Return the prompt of a workflow that has statements, and the workflow as it is printed."""
    workflow, lines = _emit_prepared_lines(workflow, capabilities)
    return workflow, Prompt(_make_template(workflow, lines), _map_lines(lines))


def emit_template(workflow: nodes.Workflow, capabilities: Capabilities) -> Template:
    """Return the text of the prompt, without its source map."""
    return _make_template(*_emit_prepared_lines(workflow, capabilities))


def _emit_prepared_lines(
    workflow: nodes.Workflow, capabilities: Capabilities
) -> tuple[nodes.Workflow, list[Line]]:
    """Return a workflow with its values stored in a passable form, and its lines.

    The lines show which values are passed; they stand where all of these are passable already.
    """
    noted = noted_failures(workflow.body)
    texts = find_text_variables(workflow, noted)
    if (emitted := _emit_expected_lines(workflow, noted & texts, texts, capabilities)) is not None:
        return emitted
    context = _make_context(workflow, capabilities)
    items = emit_main(workflow.body, context)
    if workflow.boxed is not None:
        return workflow, _emit_prompt_lines(workflow, items, context)
    handed, told = set(context.handed), context.told_entries
    prepared = box_handed_values(workflow, handed, told, texts)
    while prepared.boxed or prepared.body is not workflow.body:
        context = _make_context(prepared, capabilities)
        items = emit_main(prepared.body, context)
        if context.handed.keys() <= handed:
            break
        # The check of a copy that is stored in an object names the place that it was copied from.
        handed |= context.handed.keys()
        before, prepared = prepared, box_handed_values(workflow, handed, told, texts)
        if prepared.boxed == before.boxed:
            break
    return prepared, _emit_prompt_lines(prepared, items, context)


def _emit_expected_lines(
    workflow: nodes.Workflow, noted: Set[str], texts: Set[str], capabilities: Capabilities
) -> tuple[nodes.Workflow, list[Line]] | None:
    """Return a workflow and its lines if exactly the `noted` ones of its `texts` are passed.

    A failure that a loop notes is passed to the call after it, and often nothing else. Where a copy
    is checked depends on what is boxed, so None for a workflow with one.
    """
    if not noted or workflow.boxed is not None or holds_kind(workflow.body, "copy"):
        return None
    prepared = box_handed_values(workflow, noted, (), texts)
    context = _make_context(prepared, capabilities)
    items = emit_main(prepared.body, context)
    if context.handed.keys() & texts != noted or any(map(is_boxed, context.told_entries)):
        return None
    return prepared, _emit_prompt_lines(prepared, items, context)


def _make_context(workflow: nodes.Workflow, capabilities: Capabilities) -> Context:
    boxed = frozenset(workflow.boxed or ())
    filled = _find_filled_lists(workflow)
    return Context(capabilities, workflow.names, filled, boxed, apart=workflow.apart)


def _emit_prompt_lines(workflow: nodes.Workflow, items: list[Item], context: Context) -> list[Line]:
    # Without a line under "Steps" an agent would take the title for its task.
    items = items or [Item(say_sentence("steps.nothing"), workflow.origin, "steps")]
    heading = heading_paragraph(
        spell_literal(workflow.title), spell_literal(workflow.description or "")
    )
    return [
        *_emit_paragraph(workflow, "title", heading),
        *_emit_paragraph(workflow, "rules", rules_words(workflow, items, context.told)),
        Line(say_sentence("steps.title"), workflow.origin, "steps"),
        *render_outline(items),
    ]


def _find_filled_lists(workflow: nodes.Workflow) -> frozenset[str]:
    """Return the inputs that are lists with an entry, as the input schema requires.

    A machine or a pool may supply a value that is not validated against the schema.
    """
    return frozenset(
        field.name
        for field in workflow.inputs
        if isinstance(field.type, nodes.ListType)
        if field.constraints.get("minItems", 0) > 0 and not field.machine
    )


def _emit_paragraph(workflow: nodes.Workflow, statement: str, text: str) -> Iterator[Line]:
    for line in text.split("\n"):
        yield Line(line, workflow.origin, statement)
    yield Line("", workflow.origin, "")


def source_words(
    source: nodes.OutputSource, type_: nodes.Type | None, *, absent: bool = False
) -> str:
    """Return the source of an output, in the words of the output schema.

    `absent`: the output may be left out and is never null.
    """
    variable = quote_words((source.variable or "") + spell_path(source.place))
    missing = (
        _is_optional(type_) and not absent,
        absent,
        _holds_optional(type_),
        _holds_absent(type_),
    )
    match source.kind:
        case "runtime" | "stored" if source.numbered:
            name = source.variable or ""
            keys = (f"{name}_1", f"{name}_2", nodes.count_of(name))
            return say_sentence("sources.numbered", *map(quote_words, keys), *missing[2:])
        case "runtime" | "stored":
            return say_sentence("sources.kept", variable, *missing)
        case "background":
            return say_sentence("sources.background", variable, *missing)
        case "const":
            return say_sentence("sources.const", quote_words(spell_constant(source.value)))
        case "none":
            return say_sentence("sources.left_out" if absent else "sources.unset")


def _is_optional(type_: nodes.Type | None) -> bool:
    return isinstance(type_, nodes.OptionalType)


def _holds_optional(type_: nodes.Type | None) -> bool:
    """Whether a part of a value of this type may be null."""
    match type_:
        case nodes.OptionalType(inner=inner):
            return _holds_optional(inner)
        case nodes.ListType(element=element):
            return _is_optional(element) or _holds_optional(element)
        case nodes.RecordType(fields=fields):
            return any(
                (_is_optional(field.type) and not field.absent) or _holds_optional(field.type)
                for field in fields
            )
        case nodes.ScalarType(name="any"):
            return True
        case _:
            return False


def _holds_absent(type_: nodes.Type | None) -> bool:
    """Whether a field inside a value of this type may be left out and is never null."""
    match type_:
        case nodes.OptionalType(inner=inner) | nodes.ListType(element=inner):
            return _holds_absent(inner)
        case nodes.RecordType(fields=fields):
            return any(field.absent or _holds_absent(field.type) for field in fields)
        case _:
            return False


def _render_html_lines(lines: Sequence[str]) -> Iterator[str]:
    """Yield the HTML lines of a prompt with pictures (assumption `image-html`)."""
    for before, line, after in zip(("", *lines), lines, (*lines[1:], ""), strict=False):
        if line:
            yield f"{'' if before else '<p>'}{_html_line(line)}{'<br>' if after else '</p>'}"
        else:
            yield ""


def _html_line(line: str) -> str:
    """Return a line without its terminator; open parts stay."""
    text = line.lstrip(" ")
    parts = re.split(f"({OPEN_PART}[^{OPEN_PART}]*{OPEN_PART})", text)
    escaped = (part if index % 2 else _escape_with_blanks(part) for index, part in enumerate(parts))
    return f"{_INDENT * (len(line) - len(text))}{''.join(escaped)}"


_INDENT = "\u00a0"
"""A blank that a browser keeps; without it the outline would lose its levels."""


def _escape_with_blanks(text: str) -> str:
    """Escape literal characters for HTML, and keep all blanks."""
    return _escape_html(text, quote=False).replace("  ", f" {_INDENT}")


def _escape_html(text: str, *, quote: bool) -> str:
    from html import escape  # only prompts with pictures are HTML

    return escape(text, quote)


def _make_template(workflow: nodes.Workflow, lines: list[Line]) -> Template:
    html = holds_kind(workflow.body, "picture")
    texts = [line.text for line in lines]
    text = "\n".join(_render_html_lines(texts) if html else texts)
    parts: list[str | ModelName | ImageRef] = []
    for index, part in enumerate(_OPEN.split(text)):
        if index % 2 == 0:
            parts.append(part)
            continue
        kind, _, rest = part.partition(":")
        if kind == "model":
            parts.append(ModelName(rest))
        else:
            name, _, alternative = rest.partition(":")
            sha256, _, extension = name.partition(".")
            words = _escape_html(alternative, quote=True)
            parts += ['<img src="', ImageRef(sha256, extension), f'" alt="{words}">']
    return Template(tuple(parts))


def _map_lines(lines: list[Line]) -> tuple[MappedLine, ...]:
    return tuple(
        MappedLine(number, line.statement, line.origin)
        for number, line in enumerate(lines, 1)
        if line.statement
    )
