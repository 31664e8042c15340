"""How a value is spelled inside a text, and conditions about texts known while compiling."""

from __future__ import annotations

from typing import Any

MISSING = "__EMPTY__"
"""How the platform spells "no value" in a text (docs: concepts, empty values)."""


def spell_constant(value: Any) -> str:
    """A constant in JSON form as a text shows it.

    Truth values are `true` and `false`, numbers stand in plain decimal notation, lists and objects
    as JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return MISSING
    if isinstance(value, list):
        return f"[{', '.join(map(_spell_inside, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_quote(key)}: {_spell_inside(entry)}" for key, entry in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, int):
        return str(value)
    from decimal import Decimal  # needed for numbers with a point only

    return format(Decimal(str(value)), "f")


def _spell_inside(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    return "null" if value is None else spell_constant(value)


def _quote(text: str) -> str:
    import json  # needed for lists inside texts only

    return json.dumps(text, ensure_ascii=False)


# Conditions about texts that are known while compiling.

RELATIONS = ("contains", "starts with", "ends with")


def has_text(whole: Any, relation: str, part: Any) -> bool:
    """Whether a constant has another in it or at one of its ends. Letter case counts.

    `relation` is one of `RELATIONS`. A missing text, which an empty one is, has and is no part.
    """
    if whole in (None, "") or part in (None, ""):
        return False
    text, sought = spell_constant(whole), spell_constant(part)
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
        return text is not None and matches_whole(pattern, spell_constant(text))
    except Unusable:
        return False
