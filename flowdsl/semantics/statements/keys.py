"""The keys of a `press`.

The names are those of XDO notation, which the platform uses for keyboard input
(`/v1/computer/{machine_id}/input/keyboard/key`): chords joined by `+`, sequences separated by
spaces, case ignored. A name counts as a key if one of the two drivers knows it; the lint rule
`key-of-one-driver` says which of them does not.
"""

from __future__ import annotations

from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.syntax import ast

from .. import errors
from ..capabilities import MODIFIERS, NAMED_KEYS, NEW_KEYS, NEW_MODIFIERS
from ..names.scopes import ValueScope
from .loops import report_count_below_one

OTHER_NAMES = {
    "windows": "win",
    "command": "cmd",
    "arrowup": "up",
    "arrowdown": "down",
    "arrowleft": "left",
    "arrowright": "right",
    "spacebar": "space",
    "caps": "capslock",
}
"""Names from other tools that neither driver knows, each mapped to the platform's name of the
key."""


def chord_keys(chord: str) -> list[str]:
    """Split a chord into keys; the key `+` itself may be the only or the last one (`ctrl++`)."""
    if chord == "+":
        return ["+"]
    if chord.endswith("++"):
        return [*chord[:-2].split("+"), "+"]
    return chord.split("+")


_NAMES = MODIFIERS | NAMED_KEYS


def is_shared_key(name: str) -> bool:
    """Whether both drivers know the key: a modifier, a named key, or one printable character."""
    return name.lower() in _NAMES or (len(name) == 1 and name.isprintable())


def is_key(name: str) -> bool:
    """Whether one of the drivers knows the key."""
    return is_shared_key(name) or find_shared_name(name) != name


def find_shared_name(name: str) -> str | None:
    """Return the name that both drivers know for a key that only the new one knows.

    None if there is no such name; any other name is returned unchanged.
    """
    if is_shared_key(name):
        return name
    bare = name.lower().replace("-", "").replace("_", "")
    if bare in _NAMES:
        return bare
    return NEW_KEYS[bare] if bare in NEW_KEYS else NEW_MODIFIERS.get(bare, name)


def suggest_key(name: str) -> str | None:
    """Return the platform's name of the key that `name` probably means; None if unclear."""
    return OTHER_NAMES.get(name.lower()) or find_closest_name(name, _NAMES)


def find_misplaced_modifier(keys: list[str]) -> str | None:
    """Return the first key before the last one that is not a modifier.

    None if all of them are.
    """
    return next(
        (key for key in keys[:-1] if str(find_shared_name(key)).lower() not in MODIFIERS), None
    )


def check_press(scope: ValueScope, statement: ast.PressStmt) -> None:
    """Report unknown keys, malformed chords, and repeat counts below 1."""
    if statement.times is not None:
        report_count_below_one(scope, statement.times)
    chords = statement.keys.value.split()
    if not chords:
        help = "name a key, as in `Enter`"
        scope.report(errors.UNKNOWN_KEY, statement.keys, key='""', help=help)
    for chord in chords:
        names = chord_keys(chord)
        unknown = [chord] if "" in names else [name for name in names if not is_key(name)]
        for name in unknown:
            near = suggest_key(name)
            help = (
                f"a key named `{near}` exists"
                if near is not None
                else (
                    "keys are `enter`, `tab`, `f5`, single characters and the like, chords `ctrl+s`"
                )
            )
            scope.report(errors.UNKNOWN_KEY, statement.keys, key=name, help=help)
        wrong = find_misplaced_modifier(names)
        if wrong is not None and not unknown:
            scope.report(errors.MALFORMED_CHORD, statement.keys, key=wrong, chord=chord)
