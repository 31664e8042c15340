"""Statements that ask the world whether something is so, or for a value.

Each returns the reason of its failure, which becomes the reason of its `fail` if it has no `else`;
None if it succeeded.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.traversal import type_read_by
from flowdsl.syntax import ast

from ... import trace, world
from ...world import Question
from ..conditions import is_condition_met
from ..defaults import resolve_day
from ..errors import NoSuchDay
from ..expressions import constant_in, render_exact_text, render_line
from ..frames import Frame
from ..reading import as_saved, is_of_other_type, shape_of, value_of
from ..values import Value
from . import leaving
from .acting import act, reach_field
from .spelling import has_live_braces, separate_braces

DEFAULT_TIMEOUT = 60_000
"""The default timeout of `wait until` in milliseconds."""


def choose(frame: Frame, statement: ast.ChooseStmt) -> str | None:
    """Execute `choose`: open the one matching thing."""
    target = render_line(frame, statement.target)
    if not frame.holds(Question(world.CHOOSE, target, model=_model_alias(statement.model))):
        return leaving.UNMET.format(target)
    act(frame, trace.OPEN, target)
    return None


def wait_until(frame: Frame, statement: ast.WaitUntilStmt) -> str | None:
    """Execute `wait until`: something must happen within a time.

    A text is one question. What several `sees` ask is asked together, after the wait.
    """
    condition, timeout = statement.condition, statement.timeout
    milliseconds = DEFAULT_TIMEOUT if timeout is None else timeout.milliseconds
    if isinstance(condition, ast.Text):
        text = render_line(frame, condition)
        question = Question(world.WAIT, text, milliseconds=milliseconds)
        happened = frame.run.recorder.wait(question)
        return None if happened else leaving.UNMET.format(text)
    act(frame, trace.AWAIT, str(milliseconds))
    return None if is_condition_met(frame, condition) else leaving.NOT_COME


def expect(frame: Frame, statement: ast.ExpectStmt) -> str | None:
    """Execute `expect`: something must be so."""
    condition = render_line(frame, statement.condition)
    is_so = frame.holds(Question(world.EXPECT, condition))
    return None if is_so else leaving.UNMET.format(condition)


def type_day(frame: Frame, statement: ast.TypeStmt) -> str | None:
    """Execute `type` of a date computed from the desktop's date; then check the field.

    Raises `NoSuchDay`.
    """
    question = Question(world.DAY, "today")
    today = date.fromisoformat(frame.run.recorder.ask(question))
    try:
        day = resolve_day(frame.run.model.typed_days[statement], {}, today)
    except (OverflowError, ValueError):
        raise NoSuchDay(statement.value.span(frame.source)) from None
    display = "yyyy-MM-dd" if statement.display is None else statement.display.value
    target = reach_field(frame, statement)
    act(frame, trace.TYPE_AS, day.isoformat(), display, target)
    shown = f"{target} shows a date in the form {display}"
    return None if frame.holds(Question(world.EXPECT, shown)) else leaving.UNMET.format(shown)


def extract(frame: Frame, statement: ast.ExtractStmt) -> str | None:
    """Execute `extract`: read a value from the screen."""
    source = render_line(frame, statement.source)
    there = _store_answer(frame, statement, world.READ, source)
    return None if there else leaving.UNMET.format(source)


def copy(frame: Frame, statement: ast.CopyStmt) -> str | None:
    """Execute `copy`: select and copy a text, which may then be there or not."""
    source = render_line(frame, statement.source)
    act(frame, trace.COPIED, source)
    there = _store_answer(frame, statement, world.COPY, source)
    return None if there else leaving.UNMET.format(source)


def run(frame: Frame, statement: ast.RunStmt) -> str | None:
    """Execute `run`: run a command, and with `as` read its output.

    Whether it succeeded is asked if there is an `else`, or if the output is needed, that is, its
    type is not optional. Of a command that failed nothing is read.
    """
    command = render_exact_text(frame, statement.command)
    act(frame, trace.COMMAND, command)
    needs_output = statement.name is not None and not isinstance(
        type_read_by(statement, frame.run.model), types.Optional
    )
    asks = needs_output or statement.otherwise is not None
    worked = not asks or frame.holds(Question(world.COMMAND, command))
    if worked and (
        statement.name is None or _store_answer(frame, statement, world.OUTPUT, command)
    ):
        return None
    return leaving.COMMAND_FAILED.format(command.partition("\n")[0].strip())


def _store_answer(
    frame: Frame,
    statement: ast.ExtractStmt | ast.CopyStmt | ast.RunStmt,
    kind: str,
    text: str,
) -> bool:
    """Set a variable or an output to an answer. Returns False if a needed value is missing."""
    assert statement.name is not None
    type_ = type_read_by(statement, frame.run.model)
    background = isinstance(statement, ast.ExtractStmt) and statement.background
    answer = _ask_for_value(frame, statement, kind, text, type_)
    if frame.run.types_what_it_read and not background:
        answer = _make_safe_to_type(answer, copied=kind == world.COPY)
    frame.run.count_size(answer)
    data = value_of(answer, type_, constant_in(frame))
    if kind == world.COPY and is_of_other_type(data, type_):
        data = None  # the copied text is not a number
    may_lack = isinstance(type_, types.Optional) and statement.otherwise is None
    there = data is not None or may_lack or background
    # Whoever copies has lost what was there; a reading that fails leaves it.
    if there or kind == world.COPY:
        frame.store(statement, statement.name.text, Value(data, as_saved(answer, data, type_)))
    return there


def _ask_for_value(
    frame: Frame,
    statement: ast.ExtractStmt | ast.CopyStmt | ast.RunStmt,
    kind: str,
    text: str,
    type_: types.Type,
) -> Any:
    model = _model_alias(statement.model) if isinstance(statement, ast.ExtractStmt) else ""
    shape = shape_of(type_, constant_in(frame))
    return frame.run.recorder.ask(Question(kind, text, shape=shape, model=model))


def _make_safe_to_type(answer: Any, *, copied: bool) -> Any:
    """Return an answer in which no text is the placeholder of a secret (see `spelling`).

    A copied text is the clipboard's, unchanged; so it is missing if it would have to be changed.
    """
    return None if copied and has_live_braces(answer) else separate_braces(answer)


def _model_alias(written: ast.StringLit | None) -> str:
    return "" if written is None else written.value
