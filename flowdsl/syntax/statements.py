"""One table of the statements of the language, used by all higher layers.

A row says what `syntax.ast` cannot: its keyword, the role of each of its texts, the tool that
carries it out, the variable it sets, and the IR statements that it is lowered to. Whether it holds
blocks or an `else` follows from the fields of its class.

    choose "the row of {name}" else abort "no row"
           └ TARGET                        └ REASON
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span

from . import ast
from .visit import annotations_of, walk

# Roles of texts

TITLE = "title"
DO = "do"
"""A free instruction."""
TARGET = "target"
"""What to act on."""
TYPED = "typed"
"""What to type."""
AWAITED = "awaited"
"""What to wait for on the screen."""
EXPECTED = "expected"
"""What the screen should show: in `expect`, and in `sees` of a condition."""
SOURCE = "source"
"""Where to read."""
SHOWN = "shown"
"""What a picture shows."""
COMMAND = "command"
FILE = "file"
"""The name of a file."""
REASON = "reason"
"""Why a run or an attempt ends."""

ROLES = (TITLE, DO, TARGET, TYPED, AWAITED, EXPECTED, SOURCE, SHOWN, COMMAND, FILE, REASON)

# Tools of the agents, by the names of the platform (`semantics.capabilities` says who has them)

COMPUTER = "computer"
KEEP = "upsert_runtime_values"
DECLARE_FAILED = "declare_task_failed"
CLIPBOARD = "copy_to_clipboard"
SCREENSHOT = "screenshot"
ATTACH = "save_screenshot_as_run_attachment"
EXPORT = "mark_file_for_export"
TERMINAL = "execute_terminal_command"
LOOP = "start_loop"
PICTURE = "picture"
FINISH = "finish"
DATES = "day"

EVERY_AGENT = frozenset((COMPUTER, KEEP, DECLARE_FAILED))
"""Tools that every agent is relied on to have."""


class Row(Record):
    """One statement of the language.

    - `keyword`: the word that it opens with.
    - `texts`: its fields that hold a text, each with its role; such a field may also hold a
      reference or nothing.
    - `tool`: the tool that carries it out; None if only its inner statements are carried out.
    - `sets`: its field with the name of the runtime variable that it sets.
    - `becomes`: the kinds of IR statements that it is lowered to; empty if there are none.
    """

    keyword: str
    texts: tuple[tuple[str, str], ...] = ()
    tool: str | None = None
    sets: str | None = None
    becomes: tuple[str, ...] = ()


STATEMENTS: dict[type[ast.Node], Row] = {
    ast.StepStmt: Row("step", (("title", TITLE),), becomes=("step",)),
    ast.DoStmt: Row("do", (("text", DO),), COMPUTER, becomes=("do",)),
    ast.ChooseStmt: Row("choose", (("target", TARGET),), COMPUTER, becomes=("choose",)),
    ast.TypeStmt: Row(
        "type", (("value", TYPED), ("target", TARGET)), COMPUTER, becomes=("type", "type_day")
    ),
    ast.ClearStmt: Row("clear", (("target", TARGET),), COMPUTER, becomes=("clear",)),
    ast.PressStmt: Row("press", (), COMPUTER, becomes=("press",)),
    ast.WaitStmt: Row("wait", (), COMPUTER, becomes=("wait",)),
    ast.WaitUntilStmt: Row("wait", (("condition", AWAITED),), COMPUTER, becomes=("wait_until",)),
    ast.ExtractStmt: Row(
        "extract", (("source", SOURCE),), KEEP, "name", ("extract", "background_extract")
    ),
    ast.CopyStmt: Row("copy", (("source", SOURCE),), CLIPBOARD, "name", ("copy",)),
    ast.EmitStmt: Row("emit", (), KEEP, becomes=("store",)),
    ast.KeepStmt: Row("keep", (), KEEP, "name", ("store",)),
    ast.ExpectStmt: Row("expect", (("condition", EXPECTED),), COMPUTER, becomes=("expect",)),
    ast.CaptureStmt: Row("capture", (("file", FILE),), ATTACH, becomes=("capture",)),
    ast.ExportStmt: Row("export", (("file", FILE),), EXPORT, becomes=("export",)),
    ast.ImageStmt: Row("image", (("shows", SHOWN),), PICTURE, becomes=("picture",)),
    ast.RunStmt: Row("run", (("command", COMMAND),), TERMINAL, "name", ("run",)),
    ast.IfStmt: Row("if", becomes=("if",)),
    ast.MatchStmt: Row("match", becomes=("if",)),
    ast.ForStmt: Row("for", (), LOOP, "reason", ("loop",)),
    ast.WhileStmt: Row("while", becomes=("repeat",)),
    ast.RepeatStmt: Row("repeat", becomes=("repeat",)),
    ast.RetryStmt: Row("retry", becomes=("retry",)),
    ast.CallStmt: Row("call", sets="result"),
    ast.FailStmt: Row("fail", (("reason", REASON),), DECLARE_FAILED, becomes=("leave",)),
    ast.AbortStmt: Row("abort", (("reason", REASON),), DECLARE_FAILED, becomes=("leave",)),
    ast.FinishStmt: Row("finish", (("reason", REASON),), FINISH, becomes=("leave",)),
}
"""Every statement but `AnnotatedStmt`, which is the statement inside it."""


BY_KIND: dict[str, tuple[type[ast.Node], ...]] = {
    kind: tuple(class_ for class_, row in STATEMENTS.items() if kind in row.becomes)
    for each in STATEMENTS.values()
    for kind in each.becomes
}
"""The statements of the language that become each kind of statement of the IR."""


# Derived from the fields of the classes

_HOLDS_STATEMENTS = (
    *("Block", "Block | None", "Stmt"),
    *("tuple[IfBranch, ...]", "tuple[MatchBranch, ...]"),
)
_ELSE = "Otherwise | None"


def _find_classes_with_field(*annotations: str) -> frozenset[type[ast.Node]]:
    return frozenset(
        class_
        for class_ in STATEMENTS
        if not set(annotations).isdisjoint(annotations_of(class_).values())
    )


HOLDING = _find_classes_with_field(*_HOLDS_STATEMENTS)
"""Statements with blocks other than their `else`."""

WITH_ELSE = _find_classes_with_field(_ELSE)
"""Statements with an `else` that is one leaving statement or a block."""

LEAVES = STATEMENTS.keys() - HOLDING - WITH_ELSE
"""Statements that contain no other statement; most statements of a program."""

SETTERS = frozenset(class_ for class_, row in STATEMENTS.items() if row.sets)
"""Statements that set a runtime variable, or may."""

ROUNDS = (ast.WhileStmt, ast.RepeatStmt)
"""Statements whose body runs in rounds, until what they ask for says that it is enough."""

_ASKING = frozenset((ast.IfStmt, ast.WaitUntilStmt, *ROUNDS))
"""Statements that may have conditions."""

PLAIN = frozenset(class_ for class_ in LEAVES if STATEMENTS[class_].tool in EVERY_AGENT)
"""Statements that every agent can carry out, and that decide nothing."""


# Parts of a statement


def texts_of(statement: ast.Node) -> Iterator[tuple[ast.Text, str]]:
    """Return the texts of a statement outside its blocks, each with its role.

    These are its own, what its conditions ask of the screen, and the reason of an `else` that
    leaves.
    """
    class_ = type(statement)
    row = STATEMENTS.get(class_)
    if row is None:
        return
    for name, role in row.texts:
        text = getattr(statement, name)
        if type(text) is ast.Text:
            yield text, role
    if class_ in _ASKING:
        for condition in conditions_of(statement):
            for node in walk(condition):
                if isinstance(node, ast.SeesExpr):
                    yield node.text, EXPECTED
    if class_ in WITH_ELSE:
        leaving = leaving_else(statement)
        if leaving is not None:
            yield leaving.reason, REASON


def conditions_of(statement: ast.Node) -> tuple[ast.Condition, ...]:
    """Return the conditions of a statement."""
    if type(statement) not in _ASKING:
        return ()
    if isinstance(statement, ast.IfStmt):
        return tuple([branch.condition for branch in statement.branches])
    condition: ast.Condition | ast.Text = statement.condition  # type: ignore[attr-defined]
    return () if isinstance(condition, ast.Text) else (condition,)


def single_look(condition: ast.Condition) -> tuple[ast.Text, bool] | None:
    """Return the text of a condition that is one `sees`, and whether `not` negates it."""
    negated = False
    while isinstance(condition, ast.NotExpr):
        condition, negated = condition.operand, not negated
    return (condition.text, negated) if isinstance(condition, ast.SeesExpr) else None


def else_of(statement: ast.Node) -> ast.Otherwise | None:
    """Return the `else` of a statement; None for a plain block (`if`, `match`, `retry`)."""
    if type(statement) not in WITH_ELSE:
        return None
    otherwise: ast.Otherwise | None = statement.otherwise  # type: ignore[attr-defined]
    return otherwise


def leaving_else(statement: ast.Node) -> ast.LeavingStmt | None:
    """Return the leaving statement of an `else` without a block."""
    otherwise = else_of(statement)
    if otherwise is None or isinstance(otherwise.action, ast.Block):
        return None
    return otherwise.action


def variable_set_by(statement: ast.Node) -> ast.Name | None:
    """Return the name of the runtime variable that a statement itself sets."""
    if type(statement) not in SETTERS:
        return None
    name: ast.Name | None = getattr(statement, STATEMENTS[type(statement)].sets or "")
    return name


def name_set_by(statement: ast.Node) -> ast.Name | None:
    """Return the name that a statement itself gives a value: a runtime variable or an output."""
    return statement.name if type(statement) is ast.EmitStmt else variable_set_by(statement)


def keyword_span(statement: ast.Stmt, source: SourceFile) -> Span:
    """Return the place of the keyword of a statement, which follows its annotations."""
    while isinstance(statement, ast.AnnotatedStmt):
        statement = statement.statement
    keyword = STATEMENTS[type(statement)].keyword
    if isinstance(statement, ast.IfStmt) and statement.expected:
        keyword = STATEMENTS[ast.ExpectStmt].keyword
    return Span(source, statement.start, statement.start + len(keyword))
