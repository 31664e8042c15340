"""Converts rich text of the dashboard to lines of Markdown, and Markdown to blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import TypeAlias

from flowdsl.source.record import Record

_TAG = (
    r"</?(?:p|div|br|ul|ol|li|h[1-6]|strong|b|em|i|u|s|span|a|img|code|pre|blockquote|"
    r"table|tr|td|th|hr)\b[^<>]*>"
)
_BLOCKS = frozenset(("p", "div", "blockquote", "pre", "table", "tr", "ul", "ol", "hr"))
_SILENT = frozenset(("script", "style", "head", "title"))
_ELEMENT = (
    r"html|body|main|section|article|header|footer|nav|figure|figcaption|span|[biuq]|strong|em|"
    r"su[bp]|small|big|font|mark|code|kbd|samp|var|abbr|cite|label|center|d[ldt]|thead|tbody|"
    r"tfoot|caption|col|colgroup|input|button|svg|path|meta|link|wbr|time|ins|\w+:\w+"
)
"""Elements whose tags are dropped and whose text is kept.

Any other name in `<` and `>` is text of the prompt, such as `<claim number>`.
"""

_DELETED = frozenset(("s", "strike", "del"))
_PICTURE = r"(?i)<img\b[^<>]*>"
_INDENT = "    "
_DEEPEST = 12
"""Maximum nesting depth of lists; deeper ones are not distinguished."""


def is_rich_text(prompt: str) -> bool:
    """Whether a prompt is HTML.

    It is if it begins with a tag, or has elements for paragraphs, headings or list entries.
    """
    if re.match(rf"\s*{_TAG}", prompt, re.IGNORECASE):
        return True
    opened = {tag.lower() for tag in re.findall(r"(?i)<(p|li|h[1-6])\b[^<>]*>", prompt)}
    closed = {tag.lower() for tag in re.findall(r"(?i)</(p|li|h[1-6])\s*>", prompt)}
    return not opened.isdisjoint(closed)


def find_shown_pictures(prompt: str) -> tuple[str, ...]:
    """Return the addresses of the pictures that a prompt shows, HTML or not."""
    reader = _HtmlReader()
    for tag in re.findall(_PICTURE, prompt):
        reader.feed(tag)
    return tuple(reader.pictures)


def plain_text(prompt: str) -> str:
    """Return the lines of an HTML prompt, with its text unchanged.

    Headings become `# ...`, list entries `1. ...` and `- ...`, and every other element a paragraph.
    """
    reader = _HtmlReader()
    reader.feed(prompt)
    reader.close()
    reader.end_line()
    return "\n".join(reader.lines).strip("\n")


class _HtmlReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.pictures: list[str] = []
        self._line = ""
        self._lists: list[int | None] = []
        self._mark = ""
        self._silent = 0
        self._verbatim = 0
        self._cells = 0
        self._link: str | None = None
        self._link_start = 0

    def end_line(self, *, blank: bool = False) -> None:
        """End the current line; with `blank`, add a blank line after it."""
        text = self._line.strip() if not self._verbatim else self._line.rstrip()
        self._line = ""
        if text:
            depth = min(len(self._lists), _DEEPEST)
            indent = _INDENT * max(0, depth - (1 if self._mark else 0))
            for line in text.split("\n"):
                self.lines.append(f"{indent}{self._mark}{line}".rstrip())
                indent, self._mark = _INDENT * depth, ""
        if blank and self.lines and self.lines[-1]:
            self.lines.append("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("td", "th"):
            self._line += " | " if self._line else ""
            self._cells += 1
        elif self._cells and tag in ("p", "div", "br", "li"):
            self._line += " "  # A table row is one line, whatever its cells contain.
        elif tag == "br":
            self.end_line()
        elif tag == "img":
            self.pictures.append(given.get("src") or "")
        elif tag in ("ul", "ol"):
            self.end_line(blank=not self._lists)
            self._lists.append(_first_number(given) if tag == "ol" else None)
        elif tag == "li":
            self.end_line()
            number = self._lists[-1] if self._lists else None
            self._mark = "- " if number is None else f"{number}. "
            if number is not None:
                self._lists[-1] = number + 1
            if not self._lists:
                self._lists.append(None)
        elif re.fullmatch("h[1-6]", tag):
            self.end_line(blank=True)
            self._mark = "#" * int(tag[1]) + " "
        elif tag in _BLOCKS:
            self.end_line(blank=tag != "tr" and not self._lists)
            self._verbatim += tag == "pre"
        elif tag == "a":
            self._link, self._link_start = given.get("href"), len(self._line)
        elif tag in _DELETED:
            self._line += "~~"
        elif re.fullmatch(_ELEMENT, tag) is None:
            self.handle_data(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th"):
            self._cells = max(0, self._cells - 1)
        elif self._cells and tag in ("p", "div", "li"):
            pass
        elif tag in _DELETED:
            self._line += "~~"
        elif tag in ("ul", "ol"):
            self.end_line()
            if self._lists:
                self._lists.pop()
            self.end_line(blank=not self._lists)
        elif tag == "li":
            self.end_line()
            self._mark = ""
        elif tag in _BLOCKS or re.fullmatch("h[1-6]", tag):
            self.end_line(blank=tag != "tr" and not self._lists)
            self._mark = self._mark if self._lists else ""
            if tag == "pre":
                self._verbatim = max(0, self._verbatim - 1)
        elif tag == "a" and self._link is not None:
            shown = self._line[self._link_start :]
            if self._link.removesuffix("/") not in (shown, shown.removesuffix("/")):
                self._line += f" ({self._link})"
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._verbatim:
            self._line += data
            return
        words = re.sub(r"[ \t\r\n\f\xa0]+", " ", data)
        self._line += words.lstrip() if not self._line or self._line[-1].isspace() else words


def _first_number(attributes: dict[str, str | None]) -> int:
    start = attributes.get("start") or ""
    return int(start) if start.isascii() and start.isdecimal() and len(start) < 6 else 1


# Markdown


_HEADING = r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*"
_BOLD_LINE = r"(?:\*\*|__)([^*_]+)(?:\*\*|__):?"
_UNDERLINE = r"(=|-){3,}[ \t]*"
_ENTRY = (
    r"([ \t]*)(?:\(?((?:\d{1,3}|[A-Za-z]|[ivx]{2,4}|[A-Z]\d{1,2})(?=[.)])|\d{1,2}(?:\.\d{1,2})+)"
    r"[.)]{0,2}|(?i:step|schritt)[ \t]+(\d{1,3})(?:[ \t]*[.:)–-]|(?=[ \t]+(?:[A-ZÄÖÜ]|[a-z]+_)))|"
    r"[-*•+‣–—·▪■●○◦►☐✓]|(?P<arrow>[-=]>|[→⇒]))[ \t]+(.*)"
)
_FENCE = r"[ \t]*(```+|~~~+).*"
_DIVIDER = r"[ \t]*(?:-[ \t]*){3,}|[ \t]*(?:[*_=][ \t]*){3,}"
_BOLD_LEVEL = 7
_MAX_DEPTH = 8


class Heading(Record):
    """A heading; `level` 1 is the highest, and a bold line is below all other levels."""

    level: int
    text: str


class Paragraph(Record):
    """Lines without a blank line between them; only a fenced block may contain one."""

    text: str


class Entry(Record):
    """An entry of a list: its first paragraph, the blocks below it, and its whole source text."""

    text: str
    below: tuple[Block, ...]
    written: str

    @property
    def label(self) -> str:
        """The number or letter in front of the entry, and its whole text where it has none."""
        found = re.match(_ENTRY, self.written)
        return (found and (found[2] or found[3])) or self.written

    @property
    def bare(self) -> str:
        """The entry without its mark, with the lines below dedented by the same width."""
        first, *rest = self.written.split("\n")
        found = re.fullmatch(_ENTRY, first)
        width = min([len(line) - len(line.lstrip()) for line in rest if line], default=0)
        return "\n".join(
            [found[5] if found else first, *(line[max(width - 2, 0) :] for line in rest)]
        )


class Listing(Record):
    """A list; `ordered` says that its entries are numbered."""

    ordered: bool
    entries: tuple[Entry, ...]

    @property
    def written(self) -> str:
        """Return the list as it is written in the prompt."""
        return "\n".join(entry.written for entry in self.entries)


Block: TypeAlias = "Heading | Paragraph | Listing"


def read_blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text; never raises.

    Every word is in one of them; lines that only divide are dropped.
    """
    lines = [line.expandtabs(4).rstrip() for line in re.split(r"\r\n|\r|\n", text)]
    return tuple(_BlockReader(lines, 0).read())


