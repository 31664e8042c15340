"""The spelling of values inside texts, and conditions about texts known at compile time."""

from __future__ import annotations

from typing import Any

MISSING = "__EMPTY__"
"""The platform's spelling of "no value" in a text (Cyberdesk's documentation: concepts, empty
values)."""


def spell_constant(value: Any) -> str:
    """Spell a constant in JSON form as in a text.

    Booleans are `true` and `false`, numbers are in plain decimal notation, lists and objects are
    JSON.
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
    from decimal import Decimal  # needed only for numbers with a decimal point

    return format(Decimal(str(value)), "f")


def _spell_inside(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    return "null" if value is None else spell_constant(value)


def _quote(text: str) -> str:
    import json  # needed only for lists inside texts

    return json.dumps(text, ensure_ascii=False)


# Conditions about texts that are known at compile time.

RELATIONS = ("contains", "starts with", "ends with")


def has_text(whole: Any, relation: str, part: Any) -> bool:
    """Whether a constant contains, starts or ends with another; case-sensitive.

    `relation` is one of `RELATIONS`. An empty text counts as missing: it contains nothing, and
    nothing contains it.
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

    A pattern that cannot be run, which is reported at its own place, matches nothing.
    """
    from flowdsl.source.patterns import Unusable, matches_whole  # few programs have a pattern

    try:
        return text is not None and matches_whole(pattern, spell_constant(text))
    except Unusable:
        return False
