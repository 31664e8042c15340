"""Embeds text from sources and servers in Markdown for GitHub.

The text is always shown literally, whatever it contains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from flowdsl.diagnostics.render.cells import make_printable

NOTHING = "\u200b"
"""A zero-width character that breaks up a mention, a reference or a link."""

_ACTIVE = re.compile(r"[@#]|:(?=//)|www(?=\.)|gh(?=-)", re.IGNORECASE)
_MARKUP = re.compile(r"[\\`*_\[\]<>#!|~&$@^]")
_QUOTED = re.compile(r"`([^`]*)`")
_RUNS = re.compile("`+")


def format_code_span(text: str, width: int) -> str:
    """Text as a code span, truncated to `width` characters."""
    shown = shorten_text(make_printable(text), width) or " "
    fence = "`" * (_longest_run(shown) + 1)
    padded = shown.startswith("`") or shown.endswith("`") or (shown[0] == shown[-1] == " ")
    blank = " " if padded and shown.strip() else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def html_code(text: str, width: int) -> str:
    """Text as a `<code>` element, truncated to `width` characters."""
    return f"<code>{escape(shorten_text(make_printable(text), width))}</code>"


def format_prose(text: str, width: int) -> str:
    """A sentence, truncated to `width` characters; text in backticks becomes a code span."""
    shown, pieces, at = shorten_text(make_printable(text), width), [], 0
    for match in _QUOTED.finditer(shown):
        quoted = match.group(1)
        pieces += [
            _escape_plain_text(shown[at : match.start()]),
            format_code_span(quoted, len(quoted)) if quoted else "",
        ]
        at = match.end()
    return "".join([*pieces, _escape_plain_text(shown[at:])])


def fence_lines(lines: Sequence[str], language: str) -> str:
    """Lines, which have to be printable, as a code block."""
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def shorten_text(text: str, width: int) -> str:
    """Truncate text to `width` characters, ending in an ellipsis if it was longer."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _escape_plain_text(text: str) -> str:
    inert = _ACTIVE.sub(lambda match: match.group() + NOTHING, text)
    return _MARKUP.sub(lambda match: "\\" + match.group(), inert)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUNS.findall(text)), default=0)
