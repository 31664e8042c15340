"""Changes the words of a text literal; characters whose meaning stays are not touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from flowdsl.diagnostics.sink import Sink
from flowdsl.format.literals import literal_of_pieces, unspeakable_pattern
from flowdsl.source.alignment import Effort
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import lex
from flowdsl.syntax.texts.literals import scan_text

from .editing import Edit, indent_at

LITERALS = frozenset(("STRING", "RAW", "BLOCK"))
"""The tokens that are text literals."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")

Rendered = Mapping[str, str]
"""The words that references expand to, by their spelling, braces included."""

Pieces = Sequence["str | tuple[str]"]
"""A text in pieces: characters as a str, and a reference as the 1-tuple of its spelling."""


class ChangedReference(Record, eq=True):
    """A reference that would have to expand to other words."""

    spelled: str
    old: str
    new: str


class _Cell(Record):
    """A word, blank or sign of a text literal, or of the expansion of a reference in it.

    Cells of an expansion have the range of the reference, and `spelled` is the reference, else
    empty. Cells of one part of the literal have the same number `part`.
    """

    key: str
    value: str
    start: int
    end: int
    part: int
    spelled: str = ""


class TextSplicer:
    """Splices text literals of one file; `changed` collects references that lose their words."""

    def __init__(self, path: str, text: str, rendered: Rendered) -> None:
        self._path = path
        self._text = text
        self._rendered = rendered
        self.changed: list[ChangedReference] = []

    def literal(self, start: int, end: int, new: str) -> list[Edit]:
        """Return the edits that give the text literal in a range the words of the literal `new`."""
        new = self.restore_references(new)
        old_text = _scan_literal(self._text[start:end])
        old = list(_split_into_cells(self._text[start:end], old_text, self._rendered))
        wanted = list(_split_into_cells(new, _scan_literal(new), self._rendered))
        edits: list[Edit] | None = []
        pieces: list[str | tuple[str]] = []
        done = 0
        for i1, i2, j1, j2 in self._find_whole_changes(old, wanted):
            pieces += [*_cells_to_pieces(old[done:i1]), *_cells_to_pieces(wanted[j1:j2])]
            done = i2
            if not old:
                edits = None
                continue
            at = old[i1].start if i1 < i2 or not i1 else old[i1 - 1].end
            stop = old[i2 - 1].end if i1 < i2 else at
            words = self._spelled(start + at, old_text.form, _cells_to_pieces(wanted[j1:j2]))
            if words is None:
                edits = None
            elif edits is not None:
                edits.append(Edit(self._path, start + at, start + stop, words))
        pieces += _cells_to_pieces(old[done:])
        if edits is not None and self._has_wanted_words(start, end, edits, wanted):
            return edits
        written = literal_of_pieces(_join_literal_pieces(pieces)) or new
        return [Edit(self._path, start, end, indent_literal(written, indent_at(self._text, start)))]

    def _find_whole_changes(
        self, old: Sequence[_Cell], wanted: Sequence[_Cell]
    ) -> Iterator[tuple[int, int, int, int]]:
        """Return the ranges that differ, each extended to whole references."""
        opcodes = Effort().compute_opcodes(
            [each.key for each in old], [each.key for each in wanted]
        )
        ranges: list[list[int]] = []
        for tag, i1, i2, j1, j2 in opcodes:
            if tag == "equal":
                continue
            while 0 < i1 < len(old) and _are_one(old[i1 - 1], old[i1]):
                i1, j1 = i1 - 1, j1 - 1
            while 0 < i2 < len(old) and _are_one(old[i2 - 1], old[i2]):
                i2, j2 = i2 + 1, j2 + 1
            if ranges and i1 < ranges[-1][1]:
                ranges[-1][1], ranges[-1][3] = max(i2, ranges[-1][1]), max(j2, ranges[-1][3])
            else:
                ranges.append([i1, i2, j1, j2])
        for i1, i2, j1, j2 in ranges:
            if len({each.part for each in old[i1:i2]}) == 1 and old[i1].spelled in self._rendered:
                spelled = old[i1].spelled
                new = "".join(each.value for each in wanted[j1:j2])
                self.changed.append(ChangedReference(spelled, self._rendered[spelled], new))
            yield i1, i2, j1, j2

    def _spelled(self, at: int, form: str, pieces: Pieces) -> str | None:
        """Return pieces as a literal of a form at `at`; None if it cannot simply hold them."""
        written = ""
        for piece in pieces:
            if isinstance(piece, tuple):
                written += piece[0]
                continue
            if unspeakable_pattern().search(piece) or "\\" in piece or "{#" in piece:
                return None
            if "\n" in piece and form != ast.BLOCK:
                return None
            written += piece.replace('"', '\\"') if form == ast.STRING else piece
        if form != ast.BLOCK:
            return written
        return re.sub(r"\n(?=[^\n])", f"\n{indent_at(self._text, at)}", written)

    def _has_wanted_words(
        self, start: int, end: int, edits: Sequence[Edit], wanted: Sequence[_Cell]
    ) -> bool:
        """Whether the literal in a range has the wanted words after edits."""
        text = self._text[start:end]
        for each in reversed(edits):
            text = text[: each.start - start] + each.text + text[each.end - start :]
        tokens = [each for each in lex(text) if each.kind != "WS"]
        if len(tokens) != 1 or tokens[0].kind not in LITERALS:
            return False
        cells = _split_into_cells(text, _scan_literal(text), self._rendered)
        return [each.key for each in cells] == [each.key for each in wanted]

    def restore_references(self, new: str) -> str:
        """Return new source in whose texts the expansions of references are references again."""
        if not any(len(words) > 1 for words in self._rendered.values()):
            return new
        by_words = {words: spelled for spelled, words in self._rendered.items() if len(words) > 1}
        longest_first = "|".join(map(re.escape, sorted(by_words, key=len, reverse=True)))
        pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")
        written = ""
        for token in lex(new):
            word = new[token.start : token.end]
            if token.kind in LITERALS and pattern.search(word):
                pieces: list[str | tuple[str]] = []
                for piece in _cells_to_pieces(_split_into_cells(word, _scan_literal(word), {})):
                    pieces += _split_at_references(piece, pattern, by_words)
                word = literal_of_pieces(_join_literal_pieces(pieces)) or word
            written += word
        return written


