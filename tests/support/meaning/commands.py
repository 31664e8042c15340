"""Which commands a payload lets its agents run, beside those that its program has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.machine.clipboard import CLOCK
from flowdsl.simulate.machine.execute import Payload
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk


def wrongly_allowed(model: SemanticModel, workflow: WorkflowSymbol, payload: Payload) -> str:
    """A command that the payload allows and the program does not, in words; empty: there is none.

    Only the words of a command are compared, and what is filled into it is not: a command that is
    missing shows where it is run. Each day that is typed has one that asks the clock.
    """
    settings = [
        setting
        for item in workflow.declaration.items
        if isinstance(item, ast.TerminalSection)
        for setting in item.settings
    ]
    is_free = any(
        setting.name.text == "unrestricted" and getattr(setting.value, "value", None) is True
        for setting in settings
    )
    if payload.allowlist is None or is_free:
        return "" if is_free and payload.allowlist is None else f"allowed are {payload.allowlist}"
    texts = [*_commands(model, workflow.declaration), *settings]
    forms = [form for each in texts for form in _forms(each)]
    clocks = sum(map(_is_day, texts))
    for command in payload.allowlist:
        clocks -= command.startswith(CLOCK)
        is_known = command == NO_COMMAND or (command.startswith(CLOCK) and clocks >= 0)
        if not is_known and not any(form.fullmatch(command) for form in forms):
            return f"allowed is {command}"
    return ""


def _commands(model: SemanticModel, declaration: ast.Node) -> Iterator[ast.Node]:
    """The commands of a declaration and of the tasks that it calls, and days that are typed."""
    done: set[int] = set()
    waiting = [declaration]
    while waiting:
        for node in walk(waiting.pop()):
            if isinstance(node, ast.RunStmt):
                yield node.command
            elif isinstance(node, ast.TypeStmt) and _is_day(node.value):
                yield node.value
            elif isinstance(node, ast.CallStmt) and id(task := model.calls[node]) not in done:
                done.add(id(task))
                waiting.append(task.declaration)


def _is_day(value: ast.Node) -> bool:
    """Whether a value is a day of the desktop: `today` alone reads as a name."""
    match value:
        case ast.DayExpr() | ast.Ref(name=ast.Name(text="today")):
            return True
        case _:
            return False


def _forms(node: ast.Node) -> Iterator[re.Pattern[str]]:
    """How the texts in a node may come out, whatever is filled into them."""
    for each in walk(node):
        if isinstance(each, ast.StringLit):
            yield re.compile(re.escape(each.value))
        elif isinstance(each, ast.Text):
            parts = (_literal(part) for part in each.parts)
            yield re.compile("".join(parts), re.DOTALL)


def _literal(part: ast.Node) -> str:
    match part:
        case ast.TextLiteral(value=value):
            return re.escape(value)
        case ast.TextComment():
            return ""
        case _:
            return ".*"
