"""Options for parameters of machines and pools: plain values, and sources of sensitive ones."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import join_names
from flowdsl.source.record import Record

from ....runtime.command_line.arguments import SubcommandParser
from ....runtime.command_line.options import add_options
from ....runtime.console import Console, UsageError
from ....runtime.runs.options import add_secret_option, read_secrets


class ParameterOptions(Record):
    """The parameter options of a command line: new plain ones, new sensitive ones, and removals."""

    plain: Mapping[str, Any]
    secret: Mapping[str, str]
    unset: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.plain or self.secret or self.unset)

    def make_patch(self, kind: str, owner: str, found: Any) -> dict[str, Any]:
        """Return the fields to send: `<kind>_parameters` and `<kind>_sensitive_parameters`.

        Each is left out if it does not change; `found` has the current ones, and messages call it
        `owner`. The service replaces either as a whole, and returns only the names of sensitive
        ones. Raises `UsageError` for a change that would lose one.
        """
        plain, secret = f"{kind}_parameters", f"{kind}_sensitive_parameters"
        had, hidden = dict(getattr(found, plain) or {}), set(getattr(found, secret) or {})
        for name in self.unset:
            if name not in had and name not in hidden:
                known = join_names(sorted({*had, *hidden})) or "none"
                raise UsageError(
                    f"{owner} has no parameter `{make_printable(name)}` to unset; there are {known}"
                )
        kept_plain = {name: value for name, value in had.items() if name not in self.unset}
        kept_secret = hidden - {*self.unset}
        _refuse_both(owner, self.plain, kept_secret, "a sensitive parameter")
        _refuse_both(owner, self.secret, kept_plain, "a plain parameter")
        new_plain = {**kept_plain, **self.plain}
        changes_secret = bool(self.secret) or hidden != kept_secret
        lost = sorted(kept_secret - self.secret.keys())
        if lost and changes_secret:
            first = make_printable(lost[0])
            raise UsageError(
                f"the service replaces the sensitive parameters of {owner} all at once, and tells "
                f"nobody their values: give {join_names(lost)} as well, as "
                f"`--secret {first}=env:NAME`, or drop it with `--unset {first}`"
            )
        patch = {} if new_plain == had else {plain: new_plain}
        return {**patch, secret: dict(self.secret)} if changes_secret else patch


def add_parameters(parser: SubcommandParser, *, unset: bool) -> None:
    """Declare `NAME=VALUE`, `--secret` and, for objects that exist already, `--unset`."""
    parser.add_argument(
        "values",
        nargs="*",
        metavar="NAME=VALUE",
        help="a parameter as a text; NAME:=VALUE takes JSON, such as a number or a list",
    )
    parser.scattered = "values"
    add_secret_option(parser, "a sensitive parameter")
    if unset:
        add_options(parser, "--unset NAME...  drop a parameter; may be repeated")


def read_parameters(arguments: argparse.Namespace, console: Console) -> ParameterOptions:
    """Read the parameter options; raises `UsageError` and `CommandError`."""
    plain: dict[str, Any] = {}
    for word in arguments.values:
        name, value = _parse_parameter(word)
        if name in plain:
            raise UsageError(f"the parameter `{make_printable(name)}` is given twice")
        plain[name] = value
    given = read_secrets(arguments.secret, console)
    secret = {each.name: str(each.value) for each in given}
    unset = tuple(getattr(arguments, "unset", ()))
    if len(secret) < len(given):
        raise UsageError("a sensitive parameter is given twice")
    for name in secret:
        if name in plain:
            raise UsageError(
                f"`{make_printable(name)}` is given as a plain and a sensitive parameter"
            )
    return ParameterOptions(plain, secret, unset)


def _parse_parameter(word: str) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":")
    if not equals or not name:
        # Not quoted in the message: it may be a secret.
        raise UsageError("a parameter is written `NAME=VALUE`, or `NAME:=VALUE` for JSON")
    if not is_json:
        return name, text
    try:
        return name, read_json(text)
    except UnreadableJson as unreadable:
        why = str(unreadable) or "it is no JSON; a text is written `NAME=VALUE`"
        raise UsageError(f"`{make_printable(name)}:=` takes JSON: {why}") from None


def _refuse_both(
    owner: str, new: Mapping[str, Any], there: Mapping[str, Any] | set[str], what: str
) -> None:
    for name in new:
        if name in there:
            shown = make_printable(name)
            raise UsageError(
                f"`{shown}` is {what} of {owner}; `--unset {shown}` drops that at the same time"
            )
