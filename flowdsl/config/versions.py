"""Version ranges such as `>=0.3,<2`."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*")


def is_version_accepted(version: str, required: str) -> bool | None:
    """Whether `version` satisfies all comma-separated clauses of `required`; None if it is invalid.

    Only release numbers count: `0.2.0rc1` is taken as `0.2.0`, and `1` equals `1.0`.
    """
    actual = _parse_release(version)
    for clause in required.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        if not _is_clause_met(actual, match[1], _parse_release(match[2])):
            return False
    return True


def _is_clause_met(actual: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    match operator:
        case ">=":
            return actual >= bound
        case "<=":
            return actual <= bound
        case ">":
            return actual > bound
        case "<":
            return actual < bound
        case "==":
            return actual == bound
        case _:
            return actual != bound


def _parse_release(version: str) -> tuple[int, ...]:
    """Parse the release numbers, without trailing zeros so that equal versions compare equal."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(number) for number in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
