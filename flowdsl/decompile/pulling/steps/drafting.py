"""Writes new statements as source text, with the names and types in use at their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.semantics import model as semantic
from flowdsl.source.gaps import fill_gaps_from
from flowdsl.source.record import field_names, replace
from flowdsl.syntax import ast
from flowdsl.syntax.statements import BY_KIND, STATEMENTS

from ...fields import SchemaFields, read_inputs
from ...writing.lines import LOOP_KEY, Key, lines_of
from ...writing.outputs import replace_stores
from ...writing.scope import PLAIN, RUNTIME, SECRET, Scope, Spelled
from ...writing.statement_text import Wanted, Writer
from ...writing.type_names import TypeNames, Unspeakable
from ...writing.value_text import Consts
from ...writing.writer import format_section_lines
from ..attempts import EditContext
from ..fields import INPUTS, schema_of
from ..references import find_rendered_references
from ..settings import aliases_by_name
from .tree import Home, Placed


def texts_of_kind(statement: nodes.Statement) -> tuple[str, ...]:
    """Return the names of the text fields that a statement has both in the IR and in source."""
    held = field_names(type(statement))
    return tuple(name for name, _ in STATEMENTS[BY_KIND[statement.kind][0]].texts if name in held)


_HELD = "\0"
"""Placeholder for a variable in the characters of a text."""


Exact = dict[tuple[str, str, tuple[str | int, ...]], str]
"""The spelling of references whose path in source differs from that of the variable."""


class LearnedScope(Scope):
    """A scope that spells variables as the surrounding statements do.

    A runtime variable that has not been set yet gets its name from the prompt, if possible.
    """

    def __init__(self, base: Scope, exact: Exact) -> None:
        super().__init__(())
        self.taken, self.names, self.types = base.taken, base.names, base.types
        self._exact = exact

    def find(self, key: Key) -> Spelled | None:
        found = super().find(key)
        is_new = found is None and key[0] == "runtime" and key != LOOP_KEY
        return Spelled(key[1], RUNTIME) if is_new and key[1] not in self.taken else found

    def in_code(self, variable: nodes.Variable) -> str:
        found = self._exact.get((variable.sigil, variable.name, variable.path))
        return super().in_code(variable) if found is None else found


class Drafter:
    """Writes statements for one workflow."""

    def __init__(
        self, context: EditContext, placed: Iterable[Placed], sources: Sequence[nodes.OutputSource]
    ):
        self._context = context
        self._sources = tuple(sources)
        self._aliases = aliases_by_name(context)
        is_open = INPUTS in context.open_fields
        read = read_inputs(schema_of(context.goal.values.get(INPUTS))) if is_open else None
        self._given = read if isinstance(read, SchemaFields) else SchemaFields()
        self._placed = [each for each in _walk_placed(placed) if each.home is not None]
        workflow = context.built.workflow(context.goal.address)
        types = {field.name: field.type for field in workflow.outputs}
        self._wanted = {
            field.wire_name: (field.name, types[field.wire_name])
            for field in context.symbol.outputs
            if field.wire_name in types
        }

    def variants(self, node: nodes.Statement, home: Home) -> list[list[str]]:
        """Return a statement written for the place of `home`, in one or two variants.

        They have no indent. The first is for places where a failure ends the run, the second for
        places where a failure is caught. Empty if the statement cannot be expressed there.
        """
        distinct: list[list[str]] = []
        for attempt in (False, True):
            lines = self._lines(node, home, attempt=attempt)
            if lines is not None and lines not in distinct:
                distinct.append(lines)
        return distinct

    def _lines(self, node: nodes.Statement, home: Home, *, attempt: bool) -> list[str] | None:
        try:
            writer = self._writer(self._scope(home), home)
            named = _rename_models(node, self._aliases)
            (line,) = replace_stores(lines_of((named,)), self._sources)
            return format_section_lines("statement", writer.statement(line, attempt))
        except (Unspeakable, ValueError, RecursionError):
            return None

    # Names

    def _writer(self, scope: Scope, home: Home) -> Writer:
        types = TypeNames(spelled=self._types(home))
        wanted = Wanted(self._wanted if isinstance(home.owner, ast.WorkflowDecl) else {})
        in_task = isinstance(home.owner, ast.TaskDecl)
        runtime = {} if in_task else self._context.symbol.runtime
        outputs = [name for name, symbol in runtime.items() if symbol.is_output]
        writer = Writer(scope, types, Consts(), wanted, {}, in_task=in_task, outputs=outputs)
        writer.says_match = not isinstance(home.statement, ast.IfStmt)
        return writer

    def _scope(self, home: Home) -> Scope:
        found: dict[Key, Spelled] = {}
        exact: Exact = {}
        for each in self._placed:
            if each.home is not None and each.home.owner is home.owner:
                for variable, ref, source in self._find_spelled_variables(each):
                    kind = self._context.built.model.values[ref].kind
                    _learn_spelling(variable, ref, kind, source, found, exact)
                own = _own_variable(each)
                if own is not None:
                    found["runtime", own[0]] = Spelled(own[1], RUNTIME)
        if isinstance(home.owner, ast.WorkflowDecl):
            scope = self._context.scope(home.loop)
            self._add_new_fields(scope)
            return LearnedScope(scope, exact)
        scope = Scope(())
        for key, spelled in found.items():
            scope.put(key, spelled.name, spelled.sigil)
        if home.loop is not None:
            scope.put(LOOP_KEY, home.loop, PLAIN)
        return LearnedScope(scope, exact)

    def _add_new_fields(self, scope: Scope) -> None:
        """Add the inputs and secrets that the goal has and the source not yet."""
        every = (("input", PLAIN, self._given.inputs), ("secret", SECRET, self._given.secrets))
        for kind, sigil, fields in every:
            for field in fields:
                key: Key = (kind, field.name)
                if scope.find(key) is None and is_name(field.name):
                    scope.put(key, field.name, sigil)

    def _types(self, home: Home) -> Iterator[tuple[nodes.Type, str]]:
        """Return the types that statements in the same file spell, each with its spelling."""
        for each in self._placed:
            assert each.home is not None
            if each.home.path != home.path:
                continue
            type_ = getattr(each.unit.node, "type", None)
            written = getattr(each.home.statement, "type", None)
            if isinstance(written, ast.Node) and type_ is not None:
                text = self._context.module(home.path).source.text
                yield type_, text[written.start : written.end]

    def _find_spelled_variables(
        self, placed: Placed
    ) -> Iterator[tuple[nodes.Variable, ast.Ref, str]]:
        """Return a statement's variables, each with its reference in source and its spelling."""
        for text, written in _text_pairs(placed):
            if isinstance(written, ast.Ref):
                if len(text) == 1 and isinstance(text[0], nodes.Variable):
                    yield text[0], written, self._slice_source(placed, written)
                continue
            for ref, rendered in _align_references(text, written):
                if isinstance(rendered, nodes.Variable):
                    yield rendered, ref, self._slice_source(placed, ref)

    def find_rendered_words(self, placed: Placed) -> dict[str, str]:
        """Return the words that a statement's references expand to, by their spelling in a text."""
        if placed.home is None:
            return {}
        source = self._context.module(placed.home.path).source.text
        found = find_rendered_references(self._context.built.model, source, placed.home.statement)
        for text, written in _text_pairs(placed):
            if isinstance(written, ast.Text):
                for ref, words in _align_references(text, written):
                    if isinstance(words, str):
                        found[self._slice_source(placed, ref)] = words
            elif len(text) == 1 and isinstance(text[0], nodes.TextPiece):
                found[f"{{{self._slice_source(placed, written)}}}"] = text[0].value
        return found

    def _slice_source(self, placed: Placed, node: ast.Node) -> str:
        assert placed.home is not None
        return self._context.module(placed.home.path).source.text[node.start : node.end]


