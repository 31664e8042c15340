"""The keys of a `press`.

The names are those of XDO notation, which the platform uses for keyboard input (`/v1/computer/{machine_id}/input/keyboard/key`):
chords joined by `+`, sequences separated by spaces, case ignored.
"""

from __future__ import annotations

from flowdsl.diagnostics.suggest import closest
from flowdsl.syntax import ast

from . import errors
from .loop_bounds import check_count
from .program import Program
from .scopes import ValueScope

MODIFIERS = frozenset(("ctrl", "alt", "shift", "win", "cmd", "super", "meta"))
NAMED_KEYS = frozenset(
    (
        *("enter", "return", "esc", "escape", "tab", "backspace", "delete", "insert"),
        *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
        *("space", "capslock"),
        *(f"f{number}" for number in range(1, 13)),
    )
)
_NAMES = MODIFIERS | NAMED_KEYS
OTHER_NAMES = {
    "control": "ctrl",
    "windows": "win",
    "command": "cmd",
    "option": "alt",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
    "arrowup": "up",
    "arrowdown": "down",
    "arrowleft": "left",
    "arrowright": "right",
    "spacebar": "space",
    "caps": "capslock",
}
"""Names that other tools use, and the platform's name for the same key."""


def chord_keys(chord: str) -> list[str]:
    """The keys of one chord. The key `+` itself may stand alone or last (`ctrl++`)."""
    if chord == "+":
        return ["+"]
    if chord.endswith("++"):
        return [*chord[:-2].split("+"), "+"]
    return chord.split("+")


def is_key(name: str) -> bool:
    """Whether `name` is a key of the platform: a modifier, a named key, or one printable character."""
    return name.lower() in _NAMES or (len(name) == 1 and name.isprintable())


def suggested_key(name: str) -> str | None:
    """The platform's name of the key that `name` probably means."""
    return OTHER_NAMES.get(name.lower()) or closest(name, _NAMES)


def misplaced_modifier(keys: list[str]) -> str | None:
    """The first key before the last that is not a modifier: only the last key of a chord may be another."""
    return next((key for key in keys[:-1] if key.lower() not in MODIFIERS), None)


def check_press(program: Program, scope: ValueScope, statement: ast.PressStmt) -> None:
    """Report keys that the platform does not know, chords that are none, and a count of times below 1."""
    if statement.times is not None:
        check_count(program, scope, statement.times)
    source = scope.module.source
    chords = statement.keys.value.split()
    if not chords:
        span = statement.keys.span(source)
        help = "name a key, as in `Enter`"
        program.sink.report(errors.UNKNOWN_KEY, span, key='""', help=help)
    for chord in chords:
        names = chord_keys(chord)
        unknown = [chord] if "" in names else [name for name in names if not is_key(name)]
        for name in unknown:
            near = suggested_key(name)
            help = (
                f"a key named `{near}` exists"
                if near is not None
                else "keys are `enter`, `tab`, `f5`, single characters and the like, chords `ctrl+s`"
            )
            span = statement.keys.span(source)
            program.sink.report(errors.UNKNOWN_KEY, span, key=name, help=help)
        wrong = misplaced_modifier(names)
        if wrong is not None and not unknown:
            span = statement.keys.span(source)
            program.sink.report(errors.MALFORMED_CHORD, span, key=wrong, chord=chord)
