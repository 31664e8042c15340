"""`flowdsl explain`: the page of a diagnostic or rule, an entry of the reference, or a guide."""

from __future__ import annotations

import argparse

from flowdsl.catalog import diagnostics
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.explain.guides import list_guides, read_guide
from flowdsl.explain.language import find_language_entries, list_language_names
from flowdsl.explain.page import page_of

from ..runtime.console import Console, UsageError
from ..runtime.exit_codes import SUCCESS


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="*",
        help="a diagnostic or rule as findings name it, a word of the language, or a page of the "
        "documentation; without one, the pages are listed",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the page: formatted on a terminal, as plain Markdown otherwise."""
    if not arguments.name:
        guides = list_guides()
        width = max(map(len, guides))
        for name, line in guides.items():
            console.out(f"{name:{width}}  {line}")
        console.err("`flowdsl explain NAME` prints a page, `flowdsl rules` lists the diagnostics")
        return SUCCESS
    text = _find_text(" ".join(arguments.name))
    if console.color_out:
        text = _format_markdown(text)
    console.out(text.rstrip("\n"))
    return SUCCESS


def _find_text(name: str) -> str:
    """Find the page of a diagnostic or rule, the entries of a word of the language, or a guide."""
    if name in diagnostics():
        return page_of(name).markdown
    entries = find_language_entries(name)
    if entries:
        return "\n\n".join(entries)
    guide = read_guide(name)
    if guide is not None:
        return guide
    near = find_closest_name(name, [*diagnostics(), *list_language_names(), *list_guides()])
    help = f"one named `{near}` exists" if near else "`flowdsl rules` lists the diagnostics"
    raise UsageError(f"there is no diagnostic, rule, word of the language or page `{name}`; {help}")


def _format_markdown(markdown: str) -> str:
    """Render Markdown as coloured text, at most as wide as the terminal and 100 columns."""
    from rich.console import Console as RichConsole
    from rich.markdown import Markdown

    console = RichConsole(force_terminal=True)
    console.width = min(console.width, 100)
    with console.capture() as capture:
        console.print(Markdown(markdown))
    return capture.get()
