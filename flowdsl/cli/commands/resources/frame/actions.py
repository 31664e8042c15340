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
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.runs.lookup import plural
from flowdsl.source.record import Record

from ....runtime.command_line.global_options import add_yes
from ....runtime.console import Console
from ....runtime.engine.questions import confirmed, require_answer
from ....runtime.exit_codes import SUCCESS, UNKNOWN_OUTCOME
from ....runtime.failure import CommandError
from ....subcommands import SubcommandParser
from .items import Row, list_json
from .session import Session, carry_out, configure_common

T = TypeVar("T")

Ended = tuple[Row, str]
"""An object after an action, and the line that tells people what became of it."""


class Step(Record):
    """One object that an action is about.

    - `about` names it in front of a question.
    - `send` changes it; None for an object that is as it should be already, which `ended` tells.
    """

    about: str
    send: Callable[[], Coroutine[Any, Any, Ended]] | None = None
    ended: Ended | None = None


class Action(Record):
    """A subcommand that changes objects.

    - `declare` declares its arguments, and `plan` finds what they mean.
    - `question` is asked before anything is changed, by the number of objects; None asks nothing.
    - `doing` is what `--yes` does without asking.
    - `look` is the command that shows what became of a request whose reply was lost.
    """

    name: str
    help: str
    declare: Callable[[SubcommandParser], None]
    plan: Callable[[Session, argparse.Namespace], Awaitable[Sequence[Step]]]
    question: Callable[[int], str] | None = None
    doing: str = "deletes"
    look: str = ""


def configure_actions(subjects: Any, actions: Sequence[Action]) -> None:
    """Declare the subcommands of `actions`."""
    for action in actions:
        parser = add_action(subjects, action.name, action.help)
        action.declare(parser)
        if action.question is not None:
            add_yes(parser)


def add_action(subjects: Any, name: str, help: str) -> SubcommandParser:
    """The parser of a further subcommand, with the options that all take."""
    parser: SubcommandParser = subjects.add_parser(name, help=help)
    configure_common(parser)
    return parser


def run_action(word: str, action: Action, arguments: argparse.Namespace, console: Console) -> int:
    """Find, ask, change, and tell what became of each object; `word` is that of the resource."""
    if action.question is not None:
        require_answer(arguments.yes, action.doing)

    async def change(session: Session) -> tuple[str, list[Row]]:
        steps = await action.plan(session, arguments)
        waiting = [step for step in steps if step.send is not None]
        if action.question is not None and waiting:
            if not arguments.yes:
                for step in waiting:
                    console.err(printable(step.about))
            if not confirmed(arguments.yes, action.question(len(waiting)), console):
                return session.environment, []
        rows = []
        for step in steps:
            row, told = await _ended(session, step, action)
            for line in told.split("\n"):
                console.err(printable(line))
            rows.append(row)
        return session.environment, rows

    environment, rows = carry_out(arguments, console, change, need_project=True)
    if arguments.json:
        console.out(list_json(word, environment, rows))
    return SUCCESS


async def _ended(session: Session, step: Step, action: Action) -> Ended:
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


async def made_once(
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


def ordering(
    kind: str,
    subject: str,
    find: Callable[[Session, str], Awaitable[T]],
    every: Callable[[Session], Awaitable[Sequence[T]]],
    send: Callable[[Session, Sequence[str]], Coroutine[Any, Any, None]],
    row: Callable[[Session, T], Awaitable[Row]],
    identifier: Callable[[T], str],
) -> Action:
    """The action `order`: what is named comes first, and the others stay in their order."""

    async def plan(session: Session, arguments: argparse.Namespace) -> Sequence[Step]:
        rows = {identifier(each): each for each in await every(session)}
        named = [identifier(await find(session, word)) for word in arguments.words]
        wanted = list(dict.fromkeys([*named, *rows]))
        first = rows.get(named[0]) or await find(session, arguments.words[0])
        about, shown = f"{counted(len(wanted), kind)} in this order", await row(session, first)
        if wanted == list(rows):
            return [Step(about, ended=(shown, f"{about} already"))]

        async def reorder() -> Ended:
            await send(session, wanted)
            return shown, about

        return [Step(about, reorder)]

    return Action(
        "order",
        f"the order of {plural(kind)}: those named first, then the others",
        lambda parser: add_words(parser, subject),
        plan,
    )


def deletion(
    kind: str,
    subject: str,
    find: Callable[[Session, str], Awaitable[T]],
    delete: Callable[[Session, T], Coroutine[Any, Any, bool]],
    row: Callable[[Session, T], Awaitable[Row]],
    label: Callable[[T], str],
    *,
    lost: str,
    help: str,
    look: str,
) -> Action:
    """The action `delete` of a kind of object; `lost` says in the question what goes with it."""

    async def plan(session: Session, arguments: argparse.Namespace) -> Sequence[Step]:
        steps: dict[str, Step] = {}
        for word in arguments.words:
            found = await find(session, word)
            shown, about = await row(session, found), f"{kind} {label(found)}"

            async def send(found: T = found, shown: Row = shown, about: str = about) -> Ended:
                gone = not await delete(session, found)
                return shown, f"{about} {'was gone already' if gone else 'is deleted'}"

            steps.setdefault(about, Step(about, send))
        return list(steps.values())

    def question(count: int) -> str:
        return f"delete {'it' if count == 1 else f'these {count}'}? {lost}"

    return Action(
        name="delete",
        help=help,
        declare=lambda parser: add_words(parser, subject),
        plan=plan,
        question=question,
        look=look,
    )