class _BlockReader:
    def __init__(self, lines: Sequence[str], depth: int) -> None:
        self._lines = lines
        self._depth = depth
        self._at = 0
        self._blocks: list[Block] = []
        self._paragraph: list[str] = []
        self._entries: list[Entry] = []
        self._ordered = False

    def read(self) -> list[Block]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line or (not self._paragraph and re.fullmatch(_DIVIDER, line)):
                self._end_paragraph()
                self._at += 1
            elif re.fullmatch(_FENCE, line):
                end = _fence_end(self._lines, self._at)
                self._paragraph += self._lines[self._at : end]
                self._at = end
            elif not (self._read_heading(line) or self._read_list_entry(line)):
                self._paragraph.append(line)
                self._at += 1
        self._end_paragraph()
        self._end_listing()
        return self._blocks

    def _end_listing(self) -> None:
        if self._entries:
            self._blocks.append(Listing(self._ordered, tuple(self._entries)))
            self._entries = []

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._end_listing()
            self._blocks.append(Paragraph("\n".join(_dedent_lines(self._paragraph))))
            self._paragraph = []

    def _read_heading(self, line: str) -> bool:
        below = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        taken = 1
        if (found := re.fullmatch(_HEADING, line)) is not None:
            level, text = len(found[1]), found[2]
        elif self._paragraph:
            return False
        elif (found := re.fullmatch(_BOLD_LINE, line)) is not None:
            level, text = _BOLD_LEVEL, found[1]
        elif (found := re.fullmatch(_UNDERLINE, below)) is not None and not (
            _is_entry(line) or re.fullmatch(r"\{+\$?\w+\}+", line.strip())
        ):
            level, text, taken = (1 if found[1] == "=" else 2), line, 2
        else:
            return False
        self._end_paragraph()
        self._end_listing()
        self._blocks.append(Heading(level, text.strip()))
        self._at += taken
        return True

    def _read_list_entry(self, line: str) -> bool:
        found = re.fullmatch(_ENTRY, line)
        if found is None or self._depth == _MAX_DEPTH or not found[5].strip():
            return False
        if found["arrow"] and self._paragraph:
            return False  # What follows from the line before it.
        ordered = found[2] is not None or found[3] is not None
        first = found[2] in ("1", "a", "A", "i", "I") or (found[2] or "").endswith(".1")
        if self._paragraph and not found[1] and found[2] and not first:
            return False  # The paragraph continues with a number at the start of a line.
        self._end_paragraph()
        numbered = found[3] is not None or (found[2] or "").isdecimal()
        end = self._end_of_entry(len(found[1]), numbered=numbered)
        written = list(self._lines[self._at : end])
        while not written[-1]:
            written.pop()
        first_line = found[5]
        while (again := re.fullmatch(_ENTRY, first_line)) is not None and again[5].strip():
            first_line = again[5]  # Two marks in front of one text, as in `- 1. Click Save`.
        entry = self._make_entry(first_line, written)
        if ordered != self._ordered:
            self._end_listing()
        self._ordered = ordered
        self._entries.append(entry)
        self._at = end
        return True

    def _end_of_entry(self, indent: int, *, numbered: bool) -> int:
        """Return the line after the entry that starts here at `indent`.

        The entry contains lines that are indented deeper, and lines that follow without a blank
        line between. A numbered entry also contains the bullets and letters up to the next number,
        whatever their indent.
        """
        at = self._at + 1
        while at < len(self._lines):
            line = self._lines[at]
            depth = len(line) - len(line.lstrip())
            if re.fullmatch(_FENCE, line) and depth > indent:
                at = _fence_end(self._lines, at)
                continue
            if line and depth <= indent and not (numbered and self._goes_below(at)):
                starts = self._starts_beside(at) or re.fullmatch(
                    f"{_HEADING}|{_BOLD_LINE}|{_DIVIDER}", line
                )
                if starts or not self._lines[at - 1]:
                    return at
            at += 1
        return at

    def _starts_beside(self, at: int) -> bool:
        """Whether a line is an entry; an arrow is one only behind another."""
        found = re.fullmatch(_ENTRY, self._lines[at])
        first = re.fullmatch(_ENTRY, self._lines[self._at])
        return found is not None and not (found["arrow"] and first and not first["arrow"])

    def _goes_below(self, at: int) -> bool:
        """Whether a line is a lettered entry, or a bullet directly after another line."""
        found = re.fullmatch(_ENTRY, self._lines[at])
        if found is None or found[3] is not None:
            return False
        if found[2] is None:
            return bool(self._lines[at - 1])
        return not found[2].isdecimal()

    def _make_entry(self, first: str, written: Sequence[str]) -> Entry:
        inner = _BlockReader([first, *_dedent_lines(written[1:])], self._depth + 1).read()
        text, below = "", tuple(inner)
        if inner and isinstance(inner[0], Paragraph):
            text, below = inner[0].text, tuple(inner[1:])
        return Entry(text or first, below, "\n".join(_dedent_lines(written)))


def _is_entry(line: str) -> bool:
    return re.fullmatch(_ENTRY, line) is not None


def _fence_end(lines: Sequence[str], start: int) -> int:
    """Return the line after the fenced block that opens at `start`."""
    opening = lines[start].strip()
    mark = opening[: len(opening) - len(opening.lstrip(opening[0]))]
    for at in range(start + 1, len(lines)):
        if lines[at].strip().startswith(mark) and not lines[at].strip().strip(mark[0]):
            return at + 1
    return len(lines)


def _dedent_lines(lines: Sequence[str]) -> list[str]:
    indents = [len(line) - len(line.lstrip()) for line in lines if line]
    shared = min(indents, default=0)
    return [line[shared:] for line in lines]
