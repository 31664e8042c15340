"""The whole prompt: title, rules, steps, and the paragraphs "Replay" and "Outputs"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template
from flowdsl.ir import nodes
from flowdsl.ir.source_map import MappedLine, SourceRange
from flowdsl.ir.walk import statements, walk
from flowdsl.prompt.outline import Item, Line, render_outline
from flowdsl.prompt.text import OPEN_PART, quoted, spell_path, spell_text
from flowdsl.prompt.words import paragraph, say
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.values.spelling import spell

from .context import Context
from .statements import emit_main

_OPEN = re.compile(f"{OPEN_PART}([^{OPEN_PART}]*){OPEN_PART}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A finished prompt.

    `decisions` counts the `focused_action` lines: a replay makes each anew.
    """

    template: Template
    lines: tuple[MappedLine, ...]
    decisions: int


def emit_prompt(workflow: nodes.Workflow, capabilities: Capabilities) -> Prompt:
    """The prompt of a workflow that has statements."""
    context = Context(capabilities, workflow.names)
    lines = _lines(workflow, context)
    return Prompt(_template(workflow, lines), tuple(_mapped(lines)), context.decisions)


def emit_template(workflow: nodes.Workflow, capabilities: Capabilities) -> Template:
    """The text of the prompt alone, without its source map."""
    return _template(workflow, _lines(workflow, Context(capabilities, workflow.names)))


def _lines(workflow: nodes.Workflow, context: Context) -> list[Line]:
    items = emit_main(workflow.body, context)
    # Without a line under "Steps" an agent would take the title for its task.
    items = items or [Item(say("steps.nothing"), workflow.origin, "steps")]
    outline = list(render_outline(items))
    lines = [
        *_paragraph(workflow, "title", workflow.title),
        *(
            _paragraph(workflow, "description", workflow.description)
            if workflow.description
            else ()
        ),
        *_paragraph(workflow, "rules", _rules(workflow, context.decisions > 0)),
        Line(say("steps.title"), workflow.origin, "steps"),
        *outline,
        Line("", workflow.origin, ""),
        *_paragraph(workflow, "replay", paragraph("replay", focused=context.decisions > 0)),
        *_paragraph(workflow, "outputs", _outputs(workflow)),
    ]
    while lines and not lines[-1].text:
        lines.pop()
    return lines


def _paragraph(workflow: nodes.Workflow, statement: str, text: str) -> Iterator[Line]:
    if text:
        for line in text.split("\n"):
            yield Line(line, workflow.origin, statement)
        yield Line("", workflow.origin, "")


def _rules(workflow: nodes.Workflow, focused: bool) -> str:
    optional = any(isinstance(field.type, nodes.OptionalType) for field in workflow.inputs) or any(
        isinstance(node, nodes.OptionalType) for field in workflow.inputs for node in walk(field)
    )
    rules = [" ".join(spell_text(rule).split()) for rule in workflow.rules]
    rules = [rule for rule in rules if rule]
    return paragraph(
        "rules", focused=focused, optional=optional, secrets=bool(workflow.secrets), rules=rules
    )


def _outputs(workflow: nodes.Workflow) -> str:
    optional = {
        field.name for field in workflow.outputs if isinstance(field.type, nodes.OptionalType)
    }
    lines = [
        (source.field, source_words(source, source.field in optional))
        for source in workflow.sources
    ]
    return paragraph("outputs", lines=lines) if lines else ""


def source_words(source: nodes.OutputSource, optional: bool) -> str:
    """Where an output comes from, in the words of the prompt and of the output schema."""
    variable = quoted((source.variable or "") + spell_path(source.path))
    match source.kind:
        case "runtime" | "stored":
            return say("sources.kept", variable, optional)
        case "background":
            return say("sources.background", variable, optional)
        case "const":
            return say("sources.const", quoted(spell(source.value)))
        case "none":
            return say("sources.unset")


def _html(line: str) -> str:
    """A line of a prompt that holds pictures (assumption `image-html`); open parts stay."""
    if not line:
        return ""
    parts = re.split(f"({OPEN_PART}[^{OPEN_PART}]*{OPEN_PART})", line)
    escaped = (part if index % 2 else escape(part, quote=False) for index, part in enumerate(parts))
    return f"<p>{''.join(escaped)}</p>"


def _template(workflow: nodes.Workflow, lines: list[Line]) -> Template:
    html = any(isinstance(each, nodes.Picture) for each in statements(workflow.body))
    text = "\n".join(_html(line.text) if html else line.text for line in lines)
    parts: list[str | ModelName | ImageRef] = []
    for index, part in enumerate(_OPEN.split(text)):
        if index % 2 == 0:
            if part:
                parts.append(part)
            continue
        kind, _, rest = part.partition(":")
        if kind == "model":
            parts.append(ModelName(rest))
        else:
            name, _, alternative = rest.partition(":")
            sha256, _, extension = name.partition(".")
            parts += ['<img src="', ImageRef(sha256, extension), f'" alt="{escape(alternative)}">']
    return Template(tuple(parts))


def _mapped(lines: list[Line]) -> Iterator[MappedLine]:
    for number, line in enumerate(lines, 1):
        if line.statement:
            origin = line.origin
            yield MappedLine(
                number,
                line.statement,
                SourceRange(
                    origin.path,
                    origin.start_line,
                    origin.start_column,
                    origin.end_line,
                    origin.end_column,
                ),
            )
