"""Statements that act without asking the world."""

from __future__ import annotations

from hashlib import sha256

from flowdsl.source.files import resolve_path
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import in_paragraphs

from ... import trace
from ..expressions import render_laid_out_text, render_line, render_typed_text
from ..frames import Frame


def act(frame: Frame, verb: str, *texts: str) -> None:
    """Record an action."""
    frame.run.recorder.act(verb, *texts)


def do(frame: Frame, statement: ast.DoStmt) -> None:
    """Execute `do`: the author's own words, stripped; without words nothing."""
    words = render_laid_out_text(frame, statement.text, in_paragraphs).strip()
    if words:
        act(frame, trace.DO, words)


def type_in(frame: Frame, statement: ast.TypeStmt) -> None:
    """Execute `type`: type a value into a field; do nothing if the value is missing."""
    assert not isinstance(statement.value, ast.DayExpr), "the check tells days apart"
    text, target = render_typed_text(frame, statement.value), reach_field(frame, statement)
    if not text:
        return
    if statement.display is None:
        act(frame, trace.TYPE, text, target)
    else:
        act(frame, trace.TYPE_AS, text, statement.display.value, target)


def reach_field(frame: Frame, statement: ast.TypeStmt) -> str:
    """Return the field that a `type` types into, emptied where it types `over` it."""
    target = render_line(frame, statement.target)
    if statement.over:
        act(frame, trace.CLEAR, target)
    return target


def press(frame: Frame, statement: ast.PressStmt) -> None:
    """Execute `press`: chords separated by blanks, in lower case since case is ignored."""
    chords = " ".join(statement.keys.value.lower().split())
    times = 1 if statement.times is None else statement.times.value
    act(frame, trace.PRESS, chords, str(times))


def show(frame: Frame, statement: ast.ImageStmt) -> None:
    """Execute `image`: show a picture with its description."""
    path = resolve_path(frame.source.path, statement.path.value)
    assert path is not None, "the check wants a path inside the project"
    shows = "" if statement.shows is None else render_line(frame, statement.shows)
    act(frame, trace.SHOW, sha256(frame.run.model.images[path]).hexdigest(), shows)
