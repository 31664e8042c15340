"""Parse the layout of a prompt: its heading, its paragraphs, and the outline under "Steps".

The machine sees only characters. A line of the outline begins with a number or a dash after some
blanks; deeper lines without either at the right depth continue the text above. A title is in the
first column after a mark, directly above a line.

    # A title
    1. Press enter.
    2. Use focused_action:
       - Check on the screen: the list is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowdsl.prompt.sentences import SENTENCES
from flowdsl.source.record import Record

from .characters import move_inside


class Defect(Exception):
    """The prompt cannot be parsed, or a part of it means nothing in its place.

    `text` is that part; characters of values are moved back in it.
    """

    def __init__(self, what: str, text: str = "") -> None:
        self.what = move_inside(what)
        self.text = move_inside(text)
        super().__init__(f"{self.what}: {self.text}" if text else self.what)


class Line:
    """A line of the outline: its text, which may contain line ends, and the lines under it.

    `bullet` means that it is part of the instruction of a focused agent.
    """

    __slots__ = ("bullet", "children", "number", "text")

    def __init__(self, text: str, number: int, *, bullet: bool) -> None:
        self.text = text
        self.number = number
        self.bullet = bullet
        self.children: list[Line] = []


class Page(Record):
    """A parsed prompt.

    - `heading`: the lines before the paragraphs.
    - `rules`: the lines of the paragraph, without their dashes.
    - `steps`: the outline, and `titles` those among its lines.
    """

    heading: tuple[str, ...]
    rules: tuple[str, ...]
    steps: tuple[Line, ...]
    titles: tuple[str, ...]


_PARAGRAPHS = ("rules", "steps")
_TITLES = {SENTENCES[f"{name}.title"].text: name for name in _PARAGRAPHS}


def read_page(prompt: str) -> Page:
    """Parse a prompt; raise Defect if its parts are not laid out as an agent would read them."""
    lines = prompt.split("\n")
    if prompt.startswith("<p>"):
        # The parser of HTML is imported here, because few prompts have pictures.
        from .pictures import Unexpected, lay_out_prompt

        try:
            lines = lay_out_prompt(lines)
        except Unexpected as found:
            raise Defect(*found.args) from None
    starts: dict[str, int] = {}
    for number, line in enumerate(lines):
        name = _TITLES.get(line)
        if name is not None and (number == 0 or not lines[number - 1]):
            if name in starts:
                raise Defect("two paragraphs with one title", line)
            starts[name] = number
    order = sorted(starts, key=starts.__getitem__)
    if order != [name for name in _PARAGRAPHS if name in starts] or "steps" not in starts:
        raise Defect("paragraphs are missing or out of order", ", ".join(order))
    ends = [starts[name] for name in order[1:]] + [len(lines)]
    parts = {name: lines[starts[name] + 1 : end] for name, end in zip(order, ends, strict=True)}
    titles = list(_find_titles(parts["steps"]))
    steps = _build_outline(parts["steps"], starts["steps"] + 2)
    if not steps:
        raise Defect("a paragraph without lines", "Steps")
    return Page(
        tuple(line for line in lines[: starts[order[0]]] if line),
        tuple(_strip_dashes(parts.get("rules", []))),
        tuple(steps),
        tuple(titles),
    )


def _find_titles(lines: list[str]) -> Iterator[str]:
    """Yield the titles of an outline; raise Defect for one that is not separated, above a line."""
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if line.startswith(_TITLE):
            if before or not _FIRST.match(after):
                raise Defect("a title that does not stand apart over a line", line)
            yield line[len(_TITLE) :]


_TITLE = "# "
_FIRST = re.compile(r"[0-9]+\. ")


def _strip_dashes(lines: list[str]) -> list[str]:
    """Return the lines of a paragraph without their leading dashes."""
    kept = [line for line in lines if line]
    for line in kept:
        if not line.startswith("- "):
            raise Defect("a line of a paragraph without a dash", line)
    return [line[2:] for line in kept]


_ITEM = re.compile(r"(?P<blanks> *)(?:(?P<label>[0-9]+(?:\.[0-9]+)*)(?P<stop>\.?)|(?P<dash>-)) ")


def _build_outline(lines: list[str], first: int) -> list[Line]:
    """Parse the lines under "Steps" into a tree; `first` is the line number of the first.

    A number is indented by three blanks per level, a dash by three more than the line that it
    belongs to or two more than the dash above. Other indented lines are continuations.
    """
    top: list[Line] = []
    # The open lines, outermost first, each with its label, its indentation and that of its text.
    open_: list[tuple[Line, str, int, int]] = []
    for number, line in enumerate(lines, first):
        found = _ITEM.match(line)
        place = found and _find_place(found, open_, top)
        if line.startswith(_TITLE):
            open_.clear()
            continue
        if found is None or place is None:
            _go_on(line, open_)
            continue
        depth, label = place
        del open_[depth:]
        item = Line(line[found.end() :], number, bullet=found["dash"] is not None)
        (open_[-1][0].children if open_ else top).append(item)
        open_.append((item, label, len(found["blanks"]), found.end()))
    for item in walk_lines(top):
        item.text = item.text.rstrip("\n")
    return top


def _find_place(
    found: re.Match[str], open_: list[tuple[Line, str, int, int]], top: list[Line]
) -> tuple[int, str] | None:
    """Return how many open lines contain an item, and its label; None if it is not an item."""
    blanks, label = len(found["blanks"]), found["label"]
    if label is not None:
        parts = label.split(".")
        level = len(parts) - 1
        if blanks != 3 * level or bool(found["stop"]) != (level == 0) or level > len(open_):
            return None
        above = open_[level - 1] if level else None
        if above is not None and (above[0].bullet or above[1] != ".".join(parts[:-1])):
            return None
        siblings = above[0].children if above is not None else top
        if int(parts[-1]) != len(siblings) + 1:
            return None
        return level, label
    for depth in range(len(open_), 0, -1):
        line, _, indent, _ = open_[depth - 1]
        if blanks == indent + (2 if line.bullet else 3):
            return depth, "-"
    return None


def _go_on(line: str, open_: list[tuple[Line, str, int, int]]) -> None:
    """Append a continuation to the text of the innermost open line."""
    if not line:
        if open_:
            open_[-1][0].text += "\n"
        return
    if not open_:
        raise Defect("a line under Steps without a number", line)
    item, _, _, start = open_[-1]
    # A paragraph after an empty line is in the column of the text, other lines are deeper.
    paragraph = item.text.endswith("\n") and line[start : start + 1].strip(" ")
    deeper = start if paragraph else start + 2
    if line[:deeper].strip(" "):
        raise Defect("a line that is no part of the outline", line)
    item.text += f"\n{line[deeper:]}"


def walk_lines(items: Iterable[Line]) -> Iterator[Line]:
    """Yield lines with those under them, in the order of the page."""
    for item in items:
        yield item
        yield from walk_lines(item.children)
