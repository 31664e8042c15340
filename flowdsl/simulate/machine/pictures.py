"""Lay out a prompt with pictures, which is HTML, as a browser would show it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from .characters import PICTURE


class Unexpected(Exception):
    """HTML that our prompts do not contain: a description, and the tag or the text."""


class _Paragraphs(HTMLParser):
    """The lines of all paragraphs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "br"):
            if self.open == (tag == "p"):
                raise Unexpected("a paragraph inside another, or a line outside of any", tag)
            self.open = True
            self.lines.append("")
        elif tag == "img":
            given = dict(attrs)
            self.handle_data(f"{PICTURE}{given.get('src')}{PICTURE}{given.get('alt')}{PICTURE}")
        else:
            raise Unexpected("an unknown tag", tag)

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.lines[-1] += data
        elif data.strip(_SPACE):
            raise Unexpected("a text outside of paragraphs", data)


_SPACE = " \t\r\n\f"
_BLANKS = re.compile(f"[{_SPACE}]+")
_INDENT = re.compile("\xa0+")


def lay_out_prompt(prompt: list[str]) -> list[str]:
    """Return the lines that a browser shows: runs of blanks collapse, leading ones are dropped.

    Raises Unexpected.
    """
    parser = _Paragraphs()
    lines: list[str] = []
    for written in prompt:
        if not written:
            lines.append("")
            continue
        shown = len(parser.lines) - parser.open
        parser.feed(f"{written}\n")
        line = _BLANKS.sub(" ", parser.lines[shown]).strip(" ")
        indent = _INDENT.match(line)
        if indent is not None:
            line = " " * indent.end() + line[indent.end() :]
        lines.append(line.replace(" \xa0", "  "))
    return lines
