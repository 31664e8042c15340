"""Reads the paragraph "Outputs" of a prompt back into the sources of outputs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.prompt.reading.frames import Sentences
from flowdsl.prompt.reading.phrases import plain_constant
from flowdsl.prompt.reading.texts import NAMELESS
from flowdsl.prompt.words import paragraph
from flowdsl.semantics.values.spelling import spell

from ..model import NOWHERE, PromptHints

_ANY = nodes.ScalarType(name="any")
_NAMED = re.compile(r"(?:output_)?(.*?)(?:_[0-9]+)?")


def read_sources(
    text: str | None, hints: PromptHints
) -> tuple[tuple[nodes.OutputSource, bool], ...] | None:
    """The sources in the paragraph, each with whether its output may be missing.

    None if it is not a paragraph of ours. A stored value counts as one of a runtime variable until
    `stored_outputs` has seen what sets it.
    """
    if text is None:
        return ()
    head = paragraph("outputs", lines=())
    if not text.startswith(head):
        return None
    fields = {field.name: field for field in hints.outputs or ()}
    sources: list[tuple[nodes.OutputSource, bool]] = []
    position = len(head)
    while position < len(text):
        found = _source(text, position, fields)
        if found is None:
            return None
        sources.append(found[:2])
        position = found[2]
    return tuple(sources)


def _source(
    text: str, position: int, fields: dict[str, nodes.FieldSpec]
) -> tuple[nodes.OutputSource, bool, int] | None:
    """One item of the paragraph: the source, whether it may be missing, and the offset of its end.

    Its value may go over several lines.
    """
    start = position + len(_ITEM)
    colon = text.find(": ", start) if text.startswith(_ITEM, position) else -1
    for _ in range(_COLONS):
        if colon < 0:
            break
        name = text[start:colon]
        found = _words(text, colon + 2, name, fields.get(name))
        if found is not None and text.startswith(".", found[2]):
            end = found[2] + 1
            if end == len(text) or text.startswith(_ITEM, end):
                return found[0], found[1], end
        colon = text.find(": ", colon + 1)
    return None


_SENTENCES = Sentences(NAMELESS)
_ITEM = "\n- "
_COLONS = 4
"""How many colons are tried as the end of a name; names that hold a colon are rare."""


def _words(
    text: str, position: int, name: str, field: nodes.FieldSpec | None
) -> tuple[nodes.OutputSource, bool, int] | None:
    for kind, sentence in (("runtime", "sources.kept"), ("background", "sources.background")):
        found = _SENTENCES.read(sentence, text, position)
        if found is not None:
            (variable, path), optional = found[0]
            source = nodes.OutputSource(
                field=name,
                kind="runtime" if kind == "runtime" else "background",
                variable=variable,
                path=path,
                origin=NOWHERE,
            )
            return source, optional, found[1]
    found = _SENTENCES.read("sources.const", text, position)
    if found is not None:
        value = _constant(found[0][0], field)
        return (
            nodes.OutputSource(field=name, kind="const", value=value, origin=NOWHERE),
            False,
            found[1],
        )
    found = _SENTENCES.read("sources.unset", text, position)
    if found is not None:
        return nodes.OutputSource(field=name, kind="none", origin=NOWHERE), False, found[1]
    return None


def _constant(spelled: str, field: nodes.FieldSpec | None) -> Any:
    if field is None:
        return plain_constant(spelled, _ANY)
    value = field.constraints.get("const")
    if "const" in field.constraints and spell(value) == spelled:
        return value
    return plain_constant(spelled, field.type)


def stored_outputs(
    sources: tuple[nodes.OutputSource, ...], body: nodes.Body
) -> tuple[nodes.OutputSource, ...]:
    """The sources, with kind `stored` for those that only a `Store` of their own sets."""
    otherwise: set[str] = set()
    for statement in statements(body):
        match statement:
            case nodes.Extract() | nodes.Copy() | nodes.Run(variable=str()):
                otherwise.add(str(statement.variable))
            case nodes.Store(assignments=assignments):
                otherwise.update(each.variable for each in assignments if each.field is not None)
            case _:
                pass
    return tuple(
        replace(source, kind="stored")
        if source.kind == "runtime"
        and not source.path
        and source.variable not in otherwise
        and _is_own(source)
        else source
        for source in sources
    )


def _is_own(source: nodes.OutputSource) -> bool:
    """Whether the variable of a source is named after its output; a task's result is not."""
    named = _NAMED.fullmatch(source.variable or "")
    odd = not source.field.isidentifier()
    return (
        odd or source.variable == source.field or (named is not None and named[1] == source.field)
    )
