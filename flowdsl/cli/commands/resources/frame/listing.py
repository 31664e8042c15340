"""`list`, `show` and the actions of a resource: one table says what it is, the rest follows.

The JSON object of a row is made first, and the table for people is made of it, so that both tell
the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from flowdsl.diagnostics.render.cells import printable
from flowdsl.runs.lookup import plural
from flowdsl.source.record import Record

from ....runtime.console import Console
from ....runtime.exit_codes import SUCCESS
from ....subcommands import SubcommandParser, add_subcommands
from ....views.json_objects import object_json
from ....views.table import Column, render_record, render_table
from .actions import Action, add_action, configure_actions, run_action
from .items import Row, list_json
from .session import Session, carry_out, configure_common, moment


class Filter(Record):
    """An option of `list`, and the argument `key` of the function that reads the rows.

    - `metavar` is None for an option without a value, which stands for `value`.
    - `meaning` turns the word of a person, such as a name, into what the service takes.
    """

    option: str
    key: str
    help: str
    metavar: str | None = None
    value: Any = True
    choices: tuple[str, ...] | None = None
    type: Callable[[str], Any] | None = None
    meaning: Callable[[Session, str], Awaitable[Any]] | None = None


class View(Record):
    """A further subcommand that shows one object, read for its own arguments.

    `only` is the key of what people get alone, on a line; None for the whole record.
    """

    name: str
    help: str
    declare: Callable[[SubcommandParser], None]
    read: Callable[[Session, argparse.Namespace], Awaitable[Row]]
    only: str | None = None


class Resource(Record):
    """A kind of object of the service.

    - `read` gives the rows of a list for the arguments that the filters gave, and `find` the row of
      one object by its id or name, with more in it.
    - `views` are further subcommands that show one, and `actions` those that change something.
    - `subject` is the metavar of `show`.
    """

    word: str
    kind: str
    subject: str
    columns: tuple[Column, ...]
    read: Callable[..., Awaitable[Sequence[Row]]]
    find: Callable[[Session, str], Awaitable[Row]]
    filters: tuple[Filter, ...] = ()
    views: tuple[View, ...] = ()
    actions: tuple[Action, ...] = ()


def times(*fields: str) -> tuple[Filter, ...]:
    """The filters of a time such as `created`: from one moment on, and up to one."""
    return tuple(
        Filter(
            f"--{field}-{edge}",
            f"{'' if field == 'created' else f'{field}_'}{key}",
            f"{field} {'at this time or later' if edge == 'from' else 'at this time or before'}",
            metavar="TIME",
            type=moment,
        )
        for field in fields
        for edge, key in (("from", "since"), ("to", "until"))
    )


def configure(resource: Resource, parser: argparse.ArgumentParser) -> Any:
    """Declare `list`, `show` and the actions; returns where further subcommands are added."""
    subjects = add_subcommands(parser)
    listing = subjects.add_parser("list", help=f"a line for each {resource.kind}")
    groups: dict[str, Any] = {}
    for each in resource.filters:
        # Options of one argument exclude each other.
        if each.key not in groups:
            groups[each.key] = listing.add_mutually_exclusive_group()
        group = groups[each.key]
        if each.metavar is None and each.choices is None:
            group.add_argument(
                each.option,
                dest=each.key,
                action="store_const",
                const=each.value,
                help=each.help,
            )
        else:
            group.add_argument(
                each.option,
                dest=each.key,
                metavar=each.metavar,
                choices=each.choices,
                type=each.type,
                help=each.help,
            )
    configure_common(listing)
    show = subjects.add_parser("show", help=f"everything of one {resource.kind}")
    show.add_argument("word", metavar=resource.subject, help="its id, or its name if it has one")
    configure_common(show)
    for view in resource.views:
        view.declare(add_action(subjects, view.name, view.help))
    configure_actions(subjects, resource.actions)
    return subjects


def run(resource: Resource, arguments: argparse.Namespace, console: Console) -> int:
    """Carry out `list`, `show` or an action."""
    if arguments.subject == "show":
        show = View("show", "", _nothing, lambda session, found: resource.find(session, found.word))
        return _show(resource, show, arguments, console)
    for view in resource.views:
        if view.name == arguments.subject:
            return _show(resource, view, arguments, console)
    for action in resource.actions:
        if action.name == arguments.subject:
            return run_action(resource.word, action, arguments, console)
    return _list(resource, arguments, console)


def _list(resource: Resource, arguments: argparse.Namespace, console: Console) -> int:
    async def read(session: Session) -> tuple[str, Sequence[Row]]:
        given: dict[str, Any] = {}
        for each in resource.filters:
            value = getattr(arguments, each.key)
            if value is not None and each.key not in given:
                means = each.meaning
                given[each.key] = value if means is None else await means(session, value)
        return session.environment, await resource.read(session, **given)

    environment, rows = carry_out(arguments, console, read)
    if arguments.json:
        console.out(list_json(resource.word, environment, rows))
    elif rows:
        console.out(render_table(resource.columns, rows))
    else:
        console.err(f"no {plural(resource.kind)} found in {environment}")
    return SUCCESS


def _nothing(_parser: argparse.ArgumentParser) -> None:
    pass


def _show(resource: Resource, view: View, arguments: argparse.Namespace, console: Console) -> int:
    async def find(session: Session) -> tuple[str, Row]:
        return session.environment, await view.read(session, arguments)

    environment, row = carry_out(arguments, console, find)
    if arguments.json:
        kind = resource.kind.replace(" ", "_")
        console.out(object_json({"kind": kind, "environment": environment, "item": row}))
    elif view.only is not None:
        console.out(printable(str(row[view.only])))
    else:
        console.out(render_record(row))
    return SUCCESS
