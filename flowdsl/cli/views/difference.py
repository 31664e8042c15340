"""Two values of a field beside each other, whole: words of a prompt, lines of a schema, or one value and the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Any

from flowdsl.diagnostics.render.cells import printable

GOOD, BAD, WARNED, QUIET = "green", "red", "yellow", "dim"
ADDED, REMOVED = "green underline", "red strike"
Part = tuple[str, str]
"""Text and its style; no style is the empty string. `ADDED` and `REMOVED` words are marked where there is no colour."""

Line = list[Part]

INDENT = "      "
SHORT = 100
"""Characters up to which a value stands on the line of its field."""

WORD_PAIRS = 4_000_000
"""Up to so many pairs of words are compared; longer passages are compared line by line, or shown as lines that go and
lines that come."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def field_lines(
    path: str, before: Any, after: Any, *, unified: bool = False, remark: str = ""
) -> Iterator[Line]:
    """A field and how its value `before` becomes `after`, in normal form; `remark` is said behind its name."""
    said = [(f"  {remark}", WARNED)] if remark else []
    shown = [_one_line(value) for value in (before, after)]
    texts = isinstance(before, str) and isinstance(after, str)
    if not texts and all(len(each) <= SHORT for each in shown):
        yield [
            (f"    {printable(path)}: ", ""),
            (shown[0], BAD),
            (" -> ", ""),
            (shown[1], GOOD),
            *said,
        ]
        return
    yield [(f"    {printable(path)}", ""), *said]
    old, new = _text(before), _text(after)
    if unified or not texts:
        yield from _unified(old, new)
    else:
        yield from _words(old, new)


def unified_text(before: Any, after: Any) -> str:
    """A unified diff of two values without a head, for programs."""
    return "\n".join(_diff_lines(_text(before), _text(after)))


def painted(lines: Sequence[Line], color: bool) -> str:
    """Plain text, in which words that go and come have the marks of `git diff --word-diff`, or coloured text."""
    if not color:
        marks = {REMOVED: ("[-", "-]"), ADDED: ("{+", "+}")}
        return "\n".join(
            "".join(text.join(marks[style]) if style in marks else text for text, style in line)
            for line in lines
        )
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    sheet = StringIO()
    console = Console(file=sheet, force_terminal=True, color_system="standard", width=10_000)
    for line in lines:
        console.print(Text.assemble(*((text, style) for text, style in line)), soft_wrap=True)
    return sheet.getvalue().rstrip("\n")


def _one_line(value: Any) -> str:
    return "none" if value is None else printable(json.dumps(value, ensure_ascii=False))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def _diff_lines(before: str, after: str) -> Iterator[str]:
    lines = unified_diff(_lines(before), _lines(after), lineterm="")
    return (line for number, line in enumerate(lines) if number > 1)


def _unified(before: str, after: str) -> Iterator[Line]:
    styles = {"-": BAD, "+": GOOD, "@": QUIET}
    for line in _diff_lines(before, after):
        yield [(INDENT, ""), (printable(line), styles.get(line[:1], ""))]


def _words(before: str, after: str) -> Iterator[Line]:
    old, new = _lines(before), _lines(after)
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for gone, come in _passages(old[a:b], new[c:d]):
                for parts in _changed_words(gone, come):
                    yield [(INDENT, ""), *parts]


def _passages(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """What is compared word by word: the whole, or line by line where that would take long and the lines match in number."""
    before, after = "\n".join(old), "\n".join(new)
    pairs = len(_WORDS.findall(before)) * len(_WORDS.findall(after))
    if pairs > WORD_PAIRS and len(old) == len(new):
        yield from zip(old, new, strict=True)
    else:
        yield before, after


def _changed_words(before: str, after: str) -> list[Line]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Part] = []
    if len(old) * len(new) > WORD_PAIRS:
        pieces = [(before, REMOVED), ("\n", ""), (after, ADDED)]
    else:
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                pieces.append(("".join(old[a:b]), ""))
                continue
            pieces += [("".join(old[a:b]), REMOVED), ("".join(new[c:d]), ADDED)]
    lines: list[Line] = [[]]
    for text, style in pieces:
        for number, line in enumerate(text.split("\n")):
            if number:
                lines.append([])
            if line:
                lines[-1].append((printable(line), style))
    return [line for line in lines if line]


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []
