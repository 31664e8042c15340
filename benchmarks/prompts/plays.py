"""What readers of scenes did, beside what the programs mean.

left, done = compare(calls of a reader, calls that are meant)

A call is a list of a verb and its argument. An argument that is meant names words which the one of
a reader has to hold (`a|b`: one of them, `a&b`: both, `!a`: not this one), and that of EXACT verbs
is meant as it is.
What readers may say in several ways is one thing: VERBS and KEYS name the same by other words, keys
pressed one after the other may stand in one call, selecting all and deleting is clearing, who
clears a field need not click it before typing, saves next to each other are one, who double-clicks
has clicked, and looking is no call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Call = list[str]
"""A verb and its argument."""

VERBS = {
    "open": "click",
    "select": "click",
    "choose": "click",
    "doubleclick": "double_click",
    "key": "press",
    "fail": "declare_task_failed",
    "upsert_runtime_values": "save",
    "execute_terminal_command": "run",
    "save_screenshot_as_run_attachment": "capture",
    "mark_file_for_export": "export",
    "copy_to_clipboard": "copy",
    "complete": "done",
}
"""Other words of readers for verbs."""

KEYS = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "control": "ctrl",
    "page_down": "pagedown",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgup": "pageup",
}
"""Other words for keys."""

EXACT = frozenset(("press", "wait", "type"))
"""Verbs whose argument is meant exactly."""

LOOKS = frozenset(("look", "check", "read", "find", "see", "verify", "scroll"))
"""What changes nothing."""

ENDS = ("declare_task_failed", "report", "done")
"""Behind these, to be done says nothing."""

UNITS = {"ms": 0.001, "mil": 0.001, "m": 60, "h": 3600}
"""The seconds in units of time, by how their names begin; any other is a second."""


def compare(calls: Iterable[Call], meant: Iterable[Call]) -> tuple[list[Call], list[Call]]:
    """What a reader left out, and what the reader did that the program does not mean."""
    wanted, given = list(normal(meant)), list(normal(calls))
    # The longest common part of what is behind both places, by their numbers.
    common = [[0] * (len(given) + 1) for _ in range(len(wanted) + 1)]
    for i in reversed(range(len(wanted))):
        for j in reversed(range(len(given))):
            both = common[i + 1][j + 1] + 1 if is_meant(given[j], wanted[i]) else 0
            common[i][j] = max(both, common[i + 1][j], common[i][j + 1])
    left: list[Call] = []
    done: list[Call] = []
    i = j = 0
    while i < len(wanted) and j < len(given):
        if is_meant(given[j], wanted[i]) and common[i][j] == common[i + 1][j + 1] + 1:
            i, j = i + 1, j + 1
        elif common[i][j] == common[i + 1][j]:
            left.append(wanted[i])
            i += 1
        else:
            done.append(given[j])
            j += 1
    return left + wanted[i:], done + given[j:]


def is_meant(call: Call, meant: Call) -> bool:
    """Whether a call is the one that the program means; both are normal."""
    verbs = meant[0].split("|")
    if call[0] not in (*verbs, "click" in verbs and "double_click"):
        return False
    given, wanted = ("".join(each[1:]) for each in (call, meant))
    if call[0] in EXACT:
        return given in (wanted.split("|") if call[0] == "wait" else (wanted,))
    given = plain_words(given)
    return all(
        any(
            (plain_words(word.removeprefix("!")) in given) != word.startswith("!")
            for word in words.split("|")
        )
        for words in wanted.split("&")
    )


def plain_words(text: str) -> str:
    """A text in lower case, without quotation marks and with single blanks."""
    return " ".join(text.lower().translate({ord(each): None for each in "\"'“”⟦⟧⟪⟫"}).split())


def normal(calls: Iterable[Call]) -> Iterator[Call]:
    """Calls in the one way in which they are compared."""
    waiting: list[Call] = []
    for call in _each(calls):
        last = waiting[-1] if waiting else None
        if last is not None and call[0] == last[0] == "save":
            waiting[-1] = ["save", f"{last[1]}&{call[1]}"]
            continue
        if last is not None and call[0] == "done" and last[0] in ENDS:
            continue
        if call[0] == "type" and [each[0] for each in waiting[-2:]] == ["clear", "click"]:
            cleared, clicked = (plain_words(each[1]) for each in waiting[-2:])
            if cleared in clicked or clicked in cleared:
                del waiting[-1]
        waiting.append(call)
        if waiting[-2:] in _CLEARS:
            del waiting[-2:]
            clicked = waiting.pop() if waiting and waiting[-1][0] == "click" else ["click", ""]
            waiting.append(["clear", clicked[1]])
        elif call[0] == "clear" and last is not None and last[0] == "click":
            del waiting[-2]
    yield from waiting


_CLEARS = [[["press", "ctrl+a"], ["press", key]] for key in ("delete", "backspace")]


def _each(calls: Iterable[Call]) -> Iterator[Call]:
    for first, *rest in calls:
        text = "".join(map(str, rest))
        verb = "|".join(
            VERBS.get(each, each) for each in str(first).lower().replace("-", "_").split("|")
        )
        if verb in LOOKS:
            continue
        match verb:
            case "press":
                yield from _pressed(text)
            case "wait":
                yield ["wait", "|".join(_seconds(each) for each in text.split("|"))]
            case "report" if text.lower().strip(" .") in ("done", "completed", "success"):
                yield ["done"]
            case "done":
                yield ["done"]
            case _:
                yield [verb, text]


def _pressed(text: str) -> Iterator[Call]:
    """Each chord of keys, in lower case and with `+` between its keys."""
    found = re.fullmatch(r"(.*?)[ ,(]*(?:x|times)? *(\d+)(?: *(?:times|x))?\)?", text.lower())
    chords, times = (found[1], int(found[2])) if found and found[1].strip() else (text.lower(), 1)
    if re.search(r"\bf$", chords):  # a function key, whose number is not a count
        chords, times = text.lower(), 1
    for _ in range(times):
        together = re.sub(r"\bpage[ _](?=up|down)", "page", re.sub(r" *\+ *", "+", chords))
        for chord in together.replace(",", " ").split():
            yield ["press", "+".join(KEYS.get(key, key) for key in chord.split("+"))]


def _seconds(text: str) -> str:
    """A time in seconds: `90` for `90 s`, `1.5 minutes` and `90`."""
    found = re.match(r" *([\d.]+) *([a-z]*)", text.lower())
    if found is None:
        return text
    unit = next((size for name, size in UNITS.items() if found[2].startswith(name)), 1)
    return f"{float(found[1]) * unit:g}"


# The opposite of a sentence


def changed(calls: list[Call], change: str) -> list[Call]:
    """The calls after a change: `press f2 -> press f3`, `press f2 ->`, `-> press f3; done`.

    What stands before the arrow is left out, which has to be there, and may be only the beginning
    of a call; what stands behind it is done in its place, or else before what is last. Calls are
    parted by `; `.
    """
    before, arrow, after = change.partition("->")
    if not arrow:
        raise ValueError(f"{change}: no arrow")
    rest = list(calls)
    place = len(rest) - 1
    for number, call in enumerate(_spelled(before)):
        text = " ".join(call)
        at = next((at for at, each in enumerate(rest) if " ".join(each).startswith(text)), None)
        if at is None:
            raise ValueError(f"{change}: {text} is not meant")
        place = at if number == 0 else min(place, at)
        del rest[at]
    rest[place:place] = _spelled(after)
    return rest


def _spelled(text: str) -> list[Call]:
    calls = []
    for each in filter(str.strip, text.split("; ")):
        verb, _, argument = each.strip().partition(" ")
        calls.append([verb, argument] if argument or verb != "done" else [verb])
    return calls
