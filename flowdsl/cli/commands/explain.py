"""`flowdsl explain`: the page of a diagnostic or rule."""

from __future__ import annotations

import argparse

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.explain.page import page_of

from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS
from ..runtime.failure import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a diagnostic or rule, as findings name it")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the page: formatted on a terminal, as plain Markdown otherwise."""
    if arguments.name not in diagnostics():
        near = find_closest_name(arguments.name, diagnostics())
        help = f"one named `{near}` exists" if near else "`flowdsl rules` lists them"
        raise UsageError(f"there is no diagnostic or rule `{arguments.name}`; {help}")
    text = page_of(arguments.name).markdown
    if console.color_out:
        text = _format_markdown(text)
    console.out(text.rstrip("\n"))
    return SUCCESS


def _format_markdown(markdown: str) -> str:
    """Render Markdown as coloured text, at most as wide as the terminal and 100 columns."""
    from rich.console import Console as RichConsole
    from rich.markdown import Markdown

    console = RichConsole(force_terminal=True)
    console.width = min(console.width, 100)
    with console.capture() as capture:
        console.print(Markdown(markdown))
    return capture.get()
