"""What `flowdsl fmt` says beside the formatted text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted
from flowdsl.diagnostics.render.terse import terse_line


def syntax_remark(errors: Sequence[Diagnostic], show_path: Callable[[str], str]) -> str:
    """The first syntax error of a file, and what it means for its layout."""
    first = min(errors, key=lambda found: found.span.start)
    line = terse_line(first, show_path)
    more = f" and {counted(len(errors) - 1, 'more error')}" if len(errors) > 1 else ""
    return f"{line}{more}; what is not understood stays as it is"


def self_check_remark(name: str, problem: str) -> str:
    """The message for a file that formatting would have damaged."""
    return f"error: `{printable(name)}` stays as it is: {problem}"


def unreadable_remark(name: str, reason: str) -> str:
    """The message for a file that cannot be read."""
    return f"error: `{printable(name)}` cannot be read: {reason}"


def summary(changed: int, count: int, unreadable: int, *, written: bool) -> str:
    """A summary, as in `3 files reformatted, 12 left unchanged`; `count` is that of all files."""
    would = "" if written else "would be "
    numbers = (
        (changed, f"{would}reformatted"),
        (count - changed - unreadable, f"{would}left unchanged"),
        (unreadable, "not read"),
    )
    parts = [(number, what) for number, what in numbers if number]
    head, *rest = parts
    return ", ".join(
        [f"{counted(head[0], 'file')} {head[1]}", *(f"{number} {what}" for number, what in rest)]
    )
