"""The Markdown of the comment: the marker by which it is found again, and its length."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

LIMIT = 65_000
"""Bytes of UTF-8.

GitHub takes 65,536 characters and GitLab more; no text has more characters than bytes.
"""

_LONGEST = 1 << 18
"""Bytes of a project file; `tomllib` takes quadratic time for a long key."""

_MARKER = re.compile(r"<!-- flowdsl-plan [A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,100} -->")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_CUT = "\n_The rest is left out here; the job has the whole plan._\n"


def marker_of(text: str) -> str | None:
    """The line by which a comment is found again: its first one, if it is a marker of ours."""
    first = text.partition("\n")[0].strip()
    return first if _MARKER.fullmatch(first) else None


def expected_marker(folder: Path, environment: str) -> str | None:
    """The marker for the project in `folder`, if no plan was written.

    None if `flowdsl.toml` does not tell the project's id.
    """
    try:
        with (folder / "flowdsl.toml").open("rb") as file:
            content = file.read(_LONGEST + 1)
        if len(content) > _LONGEST:
            return None
        project = tomllib.loads(content.decode())
        if not environment:
            (environment,) = project["env"]
        marker = f"<!-- flowdsl-plan {project['project']['id']}/{environment} -->"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return marker_of(marker)


def with_note(text: str, note: str) -> str:
    """`text`, with a sentence below its marker."""
    marker, _, rest = text.partition("\n")
    return f"{marker}\n**{note}**\n\n{rest.lstrip()}"


def bounded(text: str, footer: str = "", limit: int = LIMIT) -> str:
    """`text` and `footer`, at most `limit` bytes long.

    Lines are left out at the end of the text; a fence or a `<details>` that is open there is
    closed.
    """
    text = text.rstrip() + "\n"
    footer = f"\n{footer}\n" if footer else ""
    room = limit - _size(footer)
    end = _closing(*_open_at_the_end(text))
    if _size(text) + _size(end) <= room:
        return text + end + footer
    room -= _size(_CUT)
    kept: list[str] = []
    fence, open_details, used = "", 0, 0
    for line in _lines(text):
        next_fence, next_details = _after(line, fence, open_details)
        used += _size(line)
        if used + _size(_closing(next_fence, next_details)) > room:
            break
        kept.append(line)
        fence, open_details = next_fence, next_details
    return "".join(kept) + _closing(fence, open_details) + _CUT + footer


def _open_at_the_end(text: str) -> tuple[str, int]:
    fence, open_details = "", 0
    for line in _lines(text):
        fence, open_details = _after(line, fence, open_details)
    return fence, open_details


def _lines(text: str) -> list[str]:
    """The lines with their ends; Markdown knows fewer line ends than Python."""
    return [line + "\n" for line in text.removesuffix("\n").split("\n")]


def _after(line: str, fence: str, open_details: int) -> tuple[str, int]:
    """The open fence, and the number of open `<details>`, after a line."""
    found = _FENCE.match(line)
    if fence:
        closes = found is not None and found[1].startswith(fence) and not found[2].strip()
        return ("" if closes else fence), open_details
    # With backticks behind it, a row of backticks is code inside a line, not a fence.
    if found is not None and not (found[1][0] == "`" and "`" in found[2]):
        return found[1], open_details
    return "", max(0, open_details + line.count("<details") - line.count("</details>"))


def _closing(fence: str, open_details: int) -> str:
    return (f"{fence}\n" if fence else "") + "\n</details>\n" * open_details


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
