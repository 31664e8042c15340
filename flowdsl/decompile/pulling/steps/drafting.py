"""New statements as source text, in the names and types that are used where they go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flowdsl.ir import nodes
from flowdsl.source.gaps import fill
from flowdsl.source.record import Record, field_names, replace
from flowdsl.syntax import ast
from flowdsl.syntax.statements import BY_KIND, STATEMENTS

from ...writing.lines import LOOP_KEY, Key, lines_of
from ...writing.outputs import with_emits
from ...writing.scope import PLAIN, RUNTIME, SECRET, Scope, Spelled
from ...writing.statement_text import Wanted, Writer
from ...writing.type_names import Unspeakable
from ..attempts import EditContext
from ..sections.scopes import KnownTypes, bare_scope, no_consts, put, workflow_scope
from ..sections.sections import styled
from ..sections.settings import aliases_by_name
from .tree import Home, Placed, Unit


def texts_of_kind(statement: nodes.Statement) -> tuple[str, ...]:
    """The names of the fields that hold texts, which a statement has in the IR as in its source."""
    return tuple(name for name, _ in STATEMENTS[BY_KIND[statement.kind][0]].texts)


_SIGILS = {ast.INPUT: PLAIN, ast.RUNTIME: RUNTIME, ast.SECRET: SECRET}
_HELD = "\0"
"""Begins the name that stands for a reference without a variable: a const, a value of `env`."""


class LearnedScope(Scope):
    """A scope that spells some variables, path included, as the statements around do."""

    exact: dict[tuple[str, str, tuple[str | int, ...]], str]

    def in_text(self, variable: nodes.Variable) -> str:
        found = self.exact.get((variable.sigil, variable.name, variable.path))
        return super().in_text(variable) if found is None else found

    def in_code(self, variable: nodes.Variable) -> str:
        found = self.exact.get((variable.sigil, variable.name, variable.path))
        if found is None:
            return super().in_code(variable)
        return found if found.startswith("{{") else found[1:-1]


class Drafter:
    """Writes statements for one workflow."""

    def __init__(
        self, context: EditContext, placed: Iterable[Placed], sources: Sequence[nodes.OutputSource]
    ):
        self._context = context
        self._sources = tuple(sources)
        self._placed = [each for each in _all(placed) if each.home is not None]
        workflow = context.built.workflow(context.goal.address)
        types = {field.name: field.type for field in workflow.outputs}
        self._wanted = {
            field.wire_name: (field.name, types[field.wire_name])
            for field in context.symbol.outputs
            if field.wire_name in types
        }

    def variants(self, unit: Unit, home: Home, like: Placed | None = None) -> list[list[str]]:
        """A statement laid out for the place of `home`, without indent, in one or two ways.

        The first is for where a failure ends the run, the second for where something catches it.
        What the statement `like` takes from consts and the environment stays a reference. Empty for
        what cannot be said there.
        """
        distinct: list[list[str]] = []
        for attempt in (False, True):
            lines = self._lines(unit, home, like, attempt=attempt)
            if lines is not None and lines not in distinct:
                distinct.append(lines)
        return distinct

    def _lines(
        self, unit: Unit, home: Home, like: Placed | None, *, attempt: bool
    ) -> list[str] | None:
        try:
            scope = self._scope(home)
            node = unit.node
            if like is not None and like.home is not None:
                node = _with_references(node, self._references(like), scope)
            (line,) = with_emits(lines_of((self._with_aliases(node),)), self._sources)
            return styled("statement", self._writer(scope, home).statement(line, attempt))
        except (Unspeakable, ValueError, RecursionError):
            return None

    def text(self, text: nodes.Text, like: Placed) -> str | None:
        """A text as a literal, to stand in the place of one of the placed statement `like`."""
        assert like.home is not None
        scope = self._scope(like.home)
        try:
            return self._writer(scope, like.home).text(
                _with_references(text, self._references(like), scope)
            )
        except Unspeakable:
            return None

    def condition(self, condition: nodes.Condition, like: Placed) -> str | None:
        """A condition as source text, for the place of one of the placed statement `like`."""
        assert like.home is not None
        scope = self._scope(like.home)
        try:
            return self._writer(scope, like.home).condition(
                _with_references(condition, self._references(like), scope)
            )
        except Unspeakable:
            return None

    # Names

    def _writer(self, scope: Scope, home: Home) -> Writer:
        types = KnownTypes(self._types(home))
        wanted = Wanted(self._wanted if isinstance(home.owner, ast.WorkflowDecl) else {})
        in_task = isinstance(home.owner, ast.TaskDecl)
        return Writer(scope, types, no_consts(), wanted, {}, in_task=in_task)

    def _scope(self, home: Home) -> Scope:
        found: dict[Key, Spelled] = {}
        exact: dict[tuple[str, str, tuple[str | int, ...]], str] = {}
        for each in self._placed:
            assert each.home is not None
            if each.home.owner is home.owner:
                for variable, ref, source in self._variables(each):
                    _learn(variable, ref, source, found, exact)
                own = _own_variable(each)
                if own is not None:
                    found[("runtime", own[0])] = Spelled(own[1], RUNTIME)
        if isinstance(home.owner, ast.WorkflowDecl):
            base = workflow_scope(self._context, loop=home.loop)
        else:
            base = bare_scope(found)
            if home.loop is not None:
                put(base, LOOP_KEY, home.loop, PLAIN)
        scope = LearnedScope(())
        scope.taken, scope.names, scope.types = base.taken, base.names, base.types
        scope.exact = exact
        return _Growing.over(scope)

    def _types(self, home: Home) -> Iterator[tuple[nodes.Type, str]]:
        """The types that statements in the same file spell, each with its spelling."""
        for each in self._placed:
            assert each.home is not None
            if each.home.path != home.path:
                continue
            type_ = getattr(each.unit.node, "type", None)
            written = getattr(each.home.statement, "type", None)
            if isinstance(written, ast.Node) and type_ is not None:
                text = self._context.module(home.path).source.text
                yield type_, text[written.start : written.end]

    def _variables(self, placed: Placed) -> Iterator[tuple[nodes.Variable, ast.Ref, str]]:
        """The variables of a statement, each with the reference in source and its spelling."""
        for text, written in _text_pairs(placed):
            if isinstance(written, ast.Ref):
                if len(text) == 1 and isinstance(text[0], nodes.Variable):
                    yield text[0], written, self._slice(placed, written)
                continue
            for ref, rendered in _aligned(text, written):
                if isinstance(rendered, nodes.Variable):
                    yield rendered, ref, self._slice(placed, ref)

    def _references(self, placed: Placed) -> dict[str, str]:
        """The words of a statement that come from consts and `env`, with the names in source."""
        found: dict[str, str] = {}
        for text, written in _text_pairs(placed):
            if isinstance(written, ast.Text):
                for ref, rendered in _aligned(text, written):
                    if isinstance(rendered, str) and len(rendered) > 1:
                        found[rendered] = self._slice(placed, ref)[1:-1]
        return found

    def _slice(self, placed: Placed, node: ast.Node) -> str:
        assert placed.home is not None
        return self._context.module(placed.home.path).source.text[node.start : node.end]

    def _with_aliases(self, node: Any) -> Any:
        """A statement with models named by alias in place of the name that the prompt shows."""
        return _mapped(node, aliases_by_name(self._context))


class _Growing(LearnedScope):
    """A scope in which a statement may set a runtime variable that nothing has set yet."""

    @classmethod
    def over(cls, scope: LearnedScope) -> _Growing:
        grown = cls(())
        grown.taken, grown.names, grown.types = scope.taken, scope.names, scope.types
        grown.exact = scope.exact
        grown.names = _Names(grown)
        return grown


class _Names(dict[Key, Spelled]):
    """Names by variable; an unknown runtime variable is called as in the prompt, if it can be."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.names)
        self._scope = scope

    def get(self, key: Key, default: Any = None) -> Any:
        found = super().get(key)
        if found is not None:
            return found
        is_new = key[0] == "runtime" and key != LOOP_KEY and key[1] not in self._scope.taken
        return Spelled(key[1], RUNTIME) if is_new else default


