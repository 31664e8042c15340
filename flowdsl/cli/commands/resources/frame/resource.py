"""The command for a kind of object: `list`, `show` and its actions, described by one record.

The table for people is made from the JSON objects, so that both show the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.wire_model import ReadModel
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import plural
from flowdsl.source.record import Record

from ....runtime.command_line.arguments import SubcommandParser, add_subcommands
from ....runtime.command_line.options import add_options
from ....runtime.console import Console
from ....runtime.exit_codes import SUCCESS
from ....views.table import Column, object_json, render_record, render_table
from .actions import Objects, ResourceAction, Row, list_json, run_action
from .session import ResourceSession, carry_out, configure_common, parse_filter_moment


class Filter(Record):
    """An option of `list`, which sets the argument `key` of the function that reads the rows.

    - `metavar` is None for a flag, which sets `value`.
    - `meaning` converts the argument, such as a name, to what the service takes.
    """

    option: str
    key: str
    help: str
    metavar: str | None = None
    value: Any = True
    choices: tuple[str, ...] | None = None
    type: Callable[[str], Any] | None = None
    meaning: Callable[[ResourceSession, str], Awaitable[Any]] | None = None


class ResourceView(Record):
    """A further subcommand that shows one object, with arguments of its own.

    `only` is the key of the single value that is printed for people; None prints the whole record.
    """

    name: str
    help: str
    declare: Callable[[SubcommandParser], None]
    read: Callable[[ResourceSession, argparse.Namespace], Awaitable[Row]]
    only: str | None = None


class ResourceCommand(Record):
    """A kind of object of the service, and its command `word`.

    - `objects` says how one is looked up and shown.
    - `read` returns the rows of a list, given the arguments from the filters.
    - `whole` makes a more detailed row of one object; None uses the row of `objects`.
    - `views` are further subcommands that show one object, and `actions` those that change
      something.
    """

    word: str
    objects: Objects
    columns: tuple[Column, ...]
    read: Callable[..., Awaitable[Sequence[Row]]]
    whole: Callable[[ResourceSession, Any], Awaitable[Row]] | None = None
    filters: tuple[Filter, ...] = ()
    views: tuple[ResourceView, ...] = ()
    actions: tuple[ResourceAction, ...] = ()

    def configure(self, parser: argparse.ArgumentParser) -> Any:
        """Declare `list`, `show` and the actions.

        Returns argparse's object for adding further subcommands.
        """
        subjects = add_subcommands(parser)
        kind = self.objects.kind
        listing = subjects.add_parser("list", help=f"a line for each {kind}")
        _add_filters(listing, self.filters)
        configure_common(listing)
        show = subjects.add_parser("show", help=f"everything of one {kind}")
        show.add_argument(
            "word", metavar=self.objects.subject, help="its id, or its name if it has one"
        )
        configure_common(show)
        for view in self.views:
            view.declare(add_action(subjects, view.name, view.help))
        for action in self.actions:
            action_parser = add_action(subjects, action.name, action.help)
            action.declare(action_parser)
            if action.question is not None:
                add_options(action_parser, "--yes")
        return subjects

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Carry out `list`, `show`, a view or an action."""
        name = arguments.subject
        if name == "list":
            return _list_rows(self, arguments, console)
        action = next((each for each in self.actions if each.name == name), None)
        if action is not None:
            return run_action(self.word, action, arguments, console)
        views = {view.name: view for view in (_show_view(self), *self.views)}
        return _print_view(self, views[name], arguments, console)


def add_action(subjects: Any, name: str, help: str) -> SubcommandParser:
    """Add the parser of a further subcommand, with the common options."""
    parser: SubcommandParser = subjects.add_parser(name, help=help)
    configure_common(parser)
    return parser


def time_filters(*fields: str) -> tuple[Filter, ...]:
    """Make the two filters of a time such as `created`: a lower and an upper bound."""
    return tuple(
        Filter(
            f"--{field}-{edge}",
            f"{'' if field == 'created' else f'{field}_'}{key}",
            f"{field} {'at this time or later' if edge == 'from' else 'at this time or before'}",
            metavar="TIME",
            type=parse_filter_moment,
        )
        for field in fields
        for edge, key in (("from", "since"), ("to", "until"))
    )


def fields_of(reply: ReadModel, *fields: str) -> Row:
    """Select fields of a reply, in this order; null for fields that it does not have."""
    content = reply.model_dump(mode="json", include=set(fields))
    return {field: content.get(field) for field in fields}


def row_of(reply: ReadModel, *without: str) -> Row:
    """Select the fields that the model of a reply declares, without those of its organisation.

    Fields unknown to this version are left out, so that programs always get the same keys.
    """
    hidden = {"organization_id", "user_id", "included", *without}
    return fields_of(reply, *(field for field in type(reply).model_fields if field not in hidden))


def id_by(find: Callable[[CyberdeskClient, str], Awaitable[Any]]) -> Callable[..., Awaitable[str]]:
    """Make the meaning of a filter whose argument is an object that `find` finds: its id."""

    async def find_id(session: ResourceSession, word: str) -> str:
        found = await find(session.client, word)
        return str(found.id)

    return find_id


def names_in(secrets: Mapping[str, Any] | None) -> list[str]:
    """The names of sensitive parameters.

    Their values are not shown, even though the service should send only aliases of them.
    """
    return sorted(secrets or {})


def _add_filters(listing: argparse.ArgumentParser, filters: Sequence[Filter]) -> None:
    groups: dict[str, Any] = {}
    for each in filters:
        # Options for the same argument exclude each other.
        if each.key not in groups:
            groups[each.key] = listing.add_mutually_exclusive_group()
        how: dict[str, Any] = {"action": "store_const", "const": each.value}
        if each.metavar is not None or each.choices is not None:
            how = {"metavar": each.metavar, "choices": each.choices, "type": each.type}
        groups[each.key].add_argument(each.option, dest=each.key, help=each.help, **how)


def _list_rows(resource: ResourceCommand, arguments: argparse.Namespace, console: Console) -> int:
    async def read(session: ResourceSession) -> Sequence[Row]:
        given: dict[str, Any] = {}
        for each in resource.filters:
            value = getattr(arguments, each.key)
            if value is not None and each.key not in given:
                means = each.meaning
                given[each.key] = value if means is None else await means(session, value)
        return await resource.read(session, **given)

    environment, rows = carry_out(arguments, console, read)
    if arguments.json:
        console.out(list_json(resource.word, environment, rows))
    elif rows:
        console.out(render_table(resource.columns, rows))
    else:
        console.err(f"no {plural(resource.objects.kind)} found in {environment}")
    return SUCCESS


def _show_view(resource: ResourceCommand) -> ResourceView:
    """Make `show` as a view: the whole row of the named object."""
    objects = resource.objects

    async def read(session: ResourceSession, arguments: argparse.Namespace) -> Row:
        found = await objects.find_one(session, arguments.word)
        return await (resource.whole or objects.make_row)(session, found)

    return ResourceView("show", "", lambda _parser: None, read)


def _print_view(
    resource: ResourceCommand, view: ResourceView, arguments: argparse.Namespace, console: Console
) -> int:
    environment, row = carry_out(arguments, console, lambda session: view.read(session, arguments))
    if arguments.json:
        kind = resource.objects.kind.replace(" ", "_")
        console.out(object_json({"kind": kind, "environment": environment, "item": row}))
    elif view.only is not None:
        console.out(make_printable(str(row[view.only])))
    else:
        console.out(render_record(row))
    return SUCCESS
