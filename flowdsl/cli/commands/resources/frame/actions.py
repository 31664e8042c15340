"""Subcommands that change objects, besides `list` and `show`; each is described by one record.

All objects are looked up before the first change, so nothing is changed if a word matches none or
several of them.
"""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from operator import attrgetter
from typing import Any, TypeVar
from uuid import uuid4

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.runs.names import by_id, by_name, plural
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.record import Record

from ....runtime.command_line.arguments import SubcommandParser
from ....runtime.console import CommandError, Console
from ....runtime.engine.questions import confirm_or_say_so, require_answer
from ....runtime.exit_codes import SUCCESS, UNKNOWN_OUTCOME
from ....views.table import items_json
from .session import ResourceSession, carry_out

T = TypeVar("T")

Row = dict[str, Any]
"""An object of the service in machine formats, always with the same keys."""

Ended = tuple[Row, str]
"""An object after an action, and the message about it for people."""


def make_label(found: Any) -> str:
    """Name an object in a message by its name, if it has one, and its id: `desk-1 (1f0c...)`."""
    return f"{make_printable(found.name)} ({found.id})" if found.name else str(found.id)


class Objects(Record):
    """How objects of a kind are looked up, shown as a row, and named in messages.

    - `subject` is the metavar in help; `list_command` is the command that lists them.
    - `routes` are the client's for this kind, which identify an object by its field `key`.
    - `find` looks up the object that a word names. If it is None, the word is an id or, where there
      are `rows`, also a name among them; `candidate` is the line about one of several with the same
      name.
    """

    kind: str
    subject: str
    routes: Callable[[CyberdeskClient], Any]
    row: Callable[[ResourceSession, Any], Row | Awaitable[Row]]
    label: Callable[[Any], str] = make_label
    list_command: str = ""
    find: Callable[[ResourceSession, str], Awaitable[Any]] | None = None
    rows: Callable[[ResourceSession], Awaitable[Sequence[Any]]] | None = None
    candidate: Callable[[Any], str] = attrgetter("id")
    key: str = "id"

    def about(self, found: Any) -> str:
        """Name an object in a message: `machine desk-1 (1f0c...)`."""
        return f"{self.kind} {self.label(found)}".lstrip()

    async def find_one(self, session: ResourceSession, word: str) -> Any:
        """Find the object that `word` names; raises `NoSuchName`."""
        if self.find is not None:
            return await self.find(session, word)
        if self.rows is None or is_uuid(word):
            return await by_id(self.routes(session.client).get, word, self.kind)
        rows = await self.rows(session)
        return by_name(rows, word, self.kind, attrgetter("name"), self.candidate)

    async def make_row(self, session: ResourceSession, found: Any) -> Row:
        row = self.row(session, found)
        return row if isinstance(row, dict) else await row


class ActionStep(Record):
    """An object that an action changes.

    - `about` names it before a question.
    - `send` changes it and returns the result; None for an object that needs no change, whose
      result is `known_result`.
    """

    about: str
    send: Callable[[], Coroutine[Any, Any, Ended]] | None = None
    known_result: Ended | None = None


def skip_step(about: str, row: Row, state: str) -> ActionStep:
    """Make the step of an object that needs no change: `state` says what it is already."""
    return ActionStep(about, known_result=(row, f"{about} {state}"))


Steps = Sequence[ActionStep]


class ResourceAction(Record):
    """A subcommand that changes objects.

    - `declare` declares its arguments, and `plan` resolves them to steps.
    - `question` makes the question asked before any change from the number of objects; None asks
      nothing.
    - `doing` completes the message that `--yes` is needed.
    - `list_command` shows whether a request was carried out whose reply was lost.
    """

    name: str
    help: str
    declare: Callable[[SubcommandParser], None]
    plan: Callable[[ResourceSession, Namespace], Awaitable[Steps]]
    question: Callable[[int], str] | None = None
    doing: str = "deletes"
    list_command: str = ""


def list_json(kind: str, environment: str, rows: Sequence[Row], **more: Any) -> str:
    """Format rows as one object of the machine format, followed by the fields `more`."""
    return items_json(rows, {"kind": kind, "environment": environment}, **more)


def run_action(word: str, action: ResourceAction, arguments: Namespace, console: Console) -> int:
    """Look up, ask, change, and report each object; `word` is the command of the resource."""
    if action.question is not None:
        require_answer(arguments.yes, action.doing)

    async def change(session: ResourceSession) -> list[Row]:
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
            row, message = await _carry_out_step(session, step, action)
            for line in message.split("\n"):
                console.err(make_printable(line))
            rows.append(row)
        return rows

    environment, rows = carry_out(arguments, console, change, need_project=True)
    if arguments.json:
        console.out(list_json(word, environment, rows))
    return SUCCESS


