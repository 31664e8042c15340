"""Remarks of the importer on a workflow, by weight."""

from __future__ import annotations

from flowdsl.source.record import Record

OPEN, LOST, WRONG, RISKY, NAMED, PASSED, KEPT = range(7)
"""What a remark is about; what matters most comes first.

In this order: security is missing, something comes out differently, something looks like a mistake,
something may surprise, a name was chosen, a field is passed on, a part is kept verbatim.
"""


class Remark(Record):
    """A remark on one workflow.

    `many` stands for the remarks on many workflows: the words behind their number. `cause` is the
    reason, in words that fit behind `many`; the most frequent causes are shown.
    """

    weight: int
    message: str
    many: str = ""
    cause: str = ""


def quotation(words: str, longest: int = 60) -> str:
    """Words of a payload as a note quotes them: without backticks, at most `longest` characters."""
    plain = words.replace("`", "")
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
