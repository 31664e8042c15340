"""Names of keys in `press`.

The names are those of XDO notation, which the platform uses for keyboard input (`/v1/computer/{machine_id}/input/keyboard/key`):
chords joined by `+`, sequences separated by spaces, case ignored.
"""

from __future__ import annotations

from flowdsl.diagnostics.suggest import closest

MODIFIERS = frozenset(("ctrl", "alt", "shift", "win", "cmd", "super", "meta"))
NAMED_KEYS = frozenset(
    (
        *("enter", "return", "esc", "escape", "tab", "backspace", "delete", "insert"),
        *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
        *("space", "capslock"),
        *(f"f{number}" for number in range(1, 13)),
    )
)
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
    return name.lower() in MODIFIERS | NAMED_KEYS or (len(name) == 1 and name.isprintable())


def suggested_key(name: str) -> str | None:
    """The platform's name of the key that `name` probably means."""
    return OTHER_NAMES.get(name.lower()) or closest(name, MODIFIERS | NAMED_KEYS)


def misplaced_modifier(keys: list[str]) -> str | None:
    """The first key before the last that is not a modifier: only the last key of a chord may be another."""
    return next((key for key in keys[:-1] if key.lower() not in MODIFIERS), None)
