"""Wrong edits of the body of a workflow or a task, drawn from its syntax tree.

    type due as "MM/dd/yyyy" into "From"      left out; typed in another format; another input
    press "Enter"                             swapped with the statement before it
    if sees "a notice" { … } else { … }       condition turned round; branches swapped; `else` lost

An edit replaces spans of the source text. `study` finds out whether the result still checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import HOLDING, WITH_ELSE
from flowdsl.syntax.visit import children, fields, walk

Change = tuple[int, int, str]
"""Offsets of a span in the source, and what stands there afterwards."""

_DISPLAYS = ("yyyy-MM-dd", "MM/dd/yyyy", "dd.MM.yyyy", "HH:mm", "HH:mm:ss", "0", "0.00", "#,##0.00")
"""Formats; a format becomes the first other one of its kind."""


class Edit(Record):
    """A wrong edit: its place, its description, and the changes of the source text."""

    place: Span
    words: str
    changes: tuple[Change, ...]

    def apply(self, text: str) -> str:
        """Return the source text after the edit."""
        for start, end, new in sorted(self.changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def draw_edits(
    source: SourceFile, body: ast.Block, names: Mapping[str, Sequence[str]]
) -> Iterator[Edit]:
    """Yield the edits of a body, in source order.

    `names` maps the text of a type to the names that are declared with it.
    """
    drawing = _Drawing(source, names)
    for node in walk(body):
        yield from drawing.edits_of(node)


class _Drawing:
    """Draws the edits of single nodes of one file."""

    def __init__(self, source: SourceFile, names: Mapping[str, Sequence[str]]) -> None:
        self._source = source
        self._others = dict(_pair_names(names))

    def edits_of(self, node: ast.Node) -> Iterator[Edit]:
        """Yield the edits of one node, without those of the nodes below it."""
        match node:
            case ast.Block(statements=statements):
                yield from self._edits_of_block(statements)
            case ast.IfStmt():
                yield from self._edits_of_branches(node)
            case ast.MatchStmt(branches=branches) if len(branches) > 1:
                first, second = branches[0].body, branches[1].body
                yield self._swap("swaps two branches", first, second)
            case ast.Ref():
                yield from self._edits_of_reference(node)
            case ast.TypeStmt(display=display) if display is not None:
                other = next(
                    each
                    for each in _DISPLAYS
                    if each != display.value and (each[0].isalpha() == display.value[0].isalpha())
                )
                yield self._replace(display, f'"{other}"', "types in another format")
            case ast.CompareExpr() | ast.EmitStmt() | ast.KeepStmt() | ast.Argument():
                yield from self._edits_of_values(node)
            case ast.InExpr(values=ast.ListExpr(items=items)) if len(items) > 1:
                end = (items[-2].end, items[-1].end, "")
                yield self._edit(node, "leaves out the last text of `in`", end)
            case ast.PressStmt(keys=keys, times=times):
                other = "Enter" if keys.value.casefold() != "enter" else "Escape"
                yield self._replace(keys, f'"{other}"', "presses another key")
                if times is not None:
                    yield self._replace(times, str(times.value + 1), "presses once more")
            case _:
                pass
        yield from self._edits_of_condition(node)
        if type(node) in _WITH_ELSE and node.otherwise is not None:  # type: ignore[attr-defined]
            yield self._drop_else(node, node.otherwise)  # type: ignore[attr-defined]

    def _edits_of_block(self, statements: Sequence[ast.Stmt]) -> Iterator[Edit]:
        for number, statement in enumerate(statements):
            if not isinstance(statement, ast.StepStmt):
                yield self._edit(
                    statement,
                    f"leaves out `{self._first_line(statement)}`",
                    (statement.start, statement.end, ""),
                )
            before = statements[number - 1]
            if number and not {type(before), type(statement)} & HOLDING:
                yield self._swap("swaps this with the statement before it", before, statement)

    def _edits_of_branches(self, node: ast.IfStmt) -> Iterator[Edit]:
        if node.otherwise is None:
            return
        yield self._swap("swaps the branches", node.branches[-1].body, node.otherwise)
        yield self._edit(
            node.otherwise, "loses the `else`", (node.branches[-1].end, node.otherwise.end, "")
        )

    def _edits_of_condition(self, node: ast.Node) -> Iterator[Edit]:
        for name in fields(node):
            condition = getattr(node, name)
            if name in _CONDITIONS and not isinstance(condition, ast.Text | None):
                text = f"not ({self._text(condition)})"
                yield self._replace(condition, text, "turns the condition round")

    def _edits_of_reference(self, node: ast.Ref) -> Iterator[Edit]:
        other = self._others.get(node.name.text)
        if other is not None:
            words = f"takes `{other}` in place of `{node.name.text}`"
            yield self._replace(node.name, other, words)

    def _edits_of_values(self, node: ast.Node) -> Iterator[Edit]:
        """Yield another value for each literal that a statement or a comparison has."""
        for value in children(node):
            match value:
                case ast.IntLit(value=number):
                    yield self._replace(value, str(number + 1), "has another number")
                case ast.NumberLit(value=written):
                    yield self._replace(value, f"1{written.lstrip('-')}", "has another number")
                case ast.BoolLit(value=holds):
                    yield self._replace(value, "false" if holds else "true", "has another value")
                case ast.Text() if value.form == ast.STRING:
                    changed = (value.end - 1, value.end - 1, " too")
                    yield self._edit(value, "has another text", changed)
                case _:
                    pass

    def _drop_else(self, node: ast.Node, otherwise: ast.Node) -> Edit:
        start = otherwise.start
        text = self._source.text
        if not text.startswith("else", start):
            start = text.rindex("else", node.start, start)
        return self._edit(otherwise, "loses the `else`", (start, otherwise.end, ""))

    def _swap(self, words: str, one: ast.Node, other: ast.Node) -> Edit:
        changes = (
            (one.start, one.end, self._text(other)),
            (other.start, other.end, self._text(one)),
        )
        return self._edit(other, words, *changes)

    def _replace(self, node: ast.Node, text: str, words: str) -> Edit:
        return self._edit(node, words, (node.start, node.end, text))

    def _edit(self, node: ast.Node, words: str, *changes: Change) -> Edit:
        return Edit(Span(self._source, node.start, node.end), words, changes)

    def _text(self, node: ast.Node) -> str:
        return self._source.text[node.start : node.end]

    def _first_line(self, node: ast.Node) -> str:
        line = self._text(node).partition("\n")[0].rstrip(" {")
        return line if len(line) <= 60 else f"{line[:57]}..."


_CONDITIONS = frozenset(("condition",))
"""The fields of nodes that hold a condition."""
_WITH_ELSE = WITH_ELSE | {ast.RetryStmt}
"""The statements that lose an `else`; of `if` and `match` it is a branch."""


def _pair_names(names: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, str]]:
    """Yield each name with another one of the same type, if there is one."""
    for same in names.values():
        if len(same) > 1:
            yield from zip(same, (*same[1:], same[0]), strict=True)
