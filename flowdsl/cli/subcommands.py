"""Commands with subcommands, such as `flowdsl state show`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from .runtime.command_line.arguments import CommandParser
from .runtime.command_line.global_options import add_global_options


class SubcommandParser(CommandParser):
    """The parser of one subcommand.

    It takes the options of every command, too, and names itself in its messages.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scattered: str | None = None
        """The list that also takes words which stand behind options, where argparse would not."""
        # Without a default of its own, it does not replace what stands before the subcommand.
        absent: Any = argparse.SUPPRESS
        add_global_options(self, absent, absent)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """The arguments, as argparse gives them; an unknown one ends the command here."""
        arguments, unknown = super().parse_known_args(args, namespace)
        if self.scattered is not None:
            words = [word for word in unknown if not word.startswith("-")]
            setattr(arguments, self.scattered, [*getattr(arguments, self.scattered), *words])
            unknown = [word for word in unknown if word.startswith("-")]
        if unknown:
            self.error(self._unknown(unknown[0]))
        return arguments, []


def add_subcommands(
    parser: argparse.ArgumentParser,
) -> argparse._SubParsersAction[SubcommandParser]:
    """Where the subcommands of `parser` are added; `arguments.subject` names the given one."""
    return parser.add_subparsers(
        dest="subject", required=True, metavar="SUBJECT", parser_class=SubcommandParser
    )
