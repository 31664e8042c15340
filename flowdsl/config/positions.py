"""Finds the position of each key and value of a TOML text.

`tomllib` returns values, not positions. This scanner reads text that `tomllib` has accepted, so it
only has to find where keys and values begin and end. It validates nothing, and decodes only keys.
"""

from __future__ import annotations

import re
import tomllib

from flowdsl.source.record import Record

_DEEPEST = 50
"""The number of parts of a dotted key that get a place of their own: no key of a project file has
as many."""

Path = tuple[str | int, ...]
"""The keys that lead to a value from the top of the file; an element of an array has its index."""

_BLANKS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(
    # A multi-line string may end with up to two quotes of its own before the closing three.
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\d{4}-\d\d-\d\d[ ]\d\d:\d\d[^\s,\]}#]*"
    r"|[^\s,\]}#]+",
    re.DOTALL,
)


class Place(Record, eq=True):
    """The offsets of a key and of its value, the ends exclusive.

    For an element of an array, both are the element.
    """

    key_start: int
    key_end: int
    value_start: int
    value_end: int


def locate_keys(text: str) -> dict[Path, Place]:
    """Find the place of every key and element of a valid TOML text.

    The key of a table is its name in the header that first mentions it, and its value is that
    header.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lengths: dict[Path, int] = {}
        self.places: dict[Path, Place] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip_blanks() < len(self._text):
            if self._text[self._at] == "[":
                table = self._scan_header()
            else:
                self._scan_pair(table)

    def _skip_blanks(self) -> int:
        self._at = self._match_pattern(_BLANKS).end()
        return self._at

    def _match_pattern(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"no TOML at offset {self._at}")
        return match

    def _scan_header(self) -> Path:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        parts = self._scan_key()[:_DEEPEST]
        self._at = self._text.index("]", self._at) + (2 if is_array else 1)
        path: Path = ()
        for index, (name, key_start, key_end) in enumerate(parts):
            path = (*path, name)
            place = Place(key_start, key_end, start, self._at)
            self.places.setdefault(path, place)
            last = index == len(parts) - 1
            if last and is_array:
                self._lengths[path] = self._lengths.get(path, 0) + 1
                path = (*path, self._lengths[path] - 1)
                self.places[path] = place
            elif path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        return path

    def _scan_key(self) -> list[tuple[str, int, int]]:
        """Scan a dotted key into its parts, each with its offsets."""
        self._at = self._match_pattern(_BLANKS).end()
        parts = []
        while True:
            match = self._match_pattern(_KEY_PART)
            parts.append((_decode_key(match.group()), match.start(), match.end()))
            self._at = match.end()
            dot = _DOT.match(self._text, self._at)
            if dot is None:
                return parts
            self._at = dot.end()

    def _scan_pair(self, table: Path) -> None:
        parts = self._scan_key()
        self._at = self._text.index("=", self._at) + 1
        path = (*table, *(name for name, _, _ in parts))
        value_start, value_end = self._scan_value(path)
        for count, (_, key_start, key_end) in enumerate(parts[:_DEEPEST], 1):
            self.places.setdefault(
                (*table, *(name for name, _, _ in parts[:count])),
                Place(key_start, key_end, value_start, value_end),
            )

    def _scan_value(self, path: Path) -> tuple[int, int]:
        start = self._skip_blanks()
        opening = self._text[start]
        if opening == "[":
            self._at += 1
            index = 0
            while self._text[self._skip_blanks()] != "]":
                element = (*path, index)
                element_start, element_end = self._scan_value(element)
                self.places[element] = Place(element_start, element_end, element_start, element_end)
                self._skip_comma()
                index += 1
            self._at += 1
        elif opening == "{":
            self._at += 1
            while self._text[self._skip_blanks()] != "}":
                self._scan_pair(path)
                self._skip_comma()
            self._at += 1
        else:
            self._at = self._match_pattern(_SCALAR).end()
        return start, self._at

    def _skip_comma(self) -> None:
        if self._text[self._skip_blanks()] == ",":
            self._at += 1


def _decode_key(written: str) -> str:
    if written[0] not in "\"'":
        return written
    (name,) = tomllib.loads(f"{written} = 0")
    return name
