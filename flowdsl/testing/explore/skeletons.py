"""Write the test that takes a path: its inputs, its answers, and its ending.

Whoever pastes it should improve the title, and check that the flow is right to end so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.format.formatter import format_source
from flowdsl.format.literals import plain_literal, value_literal
from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.answers import answers_in_turn, kind_of
from flowdsl.semantics.model import ChainSymbol, TaskSymbol, WorkflowSymbol
from flowdsl.simulate import world
from flowdsl.simulate.interpreter.chains import inputs_of_chain
from flowdsl.simulate.trace import SUCCESS
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from ..following import SCREEN, VALUES
from ..wrapping import RESULT, describe_refusal
from .exploring import Answered
from .running import Path

LONGEST_TITLE = 70


def path_test(
    path: Path, words: str, subject: WorkflowSymbol | TaskSymbol | ChainSymbol
) -> str | None:
    """Return the source of a test with the title `words` that takes a path, formatted.

    None if the language cannot write some value.
    """
    title = on_one_line(words)
    if len(title) > LONGEST_TITLE:
        title = f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    try:
        if isinstance(subject, ChainSymbol):
            fields, expected = inputs_of_chain(subject), [*_render_chain_expectations(path)]
        else:
            fields, expected = path.runs[0].workflow.inputs, [*_render_expectations(path)]
            if not expected and isinstance(subject, WorkflowSymbol):
                # A test without expectations causes a warning; this line expects success.
                rest = "" if subject.outputs_from is None else "... "
                expected = [f"outputs {{ {rest}}}"]
        answers = answers_of_path(path, _names(subject.module))
        items = [*_render_given(path, fields), *answers, *expected]
        head = f"test {_plain(title)} for {_KINDS.get(type(subject), '')}{subject.name}"
        text = f"{head} {{\n{chr(10).join(items)}\n}}\n"
    except _NoLiteral:
        return None
    laid_out = format_source(SourceFile("", f"flow 1\n\n{text}")).text
    return laid_out.removeprefix("flow 1\n\n")


_KINDS: dict[type, str] = {TaskSymbol: "task ", ChainSymbol: "chain "}


class _NoLiteral(Exception):
    """Raised for a value that the language cannot spell."""


def _plain(text: str) -> str:
    written = plain_literal(text)
    if written is None:
        raise _NoLiteral
    return written


def _render_literal(value: Any) -> str:
    written = value_literal(value)
    if written is None:
        raise _NoLiteral
    return written


def _render_given(path: Path, inputs: Iterable[types.FieldType]) -> Iterator[str]:
    fields = {field.wire_name: field for field in inputs}
    # The day of a chain is not one of its inputs, and inputs from a schema file declare none.
    written = (
        (fields.get(name) or types.FieldType(name, types.ANY), value)
        for name, value in path.inputs.items()
    )
    pairs = [
        f"{field.name} = {_render_literal(_by_names(value, field.type))}"
        for field, value in written
    ]
    if pairs:
        yield f"given {{ {' '.join(pairs)} }}"


# Answers


def _names(module: ast.Module) -> frozenset[str]:
    """Return the consts of a file: one called `unreadable` would shadow that keyword."""
    own = {item.name.text for item in module.declarations if isinstance(item, ast.ConstDecl)}
    lists = (each.names for each in module.imports if isinstance(each, ast.ImportNames))
    imported = {(each.alias or each.name).text for names in lists for each in names}
    return frozenset(own | imported)


def answers_of_path(path: Path, names: Collection[str] = ()) -> Iterator[str]:
    """Yield the sections of a test that lead to a path, without the inputs; in a chain by step.

    `names` are those with another meaning in the file of the test.
    """
    for run in path.runs:
        sections = list(answer_lines(run.asked, names))
        if run.step and sections:
            yield f"step {run.step} {{ {' '.join(sections)} }}"
        else:
            yield from sections


def answer_lines(asked: Sequence[Answered], names: Collection[str] = ()) -> Iterator[str]:
    """Yield the sections that answer the questions of a run, without default answers."""
    never, failed = (word if word not in names else "false" for word in ("never", "failed"))
    nothing = "unreadable" if "unreadable" not in names else "null"
    screen = [*_render_screen([each for each in asked if each.question.kind in SCREEN], never)]
    reads = [*_render_reads([each for each in asked if each.question.kind in VALUES], nothing)]
    of_commands = [each for each in asked if each.question.kind == world.COMMAND]
    commands = [*_render_commands(of_commands, failed)]
    of_checks = [each for each in asked if each.question.kind == world.CHECK]
    checks = [*_render_commands(of_checks, failed)]
    sections = (("screen", screen), ("commands", commands), ("reads", reads), ("checks", checks))
    for name, answers in sections:
        if answers:
            yield f"{name} {{ {' '.join(answers)} }}"


def _group_questions(
    asked: Iterable[Answered], by_kind: bool
) -> dict[tuple[str, str], list[Answered]]:
    """Group the questions by text, in order; if a text has several kinds, by kind too."""
    found: dict[tuple[str, str], list[Answered]] = {}
    for each in asked:
        kind = each.question.kind if by_kind else ""
        found.setdefault((each.question.text, kind), []).append(each)
    return found


def _render_screen(asked: list[Answered], never: str) -> Iterator[str]:
    for (text, _), alike in _group_questions(asked, by_kind=False).items():
        kinds = {each.question.kind for each in alike}
        of_kinds = _group_questions(alike, by_kind=True) if len(kinds) > 1 else {(text, ""): alike}
        for (_, kind), group in of_kinds.items():
            if any(each.answer != each.usual for each in group):
                word = never if world.SEES not in kinds else "false"
                yield f"{kind} {_render_literal(text)} = {_yes_or_no(group, word)}".lstrip()


def _render_commands(asked: list[Answered], failed: str) -> Iterator[str]:
    for (text, _), group in _group_questions(asked, by_kind=False).items():
        if any(each.answer != each.usual for each in group):
            yield f"{_render_literal(text)} = {_yes_or_no(group, failed)}"


def _yes_or_no(group: list[Answered], no: str) -> str:
    """Return one answer for every time, or a list with one per time."""
    words = ["true" if each.answer else no for each in group]
    return words[0] if len(set(words)) == 1 else f"[{', '.join(words)}]"


def _render_reads(asked: list[Answered], nothing: str) -> Iterator[str]:
    by_path: dict[tuple[str, ...], list[Answered]] = {}
    for each in asked:
        by_path.setdefault(each.path, []).append(each)
    for path, group in by_path.items():
        if all(each.answer is None and each.usual is None for each in group):
            continue
        type_ = group[0].type
        values = [each.answer for each in group]
        one = values[0]
        is_one = all(value == one for value in values)
        if is_one and not answers_in_turn(kind_of(one), type_):
            written = _read(one, type_, nothing)
        else:
            written = f"[{', '.join(_read(value, type_, nothing) for value in values)}]"
        yield f"{'.'.join(path)} = {written}"


def _read(value: Any, type_: types.Type, nothing: str) -> str:
    return nothing if value is None else _render_literal(_by_names(value, type_))


# Expectations


def _render_expectations(path: Path) -> Iterator[str]:
    ending, declared = path.ending, path.runs[0].workflow.outputs
    assert ending is not None, "only what can be carried out is tested"
    if path.runs[0].refused is not None:
        yield f"outputs refused {_render_literal(describe_refusal(path.runs[0].refused))}"
        return
    yield from _render_failed_checks(path)
    if ending.status != SUCCESS:
        yield f"aborts {_render_literal(ending.reason)}"
        return
    if ending.reason is not None:
        yield f"finishes {_render_literal(ending.reason)}"
    if declared and declared[0].name == RESULT:
        record = types.strip_optional(declared[0].type)
        fields = record.fields if isinstance(record, types.RecordOf) else ()
        pairs = _pairs(fields, ending.outputs.get(RESULT) or {})
        if pairs:
            yield f"result {{ {pairs} }}"
    elif declared:
        yield f"outputs {{ {_pairs(declared, ending.outputs)} }}"


def _render_failed_checks(path: Path) -> Iterator[str]:
    for run in path.runs:
        for name in run.failed_checks:
            yield f"fails check {_render_literal(name)}"


def _render_chain_expectations(path: Path) -> Iterator[str]:
    """Render how a chain ends, and the outputs of the steps that succeed."""
    last = path.ending
    assert last is not None, "only what can be carried out is tested"
    refused = path.runs[-1].refused
    yield from _render_failed_checks(path)
    if refused is not None:
        yield f"outputs {path.runs[-1].step} refused {_render_literal(refused)}"
    elif last.status != SUCCESS:
        yield f"aborts {_render_literal(last.reason)}"
    for run in path.runs:
        ending, declared = run.ending, run.workflow.outputs
        is_taken = ending is not None and ending.status == SUCCESS and run.refused is None
        if ending is not None and is_taken and declared:
            yield f"outputs {run.step} {{ {_pairs(declared, ending.outputs)} }}"


def _pairs(fields: Iterable[types.FieldType], outputs: Mapping[str, Any]) -> str:
    by_wire = {field.wire_name: field for field in fields}
    return " ".join(
        f"{by_wire[name].name} = {_render_literal(_by_names(value, by_wire[name].type))}"
        for name, value in outputs.items()
        if value is not None and name in by_wire
    )


def _by_names(value: Any, type_: types.Type) -> Any:
    """Return a value with fields by their source names, without missing ones."""
    match value, types.strip_optional(type_):
        case dict(), types.RecordOf() as record:
            named: dict[str, Any] = {}
            for key, inner in value.items():
                field = record.by_wire_name.get(key)
                if inner is not None:
                    own = key if field is None else field.name
                    named[own] = _by_names(inner, types.ANY if field is None else field.type)
            return named
        case list(), types.ListOf(element):
            return [_by_names(each, element) for each in value]
        case _:
            return value
