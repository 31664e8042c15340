"""Parse texts of a prompt: variables, escaped braces, and the note on untrusted data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import join_pieces, literal_text
from flowdsl.prompt.exact import in_lines, spell_exact_text
from flowdsl.prompt.sentences import COUNT, DATA_NOTE
from flowdsl.prompt.text import (
    DURATIONS,
    PROTECTED,
    QUOTES,
    bracket_pair,
    choose_brackets,
    duration_words,
    enclose_in_brackets,
    quote_author_text,
    quote_screen_text,
    quote_words,
    spell_clause,
    spell_command,
    spell_marked_text,
    spell_path,
    spell_text,
)
from flowdsl.prompt.words import say_sentence
from flowdsl.semantics.statements.keys import chord_keys, find_misplaced_modifier, is_key

from .frames import Free, Read, Sentences

MAX_DIGITS = 18
"""The most digits of a number; numbers in source are not longer."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_PATH = rf"""(?:\.{_NAME}|\[[0-9]{{1,{MAX_DIGITS}}}\]|\['[^']*+'\]|\["[^"]*+"\])*+"""
_PART = re.compile(rf"""\.({_NAME})|\[([0-9]+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_RUNTIME = re.compile(rf"\{{\{{({_NAME})\}}\}}")
_VARIABLE_PATH = re.compile(rf"({_NAME})({_PATH})")
_NUMBER = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}(?![0-9])")
_NOTE = re.escape(DATA_NOTE)
_CLOSING = dict(QUOTES)
_OPENING = re.compile(r"\u27e6(?:([1-9][0-9]{0,8})\|)?")

Value = TypeVar("Value")
Exact = Callable[[str, int], tuple[nodes.Text, int] | None]


class Texts:
    """Parses the texts of one prompt.

    Every method returns None for text that code generation never writes.
    """

    def __init__(self, inputs: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        """`inputs` and `secrets` are known wire names.

        Not all of them are names of the language.
        """
        inputs, secrets = _odd_name_patterns(inputs), _odd_name_patterns(secrets)
        self._variable = re.compile(
            rf"\{{\{{({_NAME})({_PATH})\}}\}}"
            rf"|\{{\$({'|'.join((*secrets, _NAME))})({_PATH})\}}"
            rf"|\{{({'|'.join((*inputs, _NAME))})({_PATH})\}}"
            rf"|\u27ea({_NAME})({_PATH})\u27eb"
        )
        odd = rf"|\{{(?=(?:{'|'.join(inputs)})[.\[}}])" if inputs else ""
        self._brace = re.compile(
            rf"(?:\\\{{)++|{PROTECTED.pattern}{odd}|\u27ea(?={_NAME}{_PATH}\u27eb)"
        )

    def text(self, spelled: str) -> nodes.Text | None:
        """Return the text that `spell_text` spells like this."""
        pieces = self.unchecked(spelled)
        return pieces if pieces is not None and spell_text(pieces) == spelled else None

    def unchecked(self, spelled: str) -> nodes.Text | None:
        """Return a text with this spelling, even if `spell_text` would spell it differently."""
        if "{" not in spelled and "\u27ea" not in spelled:
            return literal_text(spelled)
        return self._pieces(spelled)

    def marked(self, spelled: str) -> nodes.Text | None:
        """Return the text that `spell_marked_text` spells like this."""
        opening, closing = bracket_pair(1)
        marked = re.compile(f"{opening}({self._variable.pattern}){closing}(?!{_NOTE})")
        pieces: list[nodes.Piece] = []
        begin = 0
        # Between variables, a brace at the end of the author's words is one of theirs.
        for found in (*marked.finditer(spelled), None):
            before = self.unchecked(
                spelled[begin : len(spelled) if found is None else found.start()]
            )
            if before is None:
                return None
            pieces += before
            if found is not None:
                pieces += self.unchecked(found[1]) or ()
                begin = found.end()
        text = join_pieces(pieces)
        return text if spell_marked_text(text) == spelled else None

    def clause(self, spelled: str) -> nodes.Text | None:
        """Return the text that `spell_clause` spells like this."""
        marked = _in_brackets(spelled, 0) if spelled.startswith("\u27e6") else None
        text = self.marked(spelled) if marked is None else self.text(marked)
        return text if text is not None and spell_clause(text) == spelled else None

    def shown(self, spelled: str, position: int) -> tuple[nodes.Text, int] | None:
        """Parse the output of `quote_screen_text`: words on the screen, between “ and ”."""
        if not spelled.startswith("\u201c", position):
            return None
        pieces: list[nodes.TextPiece | nodes.Variable] = []
        begin = position + 1
        for found in _SHOWN.finditer(spelled, begin):
            before = self.literal(spelled[begin : found.start()])
            if before is None:
                return None
            pieces.append(nodes.TextPiece(value=before))
            noted = spelled.startswith(DATA_NOTE, found.end())
            begin = found.end() + (len(DATA_NOTE) if noted else 0)
            if found[0] == "\u201d":
                text = join_pieces(pieces)
                return (text, begin) if quote_screen_text(text) == spelled[position:begin] else None
            variable = self._variable.fullmatch(found[1] or found[0])
            if variable is None:
                return None
            pieces.append(_make_variable(variable, noted))
        return None

    def literal(self, spelled: str) -> str | None:
        """Return the characters of a text without variables."""
        text = self.text(spelled)
        if text is None or any(isinstance(piece, nodes.Variable) for piece in text):
            return None
        return "".join(piece.value for piece in text if isinstance(piece, nodes.TextPiece))

    def command(self, spelled: str) -> nodes.Text | None:
        """Return the text that `spell_command` spells like this."""
        pieces: list[nodes.TextPiece | nodes.Variable] = []
        begin = 0
        for found in self._variable.finditer(spelled):
            pieces += [nodes.TextPiece(value=spelled[begin : found.start()]), _make_variable(found)]
            begin = found.end()
        pieces.append(nodes.TextPiece(value=spelled[begin:]))
        text = join_pieces(pieces)
        return text if spell_command(text) == spelled else None

    def exact(self, noun: str, *, block: bool = False) -> Exact:
        """Return a reader of the output of `spell_exact_text` for a text, a value or a command."""
        one = in_lines(noun, (), "", block=block).partition("\u27e6")[0]
        several = in_lines(noun, (), "\n", block=block).partition("2")[0]
        between = "\n" if block else " "
        marked = (
            (say_sentence("values.secret", ""), self._secret),
            (say_sentence("values.text", ""), in_marks(self.text)),
            (say_sentence("values.value", ""), in_brackets(self.text)),
        )

        def reader(text: str, position: int) -> tuple[nodes.Text, int] | None:
            found: nodes.Text | None
            for start, read in marked:
                if text.startswith(start, position):
                    inside = read(text, position + len(start))
                    if inside is not None and _is_exact(noun, inside, text, position, block):
                        return inside
            if not text.startswith((one, several), position):
                return None
            lines, end = _read_bracketed_lines(text, position, between)
            found = self.command(lines) if noun == "command" else self.text(lines)
            if found is None or not _is_exact(noun, (found, end), text, position, block):
                return None
            return found, end

        return reader

    def _secret(self, text: str, position: int) -> tuple[nodes.Text, int] | None:
        found = self._variable.match(text, position)
        return None if found is None else ((_make_variable(found),), found.end())

    def delimited_text_reader(self) -> Exact:
        """Return a reader of the output of `delimit_text`: a text in the middle of a sentence."""
        bracketed, exact = in_brackets(self.text), self.exact("text")
        return lambda text, position: bracketed(text, position) or exact(text, position)

    def variable(self, spelled: str, position: int) -> tuple[nodes.Value, int] | None:
        found = self._variable.match(spelled, position)
        return (
            None if found is None else (nodes.TextValue(text=(_make_variable(found),)), found.end())
        )

    def limit(self, spelled: str, position: int) -> tuple[nodes.Limit, int] | None:
        """Parse a bound: a number, or an input."""
        found = self._variable.match(spelled, position)
        if found is None:
            return whole_number(spelled, position)
        variable = _make_variable(found)
        return (variable, found.end()) if variable.sigil == "input" else None

    def _pieces(self, spelled: str) -> nodes.Text | None:
        pieces: list[nodes.TextPiece | nodes.Variable] = []
        begin = 0
        position = 0
        while (found := self._brace.search(spelled, position)) is not None:
            at = found.start()
            if found[0] not in ("{", "\u27ea"):
                position = found.end()
                if PROTECTED.match(spelled, position - 1):
                    braces = "{" * (len(found[0]) // 2)
                    pieces.append(nodes.TextPiece(value=spelled[begin:at] + braces))
                    begin = position
                continue
            variable = self._variable.match(spelled, at)
            if variable is None:
                return None
            end = variable.end()
            opening, closing = bracket_pair(1)
            noted = spelled.startswith(opening, at - 1) and spelled.startswith(
                closing + DATA_NOTE, end
            )
            before = at - len(opening) if noted else at
            if before < begin:
                return None
            pieces += [
                nodes.TextPiece(value=spelled[begin:before]),
                _make_variable(variable, noted),
            ]
            begin = position = end + (len(closing + DATA_NOTE) if noted else 0)
        pieces.append(nodes.TextPiece(value=spelled[begin:]))
        return join_pieces(pieces)


def _is_exact(
    noun: str, found: tuple[nodes.Text, int], text: str, position: int, block: bool
) -> bool:
    inside, end = found
    return spell_exact_text(noun, inside, block=block) == text[position:end]


def _read_bracketed_lines(text: str, position: int, between: str) -> tuple[str, int]:
    """Parse the bracketed lines after the sentence at `position`; return the offset after them."""
    first = _OPENING.search(text, position)
    if first is None:
        return "", position
    opening, closing = bracket_pair(int(first[1] or 1))
    lines: list[str] = []
    end = text.find(opening, first.end())
    while end >= 0 and text.startswith(opening, end):
        begin = end + len(opening)
        end = text.find(closing, begin)
        if end < 0:
            break
        lines.append(text[begin:end])
        position = end + len(closing)
        end = position + len(between) if text.startswith(between + opening, position) else -1
    return "\n".join(lines), position


_SHOWN = re.compile("\u201d|\u27e6([^\u27e6\u27e7]*)\u27e7|\u27ea[^\u27ea\u27eb]*\u27eb")
"""The end of words for something on the screen, or a value in them."""


def _odd_name_patterns(names: Iterable[str]) -> list[str]:
    """Return patterns for names that are not names of the language, the longest first."""
    odd = {name for name in names if name and not re.fullmatch(_NAME, name)}
    return [re.escape(name) for name in sorted(odd, key=lambda name: (-len(name), name))]


def _make_variable(found: re.Match[str], quoted: bool = False) -> nodes.Variable:
    sigil: Literal["runtime", "secret", "input", "saved"]
    if found[1] is not None:
        sigil, name, path = "runtime", found[1], found[2]
    elif found[3] is not None:
        sigil, name, path = "secret", found[3], found[4]
    elif found[5] is not None:
        sigil, name, path = "input", found[5], found[6]
    else:
        sigil, name, path = "saved", found[7], found[8]
    return nodes.Variable(sigil=sigil, name=name, path=read_path(path), quoted=quoted)


def read_path(spelled: str) -> tuple[str | int, ...]:
    """Return the path that `spell_path` spells like this."""
    return tuple(_path_parts(spelled))


def _path_parts(spelled: str) -> Iterator[str | int]:
    for part in _PART.finditer(spelled):
        name, index, single, double = part.groups()
        if index is not None:
            yield int(index)
        else:
            yield name if name is not None else single if single is not None else double


# Readers of parts with clear ends


def in_quotes(
    read: Callable[[str], Value | None],
) -> Callable[[str, int], tuple[Value, int] | None]:
    """Return a reader of a part in quotation marks; `read` returns its value."""

    def reader(text: str, position: int) -> tuple[Value, int] | None:
        closing = _CLOSING.get(text[position : position + 1])
        if closing is None:
            inside = _in_brackets(text, position)
        else:
            end = text.find(closing, position + 1)
            inside = None if end < 0 else text[position + 1 : end]
        spelled = None if inside is None else quote_words(inside)
        return _read_marked_value(read, inside, spelled, text, position)

    return reader


def in_marks(
    read: Callable[[str], nodes.Text | None],
) -> Callable[[str, int], tuple[nodes.Text, int] | None]:
    """Return a reader of the author's words between marks, as `quote_author_text` writes them."""

    def reader(text: str, position: int) -> tuple[nodes.Text, int] | None:
        for each in (in_quotes(read), in_brackets(read)):
            found = each(text, position)
            if found is not None and quote_author_text(found[0]) == text[position : found[1]]:
                return found
        return None

    return reader


def in_brackets(
    read: Callable[[str], Value | None],
) -> Callable[[str, int], tuple[Value, int] | None]:
    """Return a reader of a part in brackets; `read` returns its value."""

    def reader(text: str, position: int) -> tuple[Value, int] | None:
        inside = _in_brackets(text, position)
        spelled = None if inside is None else enclose_in_brackets(inside)
        return _read_marked_value(read, inside, spelled, text, position)

    return reader


def _read_marked_value(
    read: Callable[[str], Value | None],
    inside: str | None,
    spelled: str | None,
    text: str,
    position: int,
) -> tuple[Value, int] | None:
    """Return the value between marks, if code generation would choose the same marks."""
    if inside is None or spelled is None or not text.startswith(spelled, position):
        return None
    value = read(inside)
    return None if value is None else (value, position + len(spelled))


def _in_brackets(text: str, position: int) -> str | None:
    """Return the text in the brackets that open at `position`.

    A text in plain brackets may itself begin with a number and a bar, so both are tried.
    """
    found = _OPENING.match(text, position)
    if found is None:
        return None
    for number in (int(found[1] or 1), 1):
        opening, closing = bracket_pair(number)
        start = position + len(opening)
        end = text.find(closing, start)
        if end >= 0 and choose_brackets(text[start:end]) == (opening, closing):
            return text[start:end]
    return None


def variable_path(spelled: str) -> tuple[str, tuple[str | int, ...]] | None:
    """Return the name and path of a runtime variable that is spelled without braces."""
    found = _VARIABLE_PATH.fullmatch(spelled)
    if found is None:
        return None
    path = read_path(found[2])
    return (found[1], path) if spell_path(path) == found[2] else None


def _find_runtime_name(spelled: str) -> str | None:
    found = _RUNTIME.fullmatch(spelled)
    return None if found is None else found[1]


def whole_number(text: str, position: int) -> tuple[int, int] | None:
    """Parse a number without a sign."""
    found = _NUMBER.match(text, position)
    if found is None or str(int(found[0])) != found[0]:
        return None
    return int(found[0]), found.end()


_COUNTED = Sentences({COUNT: whole_number})


def read_duration(text: str, position: int) -> tuple[int, int] | None:
    """Parse a duration in milliseconds."""
    for name, size in DURATIONS.items():
        found = _COUNTED.read(name, text, position)
        if found is not None and duration_words(found[0][0] * size) == text[position : found[1]]:
            return found[0][0] * size, found[1]
    return None


def read_keys(spelled: str) -> str | None:
    """Return the keys of a `press`, unchanged; None if they are not keys."""
    chords = [chord_keys(chord) for chord in spelled.split()]
    known = all(is_key(key) for chord in chords for key in chord)
    plain = spelled == spelled.lower() and not any(map(find_misplaced_modifier, chords))
    return spelled if chords and known and plain else None


def read_model_name(spelled: str) -> str | None:
    inside = spelled[1:-1]
    return inside if inside and spelled == f'"{inside}"' else None


def make_whole_hole(read: Exact) -> Free:
    """Return a hole that contains exactly one part that `read` parses."""

    def reader(spelled: str) -> nodes.Text | None:
        found = read(spelled, 0)
        return found[0] if found is not None and found[1] == len(spelled) else None

    return Free(reader)


NAMELESS: dict[str, Read | Free] = {
    COUNT: whole_number,
    "duration": read_duration,
    "filled": in_brackets(_find_runtime_name),
    "held": in_quotes(_find_runtime_name),
    "keys": Free(read_keys),
    "list": Free(str),
    "model": Free(read_model_name),
    "path": in_quotes(variable_path),
    "spelled": in_quotes(str),
}
"""Readers of the kinds of holes that contain no names of the workflow."""
