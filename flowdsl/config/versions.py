"""Version ranges such as `>=0.3,<2`."""

from __future__ import annotations

import operator
import re

_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)\s*")
_OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


def is_version_accepted(version: str, required: str) -> bool | None:
    """Whether `version` satisfies all comma-separated clauses of `required`; None if it is invalid.

    Only release numbers count: `0.2.0rc1` is taken as `0.2.0`, and `1` equals `1.0`.
    """
    actual = _parse_release(version)
    for clause in required.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        if not _OPERATORS[match[1]](actual, _parse_release(match[2])):
            return False
    return True


def _parse_release(version: str) -> tuple[int, ...]:
    """Parse the release numbers, without trailing zeros so that equal versions compare equal."""
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(number) for number in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
