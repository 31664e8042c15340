"""The HTML that rich-text editors write, as plain lines in the manner of Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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
"""Elements whose tags are dropped and whose words stay.

Any other name in `<` and `>` is a word of the prompt, as in `<claim number>`.
"""

_DELETED = frozenset(("s", "strike", "del"))
_PICTURE = r"(?i)<img\b[^<>]*>"
_INDENT = "    "
_DEEPEST = 12
"""Lists within lists that are told apart."""


def is_rich_text(prompt: str) -> bool:
    """Whether a prompt is HTML.

    It is if it begins with a tag, or has paragraphs, headings or list entries as elements.
    """
    if re.match(rf"\s*{_TAG}", prompt, re.IGNORECASE):
        return True
    opened = {tag.lower() for tag in re.findall(r"(?i)<(p|li|h[1-6])\b[^<>]*>", prompt)}
    closed = {tag.lower() for tag in re.findall(r"(?i)</(p|li|h[1-6])\s*>", prompt)}
    return not opened.isdisjoint(closed)


def shown_pictures(prompt: str) -> tuple[str, ...]:
    """The addresses of the pictures that a prompt shows, be it HTML or not."""
    reader = _Reader()
    for tag in re.findall(_PICTURE, prompt):
        reader.feed(tag)
    return tuple(reader.pictures)


def plain_text(prompt: str) -> str:
    """The lines of an HTML prompt, with the words as they are.

    Headings come as `# ...`, list entries as `1. ...` and `- ...`, every other element as a
    paragraph.
    """
    reader = _Reader()
    reader.feed(prompt)
    reader.close()
    reader.end_line()
    return "\n".join(reader.lines).strip("\n")


class _Reader(HTMLParser):
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
        """Ends the line that is being written; with `blank`, a blank line comes after it."""
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
            self._line += " "  # A row is one line, whatever its cells hold.
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
