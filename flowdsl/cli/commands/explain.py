"""`flowdsl explain`: the page of a diagnostic or rule, or what the reference says of a word."""

from __future__ import annotations

import argparse

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.explain.language import find_language_entries, list_language_names
from flowdsl.explain.page import page_of

from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS
from ..runtime.failure import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="+",
        help="a diagnostic or rule as findings name it, or a word of the language",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the page: formatted on a terminal, as plain Markdown otherwise."""
    text = _find_text(" ".join(arguments.name))
    if console.color_out:
        text = _format_markdown(text)
    console.out(text.rstrip("\n"))
    return SUCCESS


def _find_text(name: str) -> str:
    """Find the page of a diagnostic or rule, or the entries of a word of the language."""
    if name in diagnostics():
        return page_of(name).markdown
    entries = find_language_entries(name)
    if entries:
        return "\n\n".join(entries)
    near = find_closest_name(name, [*diagnostics(), *list_language_names()])
    help = f"one named `{near}` exists" if near else "`flowdsl rules` lists the diagnostics"
    raise UsageError(f"there is no diagnostic, rule or word of the language `{name}`; {help}")


def _format_markdown(markdown: str) -> str:
    """Render Markdown as coloured text, at most as wide as the terminal and 100 columns."""
    from rich.console import Console as RichConsole
    from rich.markdown import Markdown

    console = RichConsole(force_terminal=True)
    console.width = min(console.width, 100)
    with console.capture() as capture:
        console.print(Markdown(markdown))
    return capture.get()