def _walk_placed(placed: Iterable[Placed]) -> Iterator[Placed]:
    for each in placed:
        yield each
        for body in each.bodies:
            if body is not None:
                yield from _walk_placed(body)


def _own_variable(placed: Placed) -> tuple[str, str] | None:
    """Return the runtime variable that a statement sets, and its name in source."""
    variable = getattr(placed.compiled, "variable", None)
    name = getattr(placed.home.statement, "name", None) if placed.home is not None else None
    if isinstance(variable, str) and isinstance(name, ast.Name):
        return variable, name.text
    return None


def _learn_spelling(
    variable: nodes.Variable,
    ref: ast.Ref,
    kind: str,
    source: str,
    found: dict[Key, Spelled],
    exact: Exact,
) -> None:
    """Record how a variable is spelled: by its root if its path is the same, else as a whole."""
    steps = tuple(
        part.name if isinstance(part, ast.FieldAccess) else part.index for part in ref.path
    )
    notation = {semantic.RUNTIME: RUNTIME, semantic.SECRET: SECRET}.get(kind, PLAIN)
    if variable.path == steps:
        found[(variable.sigil, variable.name)] = Spelled(ref.name.text, notation)
    else:
        exact[variable.sigil, variable.name, variable.path] = source.strip("{} \t")


def _text_pairs(placed: Placed) -> Iterator[tuple[nodes.Text, ast.Text | ast.Ref]]:
    if placed.home is None:
        return
    for name in texts_of_kind(placed.compiled):
        text = getattr(placed.compiled, name)
        node = getattr(placed.home.statement, name)
        if isinstance(node, ast.Text | ast.Ref) and text is not None:
            yield text, node


def _align_references(
    text: nodes.Text, written: ast.Text
) -> Iterator[tuple[ast.Ref, nodes.Variable | str]]:
    """Return the references of a text, each with its result: a variable, or words."""
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
    for ref, (start, end) in zip(refs, fill_gaps_from(pieces, flat) or (), strict=False):
        rendered = flat[start:end]
        if rendered == _HELD:
            yield ref, variables[start]
        elif _HELD not in rendered and rendered:
            yield ref, rendered


def _rename_models(value: Any, names: dict[str, str]) -> Any:
    """Return a statement with the values of all fields `model` inside it renamed."""
    if isinstance(value, tuple):
        return tuple(_rename_models(each, names) for each in value)
    if not isinstance(value, nodes.Node):
        return value
    changes: dict[str, Any] = {}
    for name in field_names(type(value)):
        inner = getattr(value, name)
        if name == "model" and isinstance(inner, str):
            changes["model"] = names.get(inner, inner)
        elif isinstance(inner, tuple):
            changes[name] = _rename_models(inner, names)
    return replace(value, **changes) if changes else value