async def _carry_out_step(
    session: ResourceSession, step: ActionStep, action: ResourceAction
) -> Ended:
    if step.send is None:
        assert step.known_result is not None
        return step.known_result
    try:
        return await session.write(step.send)
    except CyberdeskError as error:
        if not error.outcome_unknown or not action.list_command:
            raise
        raise CommandError(
            f"{error}; whether it was carried out is not known: `{action.list_command}` shows it",
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
    """Create an object; if the reply is lost, look for the new object among `rows`.

    Raises `CyberdeskError`; its outcome is unknown if not exactly one new object matches `may_be`.
    """
    known = {identifier(row) for row in await rows()}
    try:
        return await send()
    except CyberdeskError as error:
        if not error.outcome_unknown:
            raise
        lost = error
    try:
        fitting = [row for row in await rows() if identifier(row) not in known and may_be(row)]
    except CyberdeskError:
        raise lost from None
    if len(fitting) != 1:
        raise lost
    return fitting[0]


def add_words(parser: argparse.ArgumentParser, metavar: str, *, several: bool = True) -> None:
    """Declare the positional argument for the objects of an action, by ids or names."""
    parser.add_argument(
        "words",
        nargs="+" if several else None,
        metavar=metavar,
        help="ids, or names" if several else "its id, or its name if it has one",
    )


async def change_each(
    session: ResourceSession,
    objects: Objects,
    words: Sequence[str],
    is_so: Callable[[Any], bool],
    send: Callable[[Any], Awaitable[Any]],
    result: str,
    remark: Callable[[Any], str] = lambda _found: "",
) -> Steps:
    """Make a step for each object in `words`; those for which `is_so` holds need no request.

    `result` describes the objects afterwards; `remark` is appended to the message about one.
    """
    steps: dict[str, ActionStep] = {}
    for word in words:
        found = await objects.find_one(session, word)
        about = objects.about(found)

        async def change(found: Any = found, about: str = about) -> Ended:
            changed = await send(found)
            row = await objects.make_row(session, changed)
            return row, f"{about} is {result}{remark(changed)}"

        if is_so(found):
            row = await objects.make_row(session, found)
            steps[about] = skip_step(about, row, f"is {result} already{remark(found)}")
        else:
            steps[about] = ActionStep(about, change)
    return list(steps.values())


def order_action(objects: Objects) -> ResourceAction:
    """Make the action `order`: the named objects come first, and the others keep their order."""
    find, list_rows = objects.find_one, objects.rows
    assert list_rows is not None

    async def plan(session: ResourceSession, arguments: Namespace) -> Steps:
        rows = {each.id: each for each in await list_rows(session)}
        named = [(await find(session, word)).id for word in arguments.words]
        wanted = list(dict.fromkeys([*named, *rows]))
        first = rows.get(named[0]) or await find(session, arguments.words[0])
        about = f"{format_count(len(wanted), objects.kind)} in this order"
        shown = await objects.make_row(session, first)
        if wanted == list(rows):
            return [skip_step(about, shown, "already")]

        async def reorder() -> Ended:
            await objects.routes(session.client).reorder(wanted, idempotency_key=new_key())
            return shown, about

        return [ActionStep(about, reorder)]

    return ResourceAction(
        "order",
        f"the order of {plural(objects.kind)}: those named first, then the others",
        lambda parser: add_words(parser, objects.subject),
        plan,
    )


def delete_action(objects: Objects, *, lost: str, help: str) -> ResourceAction:
    """Make the action `delete`; `lost` completes the question with what is lost."""

    async def plan(session: ResourceSession, arguments: Namespace) -> Steps:
        delete = objects.routes(session.client).delete
        steps: dict[str, ActionStep] = {}
        for word in arguments.words:
            found = await objects.find_one(session, word)
            shown, about = await objects.make_row(session, found), objects.about(found)

            async def send(found: Any = found, shown: Row = shown, about: str = about) -> Ended:
                try:
                    is_gone = not await delete(
                        getattr(found, objects.key), idempotency_key=new_key()
                    )
                except NotFound:
                    is_gone = True
                return shown, f"{about} {'was gone already' if is_gone else 'is deleted'}"

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
        list_command=objects.list_command,
    )
