"""The capabilities of the terminal."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO


def wants_color(mode: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`: `mode` is `auto`, `always` or `never`.

    `auto` means yes for a terminal that understands colour, unless `NO_COLOR` is set to anything
    (https://no-color.org).
    """
    if mode != "auto":
        return mode == "always"
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    # The old Windows console prints escape sequences as text; newer hosts set a variable.
    if os.name == "nt" and not (environ.get("WT_SESSION") or environ.get("TERM")):
        return False
    return is_terminal(stream)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person may read or write at the other end; False for a closed stream."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def find_terminal_width() -> int | None:
    """The columns of standard output as `COLUMNS` or the terminal gives them; None without both."""
    try:
        return max(int(os.environ["COLUMNS"]), 0) or None
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size().columns or None
    except OSError:
        return None
