"""What the owner of an imported workflow should know about it."""

from __future__ import annotations

from flowdsl.source.record import Record

OPEN, LOST, WRONG, RISKY, NAMED, PASSED, KEPT = range(7)
"""What a note is about, what matters most first: security is missing, something comes out differently, looks like a mistake, can
surprise, has got a name, is passed on, is kept verbatim.
"""


class Remark(Record):
    """A note on a workflow.

    `many` stands for the notes of many workflows: what is said behind their number. `cause` is why, in words that fit behind all of
    them; the most frequent ones are told.
    """

    weight: int
    message: str
    many: str = ""
    cause: str = ""


def quotation(words: str, longest: int = 60) -> str:
    """Words of a payload as a note quotes them."""
    plain = words.replace("`", "")
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
