"""The comment on a pull request after a plan."""

from __future__ import annotations

from pathlib import Path

from ..commands import Planned
from ..errors import meaning
from ..rest import RestError
from .sticky import Done, Thread, keep
from .text import bounded, expected_marker, marker_of, with_note


def comment_on_plan(
    thread: Thread, planned: Planned, folder: Path, environment: str, footer: str
) -> Done | str:
    """Brings the comment up to date.

    Returns what was done, or a sentence that says why nothing could be. Only a plan with something
    to say makes a new comment. An empty one, or one that failed early, only changes an existing
    comment, so that no old plan stands there as if it held.
    """
    text, create = planned.summary, planned.changes is not False
    if text and planned.code:
        text = with_note(
            text, f"`plan` ended with exit code {planned.code}: {meaning(planned.code)}."
        )
    if not text:
        marker, create = expected_marker(folder, environment), False
        if marker is None:
            return (
                "no comment is written: there is no plan, and `flowdsl.toml` does not tell the "
                "project's id"
            )
        text = f"{marker}\n**There is no plan for this commit.** {_reason(planned)}\n"
    if marker_of(text) is None:
        return (
            "no comment is written: the plan does not begin with the line by which a comment is "
            "found again"
        )
    try:
        return keep(thread, bounded(text, footer), create=create)
    except RestError as error:
        hint = "; the token may not write comments" if error.status in (401, 403, 404) else ""
        return f"the comment is not up to date: {error}{hint}"


def _reason(planned: Planned) -> str:
    return f"Exit code {planned.code}: {meaning(planned.code)}. The log of the job tells more."
