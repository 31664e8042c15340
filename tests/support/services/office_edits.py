"""Edits of the prompt of a workflow as somebody in an office makes them, drawn at random.

Each takes the prompt as it was deployed, and returns it edited; None if nothing in the prompt can
be edited so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from html import escape

LIKE = {
    "Open": "Bring up",
    "Click": "Hit",
    "Check": "Verify",
    "Read": "Look up",
    "Wait": "Hold on",
    "Find": "Look for",
    "Type": "Enter",
    "Press": "Hit",
    "Select": "Mark",
    "open": "bring up",
    "click": "hit",
    "type": "enter",
    "field": "box",
    "window": "dialog",
    "page": "screen",
    "list": "table",
    "row": "line",
    "button": "key",
    "message": "notice",
    "shown": "displayed",
    "visible": "displayed",
    "record": "entry",
    "bottom": "foot",
    "top": "head",
    "number": "no.",
    "name": "title",
    "fail": "stop",
}
"""Words, each with one that people use for it."""

ADDED = (
    "Take your time.",
    "If a survey pops up, close it.",
    "The window may be behind another one.",
    'Ignore the banner "Maintenance tonight".',
)
"""Sentences that people add."""

_LINE = re.compile(r"^( *)([0-9][0-9.]*|-) (.+)$")
_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z])")
_QUOTED = re.compile(r'"([A-Z][^"{}]*)"')
_WORD = re.compile(r"(?<![\w{$\"=])[a-z]{4,}(?![\w}])")

Edit = Callable[[random.Random, str], str | None]


def _steps(lines: Sequence[str]) -> list[int]:
    """The numbers of the lines of the steps that have a number or a bullet."""
    start = lines.index("Steps") if "Steps" in lines else len(lines)
    return [at for at in range(start, len(lines)) if _LINE.match(lines[at])]


def _change_line(change: Callable[[random.Random, str], str | None]) -> Edit:
    """An edit of the words of one line, behind its number, drawn among the lines it suits."""

    def edit(rng: random.Random, prompt: str) -> str | None:
        lines = prompt.split("\n")
        places = _steps(lines)
        rng.shuffle(places)
        for at in places:
            found = _LINE.match(lines[at])
            new = None if found is None else change(rng, found[3])
            if found is not None and new is not None and new != found[3]:
                lines[at] = lines[at][: found.start(3)] + new
                return "\n".join(lines)
        return None

    return edit


def _use_synonym(rng: random.Random, words: str) -> str | None:
    known = [each for each in re.finditer(r"\w+", words) if each[0] in LIKE]
    if not known:
        return None
    found = rng.choice(known)
    return words[: found.start()] + LIKE[found[0]] + words[found.end() :]


def _add_sentence(rng: random.Random, words: str) -> str | None:
    return None if words.endswith(":") else f"{words} {rng.choice(ADDED)}"


def _swap_sentences(rng: random.Random, words: str) -> str | None:
    """Exchange sentences of a whole line, or of a text in “ ” in it."""
    marked = re.search("“([^“”]*)”", words)
    start, end = (0, len(words)) if marked is None else marked.span(1)
    parts = _SENTENCES.split(words[start:end])
    if len(parts) < 2 or words.endswith(":"):
        return None
    at = rng.randrange(len(parts) - 1)
    parts[at : at + 2] = parts[at + 1], parts[at]
    return words[:start] + " ".join(parts) + words[end:]


def _exchange_letters(rng: random.Random, words: str) -> str | None:
    """A typo; to mend one is the same edit the other way round."""
    known = list(_WORD.finditer(words))
    if not known:
        return None
    found = rng.choice(known)
    at = found.start() + rng.randrange(1, len(found[0]) - 1)
    return words[:at] + words[at + 1] + words[at] + words[at + 2 :]


def _replace_value(rng: random.Random, words: str) -> str | None:
    quoted = list(_QUOTED.finditer(words))
    if not quoted or "model=" in words:
        return None
    found = rng.choice(quoted)
    return f"{words[: found.start(1)]}{found[1]} (new){words[found.end(1) :]}"


def _insert_bullet(rng: random.Random, prompt: str) -> str | None:
    lines = prompt.split("\n")
    bullets = [
        at
        for at in _steps(lines)
        if lines[at].lstrip().startswith("- ") and not lines[at].endswith(":")
    ]
    if not bullets:
        return None
    at = rng.choice(bullets)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at + 1, f"{indent}- {rng.choice(ADDED)}")
    return "\n".join(lines)


def _make_bold(rng: random.Random, prompt: str) -> str | None:
    """A sentence added in bold letters, saved by an editor of rich text."""
    if prompt.startswith("<p>"):
        return None
    mark = "\x00"
    added = _change_line(
        lambda rng, words: (
            None if words.endswith(":") else f"{words} {mark}{rng.choice(ADDED)}{mark}"
        )
    )(rng, prompt)
    if added is None:
        return None
    before, bold, after = added.split(mark)
    text = f"{escape(before, quote=False)}<strong>{escape(bold)}</strong>{escape(after, False)}"
    return "".join(f"<p>{line or '<br>'}</p>" for line in text.replace("  ", "&nbsp; ").split("\n"))


def _split_line(rng: random.Random, prompt: str) -> str | None:
    lines = prompt.split("\n")
    places = _steps(lines)
    rng.shuffle(places)
    for at in places:
        found = _LINE.match(lines[at])
        if found is None or found[3].endswith(":"):
            continue
        cut = re.search(r"(?:(?<=[.!?])|,(?: then| and)?) (?=[A-Za-z])| and (?=[a-z]+ )", found[3])
        if cut is None:
            continue
        first, rest = found[3][: cut.start()].rstrip("."), found[3][cut.end() :]
        head = lines[at][: found.start(3)]
        lead = head if found[2] == "-" else found[1]
        lines[at : at + 1] = [f"{head}{first}.", f"{lead}{rest[0].upper()}{rest[1:]}"]
        return "\n".join(lines)
    return None


def _join_lines(rng: random.Random, prompt: str) -> str | None:
    lines = prompt.split("\n")
    places = _steps(lines)
    rng.shuffle(places)
    for at in places:
        one = _LINE.match(lines[at])
        other = _LINE.match(lines[at + 1]) if at + 1 < len(lines) else None
        below = _LINE.match(lines[at + 2]) if at + 2 < len(lines) else None
        if one is None or other is None or one[1] != other[1]:
            continue
        if one[3].endswith(":") or other[3].endswith(":"):
            continue
        if below is not None and len(below[1]) > len(other[1]):
            continue
        lines[at : at + 2] = [f"{lines[at]} {other[3]}"]
        return "\n".join(lines)
    return None


KINDS: dict[str, Edit] = {
    "a synonym": _change_line(_use_synonym),
    "a sentence added to a line": _change_line(_add_sentence),
    "two sentences of a line exchanged": _change_line(_swap_sentences),
    "a typo": _change_line(_exchange_letters),
    "a quoted text replaced": _change_line(_replace_value),
    "a bullet put in": _insert_bullet,
    "a sentence in bold, saved as HTML": _make_bold,
    "a line split in two": _split_line,
    "two lines joined": _join_lines,
}
"""The kinds of edits."""
