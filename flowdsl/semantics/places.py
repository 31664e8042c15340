"""Which kinds of values each kind of place in a program may hold, one row per kind of place."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.syntax import statements

from .model import CONST, ENVIRONMENT, INPUT, LOOP, PARAMETER, RUNTIME, SECRET, STEP

_CONSTANTS = frozenset((CONST, ENVIRONMENT))
_KNOWN_AT_START = _CONSTANTS | {INPUT}
_FIXED = _KNOWN_AT_START | {PARAMETER, LOOP}
_PLAIN = _FIXED | {RUNTIME}


class Place(Record):
    """A kind of place: its name in a sentence, and the kinds of values it may hold."""

    title: str
    allowed: frozenset[str]


INSTRUCTION = Place("this instruction", _PLAIN)
DO = Place("a `do` text", _PLAIN | {SECRET})
TYPED = Place("typed text", _PLAIN | {SECRET})
REASON = Place("a reason", _PLAIN)
FILE_NAME = Place("a file name", _PLAIN)
VALUE = Place("this value", _PLAIN)
CONDITION = Place("a condition", _PLAIN)
COMMAND = Place("a command", _FIXED)
LOOP_SOURCE = Place("the list of a `for`", _PLAIN)
BOUND = Place("the bound of a loop", frozenset((CONST, INPUT)))
STEP_TITLE = Place("a step title", _FIXED)
CHECK = Place("a check", _KNOWN_AT_START | {LOOP})
CHECK_LIST = Place("the list of `files each`", CHECK.allowed | {RUNTIME})
SETTING = Place("a setting", _CONSTANTS)
TEST_VALUE = Place("a test", _CONSTANTS)
CONSTANT = Place("a constant", _CONSTANTS)
SECRET_ARGUMENT = Place("a secret argument", frozenset((SECRET,)))
CHAIN_VALUE = Place("a value of a chain", _KNOWN_AT_START | {STEP})
CHAIN_SECRET = Place("a secret of a chain", frozenset((SECRET,)))

OF_ROLE = {
    statements.TITLE: STEP_TITLE,
    statements.DO: DO,
    statements.TARGET: INSTRUCTION,
    statements.TYPED: TYPED,
    statements.AWAITED: INSTRUCTION,
    statements.EXPECTED: INSTRUCTION,
    statements.SOURCE: INSTRUCTION,
    statements.SHOWN: INSTRUCTION,
    statements.COMMAND: COMMAND,
    statements.FILE: FILE_NAME,
    statements.REASON: REASON,
}
"""The place that the texts of statements are, by their role."""
