"""Parse a prompt: title, description, rules, and the outline of its steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape

from flowdsl.prompt.outline import DEEPER, TITLE, begins_paragraph
from flowdsl.prompt.text import OPEN_PART
from flowdsl.prompt.words import RULES, heading_paragraph, rule_line, rules_paragraph, say_sentence
from flowdsl.source.record import Record

MAX_DEPTH = 200
"""The maximum depth of an outline; statements in source nest no deeper."""

IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)">')


class ReadItem:
    """A line of the outline.

    `bullet` means that it belongs to the instruction of a focused agent, `title` that it has no
    number and only groups further lines.
    """

    __slots__ = ("bullet", "children", "lines", "title")

    def __init__(self, text: str, *, bullet: bool = False, title: bool = False) -> None:
        self.lines = [text]
        self.bullet = bullet
        self.title = title
        self.children: list[ReadItem] = []

    @property
    def text(self) -> str:
        return self.lines[0] if len(self.lines) == 1 else "\n".join(self.lines)


class Outline(Record):
    """The parts of a prompt.

    `rules` are the author's. `optional` means that a rule covers missing values, `addresses` are
    those of the pictures, in order.
    """

    title: str
    description: str | None
    rules: list[str]
    optional: bool
    apart: bool
    items: list[ReadItem]
    addresses: tuple[str, ...]


def read_outline(prompt: str, pictures: Mapping[str, str]) -> Outline | None:
    """Parse a prompt into its parts; None if it does not have our format.

    `pictures` maps addresses to the file names of the pictures that it may show.
    """
    if OPEN_PART in prompt:
        return None
    lines = prompt.split("\n")
    addresses: list[str] = []
    if prompt.startswith("<p>"):
        plain = _without_html(lines, pictures, addresses)
        if plain is None:
            return None
        lines = plain
    return _read_parts(lines, tuple(addresses))


def _without_html(
    lines: list[str], pictures: Mapping[str, str], addresses: list[str]
) -> list[str] | None:
    """Return the lines of a prompt with pictures, as plain text with open parts for the pictures.

    Adds the addresses of the pictures to `addresses`.
    """
    plain: list[str] = []
    for before, line, after in zip(("", *lines), lines, (*lines[1:], ""), strict=False):
        if not line:
            plain.append(line)
            continue
        start, end = "" if before else "<p>", "<br>" if after else "</p>"
        if not line.startswith(start) or not line.endswith(end):
            return None
        parts: list[str] = []
        for index, part in enumerate(IMAGE.split(line[len(start) : -len(end)])):
            match index % 3:
                case 0:
                    if "<" in part or ">" in part:
                        return None
                    parts.append(
                        part.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
                    )
                case 1:
                    if part not in pictures:
                        return None
                    addresses.append(part)
                    parts.append(f"{OPEN_PART}image:{pictures[part]}:")
                case _:
                    parts.append(unescape(part) + OPEN_PART)
        plain.append(_restore_blanks("".join(parts)))
    return plain


def _restore_blanks(line: str) -> str:
    """Replace the blanks in a line of HTML that a browser keeps by plain ones."""
    text = line.lstrip("\u00a0")
    return " " * (len(line) - len(text)) + text.replace(" \u00a0", "  ")


def _read_parts(lines: list[str], addresses: tuple[str, ...]) -> Outline | None:
    start = find_rules_start(lines)
    if start is None or (start and lines[start - 1]):
        return None
    before = lines[: start - 1] if start else []
    rules = read_rules(lines, start)
    if rules is None:
        return None
    found, told, position = rules
    heading = _read_heading(before)
    if heading is None:
        return None
    if lines[position : position + 2] != ["", say_sentence("steps.title")]:
        return None
    read = _Items(lines, position + 2)
    if not read.read():
        return None
    title, description = heading
    return Outline(
        title,
        description or None,
        found,
        "typed_missing" in told,
        "apart" in told,
        read.items,
        addresses,
    )


# The paragraphs around the steps


def _read_heading(lines: list[str]) -> tuple[str, str] | None:
    """Parse title and description, each empty if absent; None for other lines."""
    found = ["", ""]
    for index, name in enumerate(("heading.title", "heading.description")):
        start = say_sentence(name, "")
        for line in lines:
            if line.startswith(start):
                found[index] = line[len(start) :]
    title, description = found
    return (
        (title, description)
        if heading_paragraph(title, description).split("\n") == (lines or [""])
        else None
    )


def find_rules_start(lines: list[str]) -> int | None:
    """Return the index of the line at which the rules begin."""
    heads = [_render_rules(titles, (), ()).split("\n") for titles in (False, True)]
    for index, line in enumerate(lines):
        if line == heads[0][0] and lines[index : index + len(heads[0])] in heads:
            return index
    return None


def _render_rules(
    titles: bool,
    told: Sequence[str],
    rules: Sequence[str],
    passed: Sequence[str] | None = None,
    flags: Sequence[str] = (),
) -> str:
    focused = passed is not None
    return rules_paragraph(
        titles=titles, focused=focused, told=told, passed=passed or (), rules=rules, flags=flags
    )


def read_rules(lines: list[str], start: int) -> tuple[list[str], list[str], int] | None:
    """Return the author's rules, the keys of the others, and the next line.

    None for lines that are not the rules of a prompt.
    """
    end = next(
        (
            index
            for index in range(start, len(lines) - 1)
            if not lines[index] and lines[index + 1] == say_sentence("steps.title")
        ),
        len(lines),
    )
    given = lines[start:end]
    always = _render_rules(False, (), ("",)).split("\n")[-1]
    first = next((index for index, line in enumerate(given) if line.startswith(always)), len(given))
    handing = f"- {say_sentence('rules.instruction')}"
    focused = handing in given[:first]
    between = given.index(handing) if focused else first
    told = [key for key in RULES if _has_rule(key, given[:between])]
    passed = [key for key in RULES if _has_rule(key, given[between:first])]
    flags = [key for key in RULES if rule_line(key, True) in given]
    rules = _join_rule_lines(given[first:], always)
    titles = any(line.startswith(TITLE) for line in lines[end:])
    if _render_rules(titles, told, rules, passed if focused else None, flags).split("\n") != given:
        return None
    return rules, [*told, *passed], end


def _has_rule(key: str, lines: Sequence[str]) -> bool:
    return rule_line(key, True) in lines or rule_line(key, False) in lines


def _join_rule_lines(lines: list[str], start: str) -> list[str]:
    """Return the rules that begin with `start`, each with its further lines."""
    rules: list[list[str]] = []
    for line in lines:
        if line.startswith(start):
            rules.append([line.removeprefix(start)])
        else:
            rules[-1].append(line)
    return ["\n".join(rule) for rule in rules]


# The outline


class _Items:
    """Parses titles, numbered lines and bullets up to the end."""

    def __init__(self, lines: list[str], position: int) -> None:
        self.lines = lines
        self.position = position
        self.items: list[ReadItem] = []
        self._number = 0
        self._title: ReadItem | None = None
        """The title over the next line in the first column."""
        self._open: list[tuple[ReadItem, str]] = []
        """The items around the next line, each with its number or the indent of its bullet."""

    def read(self) -> bool:
        """Whether all of the lines are an outline."""
        blanks = 0
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if not line:
                blanks += 1
            elif line[0] != " ":
                if blanks > 1 or not self._top(line, apart=blanks == 1):
                    return False
                blanks = 0
            else:
                if not self._read_inner_line(line, blanks):
                    return False
                blanks = 0
            self.position += 1
        return not blanks

    def _top(self, line: str, *, apart: bool) -> bool:
        """Parse a line in the first column; `apart` means that an empty line precedes it."""
        if line.startswith(TITLE):
            self._title = ReadItem(line[len(TITLE) :], title=True)
            self.items.append(self._title)
            self._open = []
            return apart == (len(self.items) > 1)
        if apart:
            self._title = None
        self._number += 1
        label = f"{self._number}."
        text = _text_after_label(line, label)
        if text is None:
            return False
        item = ReadItem(text)
        (self.items if self._title is None else self._title.children).append(item)
        self._open = [(item, label[:-1])]
        return True

    def _read_inner_line(self, line: str, blanks: int) -> bool:
        if not self._open:
            return False
        item, label = self._open[-1]
        column = len(_lead_of_item(item, label, len(self._open)))
        further = " " * column + DEEPER
        if line.startswith(further):
            item.lines += [*[""] * blanks, line[len(further) :]]
            return True
        if blanks and not line[:column].strip(" ") and begins_paragraph("", line[column:]):
            item.lines += [*[""] * blanks, line[column:]]
            return True
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if blanks:
            return False
        if content.startswith("-"):
            return self._read_bullet(content, indent)
        return self._read_numbered_line(content, indent)

    def _read_bullet(self, content: str, indent: int) -> bool:
        text = _text_after_label(content, "-")
        while self._open and self._open[-1][0].bullet and len(self._open[-1][1]) >= indent:
            self._open.pop()
        parent, label = self._open[-1]
        expected = len(label) + 2 if parent.bullet else 3 * len(self._open)
        if (
            text is None
            or indent != expected
            or (parent.children and not parent.children[0].bullet)
        ):
            return False
        return self._add_item(parent, ReadItem(text, bullet=True), " " * indent)

    def _read_numbered_line(self, content: str, indent: int) -> bool:
        depth = indent // 3
        if indent % 3 or not 0 < depth <= len(self._open):
            return False
        del self._open[depth:]
        parent, label = self._open[-1]
        if parent.bullet or (parent.children and parent.children[0].bullet):
            return False
        number = f"{label}.{len(parent.children) + 1}"
        text = _text_after_label(content, number)
        return text is not None and self._add_item(parent, ReadItem(text), number)

    def _add_item(self, parent: ReadItem, item: ReadItem, label: str) -> bool:
        parent.children.append(item)
        self._open.append((item, label))
        return len(self._open) <= MAX_DEPTH


def _text_after_label(line: str, label: str) -> str | None:
    """Return the text after a label, empty if there is none; None without the label."""
    if line.startswith(f"{label} "):
        return line[len(label) + 1 :]
    return "" if line == label else None


def _lead_of_item(item: ReadItem, label: str, depth: int) -> str:
    if item.bullet:
        return f"{label}- "
    return "   " * (depth - 1) + label + (". " if depth == 1 else " ")
