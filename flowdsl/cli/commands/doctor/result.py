"""The result of one check of `flowdsl doctor`."""

from __future__ import annotations

from typing import Literal

from flowdsl.source.record import Record

Outcome = Literal["ok", "note", "problem", "unknown"]
"""`note` is worth knowing and needs no action; `unknown` could not be found out."""


class DoctorResult(Record):
    """What one check found.

    `subject` names what was looked at, and `environment` whose it is, empty for what all share.
    `advice` says what to do, empty if there is nothing to do.
    """

    subject: str
    outcome: Outcome
    message: str
    advice: str = ""
    environment: str = ""