def _all(placed: Iterable[Placed]) -> Iterator[Placed]:
    for each in placed:
        yield each
        for body in each.bodies:
            if body is not None:
                yield from _all(body)


def _own_variable(placed: Placed) -> tuple[str, str] | None:
    """The runtime variable that a statement sets, and its name in source."""
    variable = getattr(placed.compiled, "variable", None)
    name = getattr(placed.home.statement, "name", None) if placed.home is not None else None
    if isinstance(variable, str) and isinstance(name, ast.Name):
        return variable, name.text
    return None


def _learn(
    variable: nodes.Variable,
    ref: ast.Ref,
    source: str,
    found: dict[Key, Spelled],
    exact: dict[tuple[str, str, tuple[str | int, ...]], str],
) -> None:
    """Notes how a variable is spelled: by its root if its path is the same, else as a whole."""
    steps = tuple(
        part.name if isinstance(part, ast.FieldAccess) else part.index for part in ref.path
    )
    if variable.path == steps:
        found[(variable.sigil, variable.name)] = Spelled(ref.name.text, _SIGILS[ref.sigil])
    elif source.startswith("{"):
        exact[variable.sigil, variable.name, variable.path] = source


def _text_pairs(placed: Placed) -> Iterator[tuple[nodes.Text, ast.Text | ast.Ref]]:
    if placed.home is None:
        return
    for name in texts_of_kind(placed.compiled):
        text = getattr(placed.compiled, name)
        node = getattr(placed.home.statement, name)
        if isinstance(node, ast.Text | ast.Ref) and text is not None:
            yield text, node


