"""What a command changes, beside `list` and `show`: one table says what an action is about.

Everything is found before the first change, so that nothing is changed where a word means nothing
or several things.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import plural
from flowdsl.source.record import Record

from ....runtime.command_line.arguments import SubcommandParser
from ....runtime.console import Console
from ....runtime.engine.questions import confirm_or_say_so, require_answer
from ....runtime.exit_codes import SUCCESS, UNKNOWN_OUTCOME
from ....runtime.failure import CommandError
from ....views.json_objects import items_json
from .session import Session, carry_out

T = TypeVar("T")

Row = dict[str, Any]
"""An object of the service as programs get it, with the same keys every time."""

Ended = tuple[Row, str]
"""An object after an action, and the line that tells people what became of it."""


class Objects(Record):
    """How the objects of a kind are found by a word, shown as a row, and named in a line.

    `subject` is what help calls one; `look` is the command that lists them.
    """

    kind: str
    subject: str
    find: Callable[[Session, str], Awaitable[Any]]
    row: Callable[[Session, Any], Awaitable[Row]]
    label: Callable[[Any], str]
    look: str = ""

    def about(self, found: Any) -> str:
        """An object in a line for people: `machine desk-1 (1f0c...)`."""
        return f"{self.kind} {self.label(found)}".lstrip()


class ActionStep(Record):
    """One object that an action is about.

    - `about` names it in front of a question.
    - `send` changes it; None for an object that is as it should be already, which `ended` tells.
    """

    about: str
    send: Callable[[], Coroutine[Any, Any, Ended]] | None = None
    ended: Ended | None = None


class ResourceAction(Record):
    """A subcommand that changes objects.

    - `declare` declares its arguments, and `plan` finds what they mean.
    - `question` is asked before anything is changed, by the number of objects; None asks nothing.
    - `doing` is what `--yes` does without asking.
    - `look` is the command that shows what became of a request whose reply was lost.
    """

    name: str
    help: str
    declare: Callable[[SubcommandParser], None]
    plan: Callable[[Session, argparse.Namespace], Awaitable[Sequence[ActionStep]]]
    question: Callable[[int], str] | None = None
    doing: str = "deletes"
    look: str = ""


def list_json(kind: str, environment: str, rows: Sequence[Row], **more: Any) -> str:
    """Rows as one object of the machine format; `more` stands behind them."""
    return items_json(rows, {"kind": kind, "environment": environment}, **more)


def run_action(
    word: str, action: ResourceAction, arguments: argparse.Namespace, console: Console
) -> int:
    """Find, ask, change, and tell what became of each object; `word` is that of the resource."""
    if action.question is not None:
        require_answer(arguments.yes, action.doing)

    async def change(session: Session) -> list[Row]:
        steps = await action.plan(session, arguments)
        waiting = [step for step in steps if step.send is not None]
        if action.question is not None and waiting:
            if not arguments.yes:
                for step in waiting:
                    console.err(make_printable(step.about))
            if not confirm_or_say_so(arguments.yes, action.question(len(waiting)), console):
                return []
        rows = []
        for step in steps:
            row, told = await _carry_out_step(session, step, action)
            for line in told.split("\n"):
                console.err(make_printable(line))
            rows.append(row)
        return rows

    environment, rows = carry_out(arguments, console, change, need_project=True)
    if arguments.json:
        console.out(list_json(word, environment, rows))
    return SUCCESS


async def _carry_out_step(session: Session, step: ActionStep, action: ResourceAction) -> Ended:
    if step.send is None:
        assert step.ended is not None
        return step.ended
    try:
        return await session.write(step.send)
    except CyberdeskError as error:
        if not error.outcome_unknown or not action.look:
            raise
        raise CommandError(
            f"{error}; whether it was carried out is not known: `{action.look}` shows it",
            UNKNOWN_OUTCOME,
        ) from None


def new_key() -> str:
    """An idempotency key for one request."""
    return uuid4().hex


async def create_once(
    send: Callable[[], Awaitable[T]],
    rows: Callable[[], Awaitable[Sequence[T]]],
    may_be: Callable[[T], bool],
    identifier: Callable[[T], str],
) -> T:
    """What a creation made, whose reply may be lost: then it is looked for among the `rows`.

    Raises `CyberdeskError`, with an unknown outcome where not exactly one new object may be it.
    """
    known = {identifier(row) for row in await rows()}
    try:
        return await send()
    except CyberdeskError as error:
        if not error.outcome_unknown:
            raise
        lost = error
    try:
        found = [row for row in await rows() if identifier(row) not in known and may_be(row)]
    except CyberdeskError:
        raise lost from None
    if len(found) != 1:
        raise lost
    return found[0]


def add_words(
    parser: argparse.ArgumentParser, metavar: str, *, several: bool = True, dest: str = "words"
) -> None:
    """Declare the objects that an action is about, by ids or names."""
    parser.add_argument(
        dest,
        nargs="+" if several else None,
        metavar=metavar,
        help="ids, or names" if several else "its id, or its name if it has one",
    )


async def change_each(
    session: Session,
    objects: Objects,
    words: Sequence[str],
    is_so: Callable[[Any], bool],
    send: Callable[[Any], Awaitable[Any]],
    result: str,
    told: Callable[[Any, str], str] = lambda _found, line: line,
) -> Sequence[ActionStep]:
    """A step for each object that `words` mean: one that is not so is sent.

    `result` is the word for what they are then, and `told` the line about one, if it is another.
    """
    steps: dict[str, ActionStep] = {}
    for word in words:
        found = await objects.find(session, word)
        about = objects.about(found)

        async def change(found: Any = found, about: str = about) -> Ended:
            changed = await send(found)
            return await objects.row(session, changed), told(changed, f"{about} is {result}")

        if is_so(found):
            line = told(found, f"{about} is {result} already")
            steps[about] = ActionStep(about, ended=(await objects.row(session, found), line))
        else:
            steps[about] = ActionStep(about, change)
    return list(steps.values())


def order_action(
    objects: Objects,
    every: Callable[[Session], Awaitable[Sequence[Any]]],
    send: Callable[[Session, Sequence[str]], Coroutine[Any, Any, None]],
) -> ResourceAction:
    """The action `order`: what is named comes first, and the others stay in their order."""
    kind, find = objects.kind, objects.find

    async def plan(session: Session, arguments: argparse.Namespace) -> Sequence[ActionStep]:
        rows = {each.id: each for each in await every(session)}
        named = [(await find(session, word)).id for word in arguments.words]
        wanted = list(dict.fromkeys([*named, *rows]))
        first = rows.get(named[0]) or await find(session, arguments.words[0])
        about, shown = (
            f"{format_count(len(wanted), kind)} in this order",
            await objects.row(session, first),
        )
        if wanted == list(rows):
            return [ActionStep(about, ended=(shown, f"{about} already"))]

        async def reorder() -> Ended:
            await send(session, wanted)
            return shown, about

        return [ActionStep(about, reorder)]

    return ResourceAction(
        "order",
        f"the order of {plural(kind)}: those named first, then the others",
        lambda parser: add_words(parser, objects.subject),
        plan,
    )


def delete_action(
    objects: Objects,
    delete: Callable[[Session, Any], Coroutine[Any, Any, bool]],
    *,
    lost: str,
    help: str,
) -> ResourceAction:
    """The action `delete` of a kind of object; `lost` says in the question what goes with it."""

    async def plan(session: Session, arguments: argparse.Namespace) -> Sequence[ActionStep]:
        steps: dict[str, ActionStep] = {}
        for word in arguments.words:
            found = await objects.find(session, word)
            shown, about = await objects.row(session, found), objects.about(found)

            async def send(found: Any = found, shown: Row = shown, about: str = about) -> Ended:
                gone = not await delete(session, found)
                return shown, f"{about} {'was gone already' if gone else 'is deleted'}"

            steps.setdefault(about, ActionStep(about, send))
        return list(steps.values())

    def question(count: int) -> str:
        return f"delete {'it' if count == 1 else f'these {count}'}? {lost}"

    return ResourceAction(
        name="delete",
        help=help,
        declare=lambda parser: add_words(parser, objects.subject),
        plan=plan,
        question=question,
        look=objects.look,
    )
