"""How prose names what to act on: the words for controls, and where a name ends without having told which one is meant."""

from __future__ import annotations

import re
from functools import cache

CONTROLS = frozenset(
    (
        "box",
        "button",
        "checkbox",
        "dropdown",
        "field",
        "fields",
        "icon",
        "key",
        "link",
        "menu",
        "option",
        "radio",
        "suggestion",
        "tab",
        "textbox",
        "tile",
        "toggle",
        "combobox",
    )
)
"""Words for a control that name none in particular."""

ENDS = frozenset(("again", "and", "once", "then", "twice"))

_OTHER_PURPOSE = r"\bto (?:close|open|reach) $"
_VERBS = (
    r"\b(?:check|choose|clear|click|enter|fill|find|focus|hit|key|look for|open|pick|press|push|put|select|tap"
    r"|tick|toggle|type|uncheck|untick|use|write)\b"
)
_PLACES = frozenset(("dialog", "form", "page", "pop-up", "popup", "screen", "window"))
_OWNERS = frozenset(("its", "the", "their", "your"))


def ends_naming(text: str) -> bool:
    """Whether `text`, what comes behind a control, tells nothing more about which one it is."""
    rest = text.lstrip()
    if not rest or rest[0] in ".;!?":
        return True
    if rest[0] == ",":
        return not rest[1:].lstrip().startswith(("'", '"', "\\"))
    words = rest.split(None, 4)
    if words[0] in ENDS:
        return True
    if words[0] == "to":
        return len(words) > 1 and words[1] not in _OWNERS
    if len(words) > 2 and words[0] in ("in", "on", "of") and words[1] in ("the", "this", "that"):
        place = words[2].rstrip(".;!?,")
        return place in _PLACES and ends_naming(
            rest[rest.index(place, len(words[0]) + 4) + len(place) :]
        )
    return False


def is_acted_on(before: str) -> bool:
    """Whether `before`, the text in front of a control, tells an agent to act on it, and names nothing that it could be."""
    if (
        re.search(_OTHER_PURPOSE, before)
        or re.search(r"[\\'\"“‘]", before)
        or re.search(r"(?<=[\w,;] )[A-Z]", before)
    ):
        return False
    clause = re.split(r"[.;!?]\s", before)[-1]
    return _verbs().search(clause) is not None


@cache
def _verbs() -> re.Pattern[str]:
    return re.compile(_VERBS, re.IGNORECASE)
