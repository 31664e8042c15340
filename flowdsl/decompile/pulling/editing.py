"""Edits of source texts as data, and functions for the lines around a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from flowdsl.source.alignment import Effort
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record


class Edit(Record, eq=True):
    r"""Replaces the characters from `start` to `end` of a file by `text`.

    The line breaks of `text` are `\n`.
    """

    path: str
    start: int
    end: int
    text: str


class Overlap(ValueError):
    """Raised when two edits change the same place."""


def apply_edits(
    files: FileSystem, texts: Mapping[str, str], edits: Iterable[Edit]
) -> dict[str, str]:
    """Return `texts` after edits; a file that is not among them is read from `files`.

    Inserted text gets the line breaks of its file. Raises `Overlap`.
    """
    changed = dict(texts)
    by_path: dict[str, list[Edit]] = {}
    for each in dict.fromkeys(edits):
        by_path.setdefault(each.path, []).append(each)
    for path, own in by_path.items():
        text = changed.get(path)
        if text is None:
            text = files.read_text(path)
        own.sort(key=lambda each: (each.start, each.end))
        for first, second in pairwise(own):
            if first.end > second.start or (first.start, first.end) == (second.start, second.end):
                raise Overlap(path)
        line_break = line_break_of(text)
        for each in reversed(own):
            new = each.text.replace("\n", line_break)
            text = text[: each.start] + new + text[each.end :]
        changed[path] = text
    return changed


def line_break_of(text: str) -> str:
    r"""Return the line break of a text, judged by its first one: `\r\n` or `\n`."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


Lines = tuple[int, int, int, int]
"""A range of lines of one text, and the range of another text that replaces it."""


def find_changed_lines(before: str, after: str) -> list[Lines]:
    """Return the ranges of lines in which two texts differ."""
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [
        (a, b, c, d) for tag, a, b, c, d in Effort().compute_opcodes(one, other) if tag != "equal"
    ]


def restore_lines(before: str, after: str, lines: Lines) -> str:
    """Return `after` with one changed range of lines restored from `before`."""
    start, end, first, last = lines
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join([*other[:first], *one[start:end], *other[last:]])


# Lines around a place


def line_start(text: str, at: int) -> int:
    """Return the offset at which the line of an offset begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def line_end(text: str, at: int) -> int:
    """Return the offset at which the line of an offset ends, before its line break."""
    found = re.compile(r"[\r\n]").search(text, at)
    return len(text) if found is None else found.start()


def after_break(text: str, at: int) -> int:
    """Return the offset after the line break at `at`, or `at` if there is none."""
    if text.startswith("\r\n", at):
        return at + 2
    return at + 1 if text[at : at + 1] in ("\n", "\r") and at < len(text) else at


def indent_at(text: str, at: int) -> str:
    """Return the blanks at the beginning of the line of an offset."""
    start = line_start(text, at)
    found = re.compile(r"[ \t]*").match(text, start)
    return "" if found is None else found.group()


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the lines of a range contain nothing else but blanks and a comment."""
    before = text[line_start(text, start) : start]
    behind = text[end : line_end(text, end)].strip()
    return not before.strip() and (not behind or behind.startswith("#"))


def insertion_after(text: str, path: str, at: int, lines: Iterable[str], indent: str) -> Edit:
    """Return an edit that inserts lines after the code that ends at `at`.

    They are inserted after a comment on that line; other code on it moves to a line below them.
    """
    block = [f"{indent}{line}" if line else "" for line in lines]
    end = line_end(text, at)
    behind = text[at:end].strip()
    if not behind or behind.startswith("#"):
        return Edit(path, end, end, "".join(f"\n{line}" for line in block))
    return Edit(path, at, at, "".join(f"\n{line}" for line in block) + f"\n{indent}")


def make_removal_edit(text: str, path: str, start: int, end: int) -> Edit:
    """Return an edit that removes a range.

    If its lines contain nothing else, they are removed too, with one of the blank lines around
    them.
    """
    if not stands_alone(text, start, end):
        return Edit(path, start, end, "")
    first, last = line_start(text, start), after_break(text, line_end(text, end))
    blank_before = not text[line_start(text, max(first - 1, 0)) : first].strip()
    next_end = line_end(text, last)
    blank_behind = last < len(text) and not text[last:next_end].strip()
    opens = text[:first].rstrip(" \t\r\n").endswith("{")
    closes = text[last:].lstrip(" \t\r\n").startswith("}")
    if blank_behind and (blank_before or opens):
        last = after_break(text, next_end)
    elif blank_before and closes:
        first = line_start(text, max(first - 1, 0))
    return Edit(path, first, last, "")


def doc_start(text: str, start: int) -> int:
    """Return the offset of the doc comment directly above a range, or `start` if there is none."""
    at = line_start(text, start)
    found = start
    while at > 0:
        before = line_start(text, at - 1)
        line = text[before:at].strip()
        if not line.startswith("##") or line.startswith("###"):
            break
        found = before + len(text[before:at]) - len(text[before:at].lstrip())
        at = before
    return found
