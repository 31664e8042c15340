"""`list` and `show` of any resource: one table says what a resource is, the rest follows from it.

The JSON object of a row is made first, and the table for people is made of it, so that both tell
the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.models.wire_model import ReadModel
from flowdsl.runs.lookup import plural
from flowdsl.source.record import Record

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS
from ...subcommands import SubcommandParser, add_subcommands
from .session import Session, carry_out, configure_common, moment
from .table import Column, render_record, render_table

FORMAT_VERSION = 1

Row = dict[str, Any]


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


class Resource(Record):
    """A kind of object of the service.

    - `read` gives the rows of a list for the arguments that the filters gave, and `find` the row of
      one object by its id or name, with more in it.
    - `subject` is the metavar of `show`.
    """

    word: str
    kind: str
    subject: str
    columns: tuple[Column, ...]
    read: Callable[..., Awaitable[Sequence[Row]]]
    find: Callable[[Session, str], Awaitable[Row]]
    filters: tuple[Filter, ...] = ()


def times(*fields: str) -> tuple[Filter, ...]:
    """The filters of a time such as `created`: from one moment on, and up to one."""
    return tuple(
        Filter(
            f"--{field}-{edge}",
            f"{field}_at_{edge}",
            f"{field} {'at this time or later' if edge == 'from' else 'at this time or before'}",
            metavar="TIME",
            type=moment,
        )
        for field in fields
        for edge in ("from", "to")
    )


def configure(resource: Resource, parser: argparse.ArgumentParser) -> Any:
    """Declare `list` and `show`; returns where further subcommands are added."""
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
    return subjects


def add_action(subjects: Any, name: str, help: str) -> SubcommandParser:
    """The parser of a further subcommand, with the options that all take."""
    parser: SubcommandParser = subjects.add_parser(name, help=help)
    configure_common(parser)
    return parser


def run(resource: Resource, arguments: argparse.Namespace, console: Console) -> int:
    """Carry out `list` or `show`."""
    if arguments.subject == "show":
        return _show(resource, arguments, console)
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


def _show(resource: Resource, arguments: argparse.Namespace, console: Console) -> int:
    async def find(session: Session) -> tuple[str, Row]:
        return session.environment, await resource.find(session, arguments.word)

    environment, row = carry_out(arguments, console, find)
    if arguments.json:
        head = {"format_version": FORMAT_VERSION, "kind": resource.kind.replace(" ", "_")}
        console.out(dumped({**head, "environment": environment, "item": row}))
    else:
        console.out(render_record(row))
    return SUCCESS


def list_json(kind: str, environment: str, rows: Sequence[Row], **more: Any) -> str:
    """Rows as one object of the machine format; `more` stands behind them."""
    head = {"format_version": FORMAT_VERSION, "kind": kind, "environment": environment}
    return dumped({**head, "items": list(rows), "total": len(rows), **more})


def dumped(content: Mapping[str, Any]) -> str:
    """One JSON object."""
    return json.dumps(content, indent=2, ensure_ascii=False)


def fields_of(reply: ReadModel, *fields: str) -> Row:
    """These fields of a reply, in this order; null where it has none.

    Fields that this version does not know are left out: programs always get the same keys.
    """
    content = reply.model_dump(mode="json", include=set(fields))
    return {field: content.get(field) for field in fields}


def names_in(secrets: Mapping[str, Any] | None) -> list[str]:
    """The names of sensitive parameters.

    Their values stay untold: the service should answer with aliases, but whoever prints them trusts
    it to.
    """
    return sorted(secrets or {})
