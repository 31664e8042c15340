"""Names of files that come from a machine, made safe to write. Pure.

The name of an attachment is whatever the machine, or an agent on it, called the file: it may hold a
path, a device or what drives a terminal. What is left of it names one file in one folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection

LONGEST = 200
"""Bytes of a name in UTF-8; file systems take 255, and a number may be added."""

NAMELESS = "attachment"

_UNSAFE = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)")


def safe_name(name: str) -> str:
    """One name of a file in any folder of any system, as near to `name` as that goes."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(each if each.isprintable() else "_" for each in last)
    shown = _UNSAFE.sub("_", shown).strip().rstrip(". ").lstrip(" ")
    if not shown.strip(".") or shown.startswith("."):
        shown = shown.lstrip(".")
    shown = shown or NAMELESS
    if _DEVICES.match(shown):
        shown = f"_{shown}"
    return _cut(shown, LONGEST)


def unused_name(name: str, taken: Collection[str]) -> str:
    """`name`, or one with a number where it is taken; names that differ in case alone are one."""
    known = {each.casefold() for each in taken}
    if name.casefold() not in known:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    number = 2
    while f"{stem} ({number}){dot}{ending}".casefold() in known:
        number += 1
    return f"{stem} ({number}){dot}{ending}"


def _cut(name: str, longest: int) -> str:
    """The name within so many bytes, with its ending kept where that is a short one."""
    if len(name.encode()) <= longest:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = longest - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending
