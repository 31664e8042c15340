"""Parses the descriptions of an output schema into the sources of outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.statements import BEFORE
from flowdsl.ir.walk import statements
from flowdsl.prompt.reading.output_sources import clause_of, find_source, source_sentences
from flowdsl.prompt.reading.phrases import plain_constant
from flowdsl.source.record import field_names, replace

from ..model import NOWHERE, PromptHints

STRING = nodes.ScalarType(name="string")
_NAMED = re.compile(r"(?:output_)?(.*?)(?:_[0-9]+)?")


def read_sources(hints: PromptHints) -> tuple[tuple[nodes.OutputSource, nodes.FieldSpec], ...]:
    """Return the sources that the descriptions of outputs end with.

    Each comes with a stand-in for its output, which has the optional parts that the sentence names:
    whoever checks the schema compares the two.

    A stored value counts as a runtime variable until `mark_stored_outputs` has examined the
    statements that set it.
    """
    found = (_read_output_source(field) for field in hints.outputs or ())
    return tuple(each for each in found if each is not None)


def _read_output_source(
    field: nodes.FieldSpec,
) -> tuple[nodes.OutputSource, nodes.FieldSpec] | None:
    """Parse the source at the end of a description, which may begin with the author's own words."""
    description = field.description or ""
    start = find_source(description)
    return None if start is None else _read_source_words(clause_of(description, start), field)


def _read_source_words(
    words: str, field: nodes.FieldSpec
) -> tuple[nodes.OutputSource, nodes.FieldSpec] | None:
    def source(kind: Any, **more: Any) -> nodes.OutputSource:
        return nodes.OutputSource(field=field.name, kind=kind, origin=NOWHERE, **more)

    plain = nodes.FieldSpec(name=field.name, type=STRING)
    for kind, sentence in (("runtime", "sources.kept"), ("background", "sources.background")):
        if found := source_sentences().match(sentence, words):
            (variable, path), *missing = found
            return source(kind, variable=variable, path=path), _make_output_field(
                field.name, *missing
            )
    if found := source_sentences().match("sources.numbered", words):
        (first, path), _, _, nested, without = found
        own = source("runtime", variable=first.removesuffix("_1"), path=path, numbered=True)
        return own, _make_output_field(field.name, False, False, nested, without)
    if found := source_sentences().match("sources.const", words):
        return source("const", value=plain_constant(found[0], field.type)), plain
    if source_sentences().match("sources.unset", words) is not None:
        return source("none"), plain
    if source_sentences().match("sources.left_out", words) is not None:
        return source("none"), _make_absent_output(plain)
    return None


def _make_output_field(
    name: str, optional: bool, absent: bool, nested: bool, without: bool
) -> nodes.FieldSpec:
    """Return an output that gives the same sentence.

    The sentence says whether the output, or a part of it, may be missing, and how.
    """
    parts = []
    if nested:
        parts.append(nodes.FieldSpec(name="null", type=nodes.OptionalType(inner=STRING)))
    if without:
        parts.append(_make_absent_output(nodes.FieldSpec(name="absent", type=STRING)))
    inner = nodes.RecordType(fields=tuple(parts)) if parts else STRING
    if absent:
        return _make_absent_output(nodes.FieldSpec(name=name, type=inner))
    return nodes.FieldSpec(name=name, type=nodes.OptionalType(inner=inner) if optional else inner)


def _make_absent_output(field: nodes.FieldSpec) -> nodes.FieldSpec:
    return replace(field, type=nodes.OptionalType(inner=field.type), absent=True)


def mark_stored_outputs(
    sources: tuple[nodes.OutputSource, ...], body: nodes.Body
) -> tuple[nodes.OutputSource, ...]:
    """Return the sources, with kind `stored` for those that only a `Store` of their own sets.

    Nothing can read an output, so a variable that is read is not an output; but the value that an
    output had before an attempt may be stored.
    """
    otherwise = {
        name
        for name, into in _find_runtime_reads(body)
        if into is None or not into.startswith(f"{name}{BEFORE}")
    }
    for statement in statements(body):
        match statement:
            case nodes.Extract() | nodes.Copy() | nodes.Run(variable=str()):
                otherwise.add(str(statement.variable))
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


def _find_runtime_reads(value: Any, into: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Return the runtime variables that are read, each with the variable that is set from it."""
    match value:
        case nodes.Variable(sigil="runtime", name=name):
            yield name, into
        case nodes.Assignment(variable=variable, value=inner):
            yield from _find_runtime_reads(inner, variable)
        case tuple():
            for each in value:
                yield from _find_runtime_reads(each, into)
        case _:
            for name in field_names(type(value)):
                yield from _find_runtime_reads(getattr(value, name), into)


def _is_own(source: nodes.OutputSource) -> bool:
    """Whether a source's variable is named after its output; that of a task's result is not."""
    named = _NAMED.fullmatch(source.variable or "")
    odd = not source.field.isidentifier()
    return (
        odd or source.variable == source.field or (named is not None and named[1] == source.field)
    )
