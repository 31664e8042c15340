"""A page on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown


def formatted(markdown: str) -> str:
    """Markdown as coloured text, as wide as the terminal and at most 100 columns."""
    console = Console(force_terminal=True)
    console.width = min(console.width, 100)
    with console.capture() as capture:
        console.print(Markdown(markdown))
    return capture.get()
