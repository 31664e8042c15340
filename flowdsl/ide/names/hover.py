"""What a name or a word is, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.explain.language import find_language_entries
from flowdsl.semantics.model import (
    CONST,
    ENVIRONMENT,
    INPUT,
    LOOP,
    PARAMETER,
    RUNTIME,
    SECRET,
    STEP,
    TaskSymbol,
    ValueSymbol,
)
from flowdsl.semantics.types import ListOf, Type, describe_type, strip_optional
from flowdsl.source.files import spell_flow_path
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import KEYWORDS
from flowdsl.syntax.visit import walk

from ..occurrences import DECLARES, FIELD, NAMESPACE, OUTPUT, SETS, Occurrence, Target
from ..preview import find_prompt_lines
from ..session import Session, Snapshot
from .navigation import find_references

_WHAT_IT_IS = {
    INPUT: "An input: whoever starts a run gives its value.",
    PARAMETER: "A parameter: each call gives its value.",
    SECRET: "A secret: the service types it, and no agent ever sees its value.",
    OUTPUT: "An output: a value of the run, which is reported at its end.",
    RUNTIME: "A value of the run: read anew on each run.",
    CONST: "A constant: its value is written into the prompt.",
    ENVIRONMENT: "A value of the environment, from `flowdsl.toml`.",
    LOOP: "A loop variable: the entry of this pass.",
    STEP: "A step of the chain.",
}
_MOST_PLACES = 5
_MOST_LINES = 12
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")
"""A link of the reference to a page beside it, which an editor cannot open."""


class Hover(Record):
    """Markdown about a range of a file."""

    start: int
    end: int
    text: str


def describe_place(session: Session, path: str, offset: int) -> Hover | None:
    """Return what is known about the name or the keyword at an offset; None if nothing is."""
    snapshot = session.analyze_file(path)
    module = snapshot.module(path)
    if module is None:
        return None
    occurrence = snapshot.occurrence_at(path, offset)
    parts: list[str]
    if occurrence is not None:
        start, end = occurrence.start, occurrence.end
        parts = list(_describe_target(session, snapshot, path, occurrence))
    else:
        word = _word_at(module.source.text, offset)
        if word is None or module.source.text[word[0] : word[1]] not in KEYWORDS:
            return None
        start, end = word
        if any(
            isinstance(each, ast.TextLiteral) and each.start <= start < each.end
            for each in walk(module)
        ):
            return None
        about = describe_word(module.source.text[start:end])
        parts = [] if about is None else [about]
    line = module.source.position(offset).line
    prompt = find_prompt_lines(session, snapshot, path, line)
    if occurrence is not None and occurrence.target.declaration is not None:
        prompt = ()
    if len(prompt) > _MOST_LINES:
        prompt = (*prompt[:_MOST_LINES], "…")
    if prompt:
        parts.append("In the prompt:\n\n```text\n" + "\n".join(prompt) + "\n```")
    return Hover(start, end, "\n\n".join(parts)) if parts else None


def describe_word(word: str) -> str | None:
    """Return the entry of the reference of a word of the language."""
    entry = next(iter(find_language_entries(word)), None)
    if entry is None:
        return None
    if entry.startswith("## "):
        entry = entry.partition("\n\n")[2] or entry
    return _LINK.sub(r"\1", entry)


def _word_at(text: str, offset: int) -> tuple[int, int] | None:
    start = end = offset
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return (start, end) if start < end else None


def _describe_target(
    session: Session, snapshot: Snapshot, path: str, occurrence: Occurrence
) -> Iterator[str]:
    target = occurrence.target
    yield f"```flow\n{spell_target(snapshot, target)}\n```"
    if target.kind in _WHAT_IT_IS:
        yield _WHAT_IT_IS[target.kind]
    field = target.field
    doc = field.doc if field is not None and field.doc else getattr(target.declaration, "doc", None)
    if doc:
        yield doc
    if target.span is not None and target.span.path != path:
        yield f"Declared in `{spell_flow_path(target.span.path)}`."
    if target.kind in (RUNTIME, OUTPUT):
        yield from _describe_setters(session, path, occurrence)


def _describe_setters(session: Session, path: str, occurrence: Occurrence) -> Iterator[str]:
    found = find_references(session, path, occurrence.start)
    places = []
    for source, each in () if found is None else found[1]:
        sets = each.role == SETS or (each.role == DECLARES and occurrence.target.kind == RUNTIME)
        if sets:
            where = "" if source.path == path else f" of `{spell_flow_path(source.path)}`"
            places.append(f"{source.position(each.start).line}{where}")
    if places:
        shown = ", ".join(places[:_MOST_PLACES])
        more = len(places) - _MOST_PLACES
        lines = "line" if len(places) == 1 else "lines"
        yield f"Set in {lines} {shown}{f' and {more} more' if more > 0 else ''}."


def spell_target(snapshot: Snapshot, target: Target) -> str:
    """Return a line of code that says what a target is."""
    declaration = target.declaration
    if isinstance(declaration, ast.TaskDecl):
        task = next(
            (each for each in snapshot.model.tasks if each.declaration is declaration), None
        )
        return f"task {target.name}" if task is None else spell_signature(task)[0]
    if isinstance(declaration, ast.WorkflowDecl | ast.ChainDecl):
        return f"{target.kind} {target.name}({', '.join(_spell_inputs(snapshot, declaration))})"
    if isinstance(declaration, ast.RecordDecl | ast.AliasDecl | ast.ConstDecl):
        text = _text_of(declaration, target.span)
        return f"{target.kind} {target.name}" if text is None else text
    if target.kind == NAMESPACE:
        return f"import ... as {target.name}"
    sign = "$" if target.kind == SECRET else ""
    type_ = find_type(snapshot, target)
    shown = "" if type_ is None else f": {describe_type(type_)}"
    return f"{FIELD if target.kind == FIELD else target.kind} {sign}{target.name}{shown}"


def find_type(snapshot: Snapshot, target: Target) -> Type | None:
    """Return the type of a value or field."""
    if target.field is not None:
        return target.field.type
    if target.symbol is not None:
        return target.symbol.type
    if target.kind != LOOP or target.span is None:
        return None
    for symbol in snapshot.model.values.values():
        if symbol.kind == LOOP and symbol.span == target.span:
            return symbol.type
    return None


def element_of(type_: Type) -> Type | None:
    """Return the type of the entries of a list."""
    inner = strip_optional(type_)
    return inner.element if isinstance(inner, ListOf) else None


def spell_parameter(symbol: ValueSymbol) -> str:
    """Return a parameter as a task declares it."""
    secret = "secret " if symbol.kind == SECRET else ""
    return f"{secret}{symbol.name}: {describe_type(symbol.type)}"


def spell_signature(task: TaskSymbol) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the signature of a task, and the range of each parameter in it."""
    text = f"task {task.name}("
    ranges = []
    for number, param in enumerate(task.params):
        text += ", " if number else ""
        spelt = spell_parameter(param) + (" = …" if param.name in task.defaults else "")
        ranges.append((len(text), len(text) + len(spelt)))
        text += spelt
    text += ")"
    return (text if task.result is None else f"{text} -> {describe_type(task.result)}"), tuple(
        ranges
    )


def _spell_inputs(
    snapshot: Snapshot, declaration: ast.WorkflowDecl | ast.ChainDecl
) -> Iterator[str]:
    symbols = snapshot.model.declared_values.get(declaration, ())
    for symbol in symbols:
        if symbol.kind in (INPUT, SECRET):
            yield spell_parameter(symbol)


def _text_of(declaration: ast.Node, span: Span | None) -> str | None:
    """Return the source of a declaration, unless it is long."""
    if span is None:
        return None
    text = declaration.span(span.source).text
    return text if len(text) < 600 else None
