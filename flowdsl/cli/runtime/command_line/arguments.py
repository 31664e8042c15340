"""argparse with one-line errors, exit code 64, and no abbreviations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.host.terminal import find_terminal_width

from ..console import UsageError
from .options import add_global_options, add_options

# No message is translated, and to look for translations of argparse's own takes 1.5 ms.
setattr(argparse, "_", str)  # noqa: B010 - no stub knows it


class HelpAsked(Exception):
    """Help was requested; the message is its text."""


class _HelpFormatter(argparse.HelpFormatter):
    """argparse's own formatter, without importing `shutil` for the width of the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=(find_terminal_width() or 80) - 2)


class CommandParser(argparse.ArgumentParser):
    """The argument parser of one command."""

    def __init__(self, name: str = "", summary: str | None = None, **options: Any) -> None:
        # argparse creates sub-parsers itself, with its own keyword arguments.
        options.setdefault("prog", f"flowdsl {name}")
        options.setdefault("description", summary)
        options["allow_abbrev"] = False
        options.setdefault("formatter_class", _HelpFormatter)
        super().__init__(**options)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; raises `HelpAsked` and `UsageError`."""
        arguments, unknown = self.parse_known_args(list(words))
        if unknown:
            self.error(self._unknown(unknown[0]))
        return arguments

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"`{word}` is one argument too many"
        options = [option for action in self._actions for option in action.option_strings]
        nearest = find_closest_name(word.partition("=")[0], options)
        hint = f"; an option `{nearest}` exists" if nearest else ""
        return f"`{word}` is not an option of `{self.prog}`{hint}"

    def error(self, message: str) -> NoReturn:
        if message.endswith(": SUBJECT"):
            raise UsageError(f"`{self.prog}` needs a subcommand:", self._list_subcommands())
        raise UsageError(f"{message}; see `{self.prog} -h`")

    def _list_subcommands(self) -> tuple[str, ...]:
        """List the subcommands with what they do, a line each."""
        rows = [
            (each.dest, each.help or "")
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)
            for each in action._choices_actions
        ]
        width = max(len(name) for name, _ in rows)
        return tuple(f"  {name:<{width}}  {summary}".rstrip() for name, summary in rows)

    def format_help(self) -> str:
        """Format argparse's help, followed by examples."""
        from .examples import examples_of

        examples = examples_of(self.prog.removeprefix("flowdsl").strip())
        return f"{super().format_help()}\n{examples}\n" if examples else super().format_help()

    def print_help(self, file: object = None) -> NoReturn:
        # argparse itself ignores a failure to write the help.
        raise HelpAsked(self.format_help())


class SubcommandParser(CommandParser):
    """The parser of one subcommand.

    It also takes the options of every command, and names itself in its messages.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scattered: str | None = None
        """The list argument that also takes words after options, which argparse would reject."""
        # Without defaults of its own, it does not override options before the subcommand.
        absent: Any = argparse.SUPPRESS
        add_global_options(self, absent, absent)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse the arguments like argparse; an unknown one ends the command here."""
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
    """Let `parser` take subcommands; `arguments.subject` is the given one."""
    return parser.add_subparsers(
        dest="subject", required=True, metavar="SUBJECT", parser_class=SubcommandParser
    )


def add_subcommand(
    subjects: argparse._SubParsersAction[SubcommandParser],
    name: str,
    help: str,
    table: str = "",
    **more: Any,
) -> SubcommandParser:
    """Add a subcommand with the arguments of `table`, which `add_options` reads."""
    parser = subjects.add_parser(name, help=help)
    add_options(parser, table, **more)
    return parser