def words_of(literal: str, rendered: Rendered) -> tuple[str, ...]:
    """Return what a text literal says, word by word, with its references expanded."""
    return tuple(each.key for each in _split_into_cells(literal, _scan_literal(literal), rendered))


def words_in(text: str) -> tuple[str, ...]:
    """Return the words of characters, in the form of `words_of`."""
    return tuple(map(_comparison_key, _WORD.findall(text)))


def _scan_literal(literal: str) -> ast.Text:
    return scan_text(SourceFile("", literal), Sink(), 0, len(literal))


def _split_into_cells(literal: str, text: ast.Text, rendered: Rendered) -> list[_Cell]:
    """Return the cells of a text literal, with offsets in it."""
    cells: list[_Cell] = []
    for number, part in enumerate(text.parts):
        if isinstance(part, ast.Ref):
            spelled = literal[part.start : part.end]
            words = _WORD.findall(rendered[spelled]) if spelled in rendered else []
            known = [
                _Cell(_comparison_key(w), w, part.start, part.end, number, spelled) for w in words
            ]
            key = spelled.replace(" ", "")
            cells += known or [_Cell(key, spelled, part.start, part.end, number, spelled)]
        elif isinstance(part, ast.TextLiteral):
            places = _locate_characters(literal, part.start, part.end, part.value, text.form)
            if places is None:
                places = [(part.start, part.end)] * len(part.value)
            for found in _WORD.finditer(part.value):
                word = found.group()
                first, last = places[found.start()][0], places[found.end() - 1][1]
                if word.isspace() and _ends_blank(cells):
                    # A comment is between two blanks, which count as one.
                    before = cells.pop()
                    first, word = before.start, before.value + word
                cells.append(_Cell(_comparison_key(word), word, first, last, number))
    if text.form == ast.BLOCK:
        while cells and cells[0].value.isspace():
            del cells[0]
        while cells and cells[-1].value.isspace():
            del cells[-1]
    return cells


def _ends_blank(cells: Sequence[_Cell]) -> bool:
    return bool(cells) and not cells[-1].spelled and cells[-1].value.isspace()


def _comparison_key(word: str) -> str:
    """Return the key for comparing words: a line break of the source counts as a blank."""
    if not word.isspace() or "\n" not in word:
        return word
    return "\n\n" if word.count("\n") > 1 else " "


def _are_one(one: _Cell, other: _Cell) -> bool:
    return bool(one.spelled) and one.part == other.part


def _cells_to_pieces(cells: Sequence[_Cell]) -> Pieces:
    """Return cells as the pieces of a literal: characters, and references as 1-tuples."""
    pieces: list[str | tuple[str]] = []
    for number, each in enumerate(cells):
        if not each.spelled:
            if pieces and isinstance(pieces[-1], str):
                pieces[-1] += each.value
            else:
                pieces.append(each.value)
        elif not number or not _are_one(cells[number - 1], each):
            pieces.append((each.spelled,))
    return pieces


def _split_at_references(
    piece: str | tuple[str], pattern: re.Pattern[str], by_words: Mapping[str, str]
) -> Iterator[str | tuple[str]]:
    """Split a piece so that words which references expand to become pieces of their own."""
    if isinstance(piece, tuple):
        yield piece
        return
    at = 0
    for found in pattern.finditer(piece):
        if found.start() > at:
            yield piece[at : found.start()]
        yield (by_words[found.group()],)
        at = found.end()
    if at < len(piece):
        yield piece[at:]


def _join_literal_pieces(pieces: Pieces) -> Pieces:
    """Merge adjacent pieces of characters."""
    joined: list[str | tuple[str]] = []
    for each in pieces:
        if joined and isinstance(each, str) and isinstance(last := joined[-1], str):
            joined[-1] = last + each
        else:
            joined.append(each)
    return joined


def _locate_characters(
    text: str, start: int, end: int, value: str, form: str
) -> list[tuple[int, int]] | None:
    """Return the range of each character of a value in its literal; None if that is unclear."""
    places: list[tuple[int, int]] = []
    at = start
    for index, character in enumerate(value):
        if character == "\n":
            while at < end and text[at] in " \t":
                at += 1
            stop = at + 2 if text.startswith("\r\n", at) else at + 1
            if text[at : at + 1] not in ("\n", "\r"):
                return None
            rest = value[index + 1 :]
            wanted = len(rest) - len(rest.lstrip(" "))
            places.append((at, stop))
            spaces = 0
            while stop + spaces < end and text[stop + spaces] == " ":
                spaces += 1
            at = stop + max(spaces - wanted, 0)
            continue
        begin = at
        if form != ast.RAW and text.startswith("\\", at) and text[at + 1 : at + 2] == character:
            at += 1 if character in '{"' else 0
        if not text.startswith(character, at) or at >= end:
            return None
        at += 1
        places.append((begin, at))
    return places


def indent_literal(written: str, indent: str) -> str:
    """Return a literal whose lines, if it has several, are indented deeper than `indent`."""
    if not written.startswith('"""'):
        return written
    lines = written.split("\n")
    inner = [f"{indent}  {line}" if line else "" for line in lines[1:-1]]
    return "\n".join([lines[0], *inner, indent + lines[-1]])
