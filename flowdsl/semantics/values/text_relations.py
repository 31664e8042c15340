"""Conditions about texts that are known while compiling."""

from __future__ import annotations

from typing import Any

from .spelling import spell

RELATIONS = ("contains", "starts with", "ends with")


def has_text(whole: Any, relation: str, part: Any) -> bool:
    """Whether a constant has another in it or at one of its ends. Letter case counts.

    `relation` is one of `RELATIONS`. A missing text, which an empty one is, has and is no part.
    """
    if whole in (None, "") or part in (None, ""):
        return False
    text, sought = spell(whole), spell(part)
    match relation:
        case "contains":
            return sought in text
        case "starts with":
            return text.startswith(sought)
        case _:
            return text.endswith(sought)


def has_pattern(text: Any, pattern: str) -> bool:
    """Whether a regular expression matches the whole of a constant.

    A pattern that cannot be run, which is reported where it stands, matches nothing.
    """
    from flowdsl.source.patterns import Unusable, matches_whole  # few programs have a pattern

    try:
        return text is not None and matches_whole(pattern, spell(text))
    except Unusable:
        return False
