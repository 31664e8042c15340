"""What is read without a parser is what argparse would read."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from typing import Any

from flowdsl.cli.main import COMMANDS, MODULES
from flowdsl.cli.runtime.command_line.arguments import CommandParser
from flowdsl.cli.runtime.command_line.plain_arguments import plain_arguments
from tests.support.rows import for_rows

LINES = ([], ["a.flow"], ["a.flow", "b"], ["-"], [""], ["--fix"], ["a", "-o", "out"], ["-h"])


@for_rows(lambda: product(COMMANDS, LINES))
def test_plain_lines_mean_what_argparse_says(row: tuple[str, list[str]]) -> None:
    name, words = row
    configure = import_module(f"flowdsl.cli.commands.{MODULES.get(name, name)}").configure
    plain: Any = plain_arguments(configure, words)
    if any(word.startswith("-") and word != "-" for word in words):
        assert plain is None
    elif plain is not None:
        parser = CommandParser(name, "")
        configure(parser)
        assert vars(plain) == vars(parser.parse(words))


def test_the_usual_check_needs_no_parser() -> None:
    configure = import_module("flowdsl.cli.commands.check").configure
    assert plain_arguments(configure, ["a.flow"]) is not None
