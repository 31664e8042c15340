"""The words of sources that can come out in a payload, with the place of each character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import lex
from flowdsl.syntax.visit import children

DOC = "doc"
NAME = "name"
"""Forms of a token besides those of `ast.Text`: a doc comment's line, a string without variables.
"""

_CONDITIONS = (ast.CompareExpr, ast.TextRelationExpr, ast.InExpr, ast.MatchesExpr)
_NO_PROSE = (ast.TestDecl, ast.Annotation, ast.EnumType, *_CONDITIONS, ast.Field)
"""Nodes whose texts are compared or parsed, so that their words are not prose."""


class Token(Record, eq=True):
    """A literal, quotes included, or a line of a doc comment: where it stands and its form."""

    path: str
    start: int
    end: int
    form: str


class Stretch(Record):
    """Characters of a token that mean themselves.

    `value[i]` is written from `starts[i]` to `ends[i]` of the file. `is_const` marks the words of a
    const or an argument, by which the compiler may decide something.
    """

    token: Token
    value: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    is_const: bool = False


def stretches_of(modules: Iterable[ast.Module]) -> list[Stretch]:
    """The stretches of prose in files."""
    found: list[Stretch] = []
    for module in modules:
        source = module.source
        for declaration in module.declarations:
            is_const = isinstance(declaration, ast.ConstDecl)
            for node, decided in _prose(declaration, is_const):
                if isinstance(node, ast.Text):
                    found += text_stretches(source, node, is_const=decided)
                elif (stretch := _label_stretch(source, node)) is not None:
                    found.append(stretch)
        found += _doc_stretches(source)
    return found


def _prose(node: ast.Node, decided: bool) -> Iterator[tuple[ast.Text | ast.StringLit, bool]]:
    if isinstance(node, _NO_PROSE):
        return
    if isinstance(node, ast.Text):
        yield node, decided
        return
    if isinstance(node, ast.Check) and node.label is not None:
        yield node.label, False
    decided = decided or isinstance(node, ast.Argument | ast.Pair)
    for child in children(node):
        yield from _prose(child, decided)


def texts_in(node: ast.Node) -> Iterator[ast.Text]:
    """Every text at or below a node."""
    if isinstance(node, ast.Text):
        yield node
        return
    for child in children(node):
        yield from texts_in(child)


def text_stretches(
    source: SourceFile, node: ast.Text, *, is_const: bool = False
) -> Iterator[Stretch]:
    """The stretches of one text."""
    token = Token(source.path, node.start, node.end, node.form)
    for part in node.parts:
        if isinstance(part, ast.TextLiteral):
            places = _places(source.text, part.start, part.end, part.value, node.form)
            if places is not None:
                yield Stretch(token, part.value, *places, is_const=is_const)


def _label_stretch(source: SourceFile, node: ast.StringLit) -> Stretch | None:
    places = _places(source.text, node.start + 1, node.end - 1, node.value, ast.STRING)
    if places is None:
        return None
    return Stretch(Token(source.path, node.start, node.end, NAME), node.value, *places)


def _doc_stretches(source: SourceFile) -> Iterator[Stretch]:
    if "##" not in source.text:
        return
    for token in lex(source.text):
        line = source.text[token.start : token.end]
        if token.kind != "COMMENT" or not line.startswith("##") or line.startswith("###"):
            continue
        value = line[2:].strip()
        if value:
            start = token.start + line.index(value, 2)
            where = Token(source.path, token.start, token.end, DOC)
            starts = tuple(range(start, start + len(value)))
            yield Stretch(where, value, starts, tuple(at + 1 for at in starts))


def _places(
    text: str, start: int, end: int, value: str, form: str
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Where each character of a value begins and ends in the file; None if that is unclear."""
    starts: list[int] = []
    ends: list[int] = []
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
            starts.append(at)
            ends.append(stop)
            spaces = 0
            while stop + spaces < end and text[stop + spaces] == " ":
                spaces += 1
            at = stop + max(spaces - wanted, 0)
            continue
        escaped = form != ast.RAW and text.startswith("\\", at) and text[at + 1 : at + 2] in '{"'
        if escaped and text[at + 1 : at + 2] == character:
            starts.append(at)
            at += 2
        elif text.startswith(character, at) and at < end:
            starts.append(at)
            at += 1
        else:
            return None
        ends.append(at)
    return tuple(starts), tuple(ends)