def _aligned(text: nodes.Text, written: ast.Text) -> Iterator[tuple[ast.Ref, nodes.Variable | str]]:
    """The references of a text, each with what it became: a variable, or words."""
    refs = [part for part in written.parts if isinstance(part, ast.Ref)]
    if not refs:
        return
    flat, variables = "", {}
    for piece in text:
        if isinstance(piece, nodes.TextPiece):
            flat += piece.value
        else:
            variables[len(flat)] = piece
            flat += _HELD
    pieces = [
        None if isinstance(part, ast.Ref) else part.value
        for part in written.parts
        if not isinstance(part, ast.TextComment)
    ]
    if written.form == ast.BLOCK:
        pieces[0] = pieces[0] and pieces[0].lstrip("\n")
        pieces[-1] = pieces[-1] and pieces[-1].rstrip("\n")
    for ref, (start, end) in zip(refs, fill(pieces, flat) or (), strict=False):
        rendered = flat[start:end]
        if rendered == _HELD:
            yield ref, variables[start]
        elif _HELD not in rendered and rendered:
            yield ref, rendered


def _with_references(value: Any, references: dict[str, str], scope: Scope) -> Any:
    """A value in whose texts the words that came from references are references again."""
    if not references:
        return value
    for name in references.values():
        put(scope, ("input", _HELD + name), name, PLAIN)
    longest_first = sorted(references, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return _referring(value, pattern, references)


def _referring(value: Any, pattern: re.Pattern[str], references: dict[str, str]) -> Any:
    if isinstance(value, tuple):
        if any(isinstance(each, nodes.TextPiece) for each in value):
            return tuple(_split(value, pattern, references))
        return tuple(_referring(each, pattern, references) for each in value)
    if not isinstance(value, Record):
        return value
    changes = {
        name: _referring(getattr(value, name), pattern, references)
        for name in field_names(type(value))
    }
    return replace(value, **changes)


def _split(
    text: tuple[Any, ...], pattern: re.Pattern[str], references: dict[str, str]
) -> Iterator[Any]:
    for piece in text:
        if not isinstance(piece, nodes.TextPiece):
            yield piece
            continue
        at = 0
        for found in pattern.finditer(piece.value):
            if found.start() > at:
                yield nodes.TextPiece(value=piece.value[at : found.start()])
            name = _HELD + references[found.group()]
            yield nodes.Variable(sigil="input", name=name)
            at = found.end()
        if at < len(piece.value):
            yield nodes.TextPiece(value=piece.value[at:])


def _mapped(value: Any, names: dict[str, str]) -> Any:
    """A statement and all that is in it, with the values of the fields `model` renamed."""
    if isinstance(value, tuple):
        return tuple(_mapped(each, names) for each in value)
    if not isinstance(value, nodes.Node):
        return value
    changes: dict[str, Any] = {}
    for name in field_names(type(value)):
        inner = getattr(value, name)
        if name == "model" and isinstance(inner, str):
            changes["model"] = names.get(inner, inner)
        elif isinstance(inner, tuple):
            changes[name] = _mapped(inner, names)
    return replace(value, **changes) if changes else value
