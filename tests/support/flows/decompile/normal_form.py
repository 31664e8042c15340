"""Workflows without what a prompt does not tell, so that what was read from one can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from flowdsl.codegen.prompt.actions import emit_action
from flowdsl.decompile.added import source_form
from flowdsl.decompile.model import PromptProgram
from flowdsl.ir import nodes
from flowdsl.ir.fits import fits, models_of
from flowdsl.ir.passes.numbering import with_whole_lists
from flowdsl.ir.walk import statements
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import clause, marked_text, spell_text
from flowdsl.prompt.values import field_note
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.values.spelling import spell
from flowdsl.source.record import Record, field_names, replace

STRING = nodes.ScalarType(name="string")
CLAUSES = {
    "choose": "target",
    "type": "target",
    "clear": "target",
    "wait_until": "condition",
    "expect": "condition",
    "extract": "source",
    "background_extract": "source",
    "copy": "source",
    "picture": "shows",
}
"""The texts that stand inside a sentence of the prompt."""

FOCUSED = (
    nodes.Choose,
    nodes.WaitUntil,
    nodes.Expect,
    nodes.Extract,
    nodes.If,
    nodes.Repeat,
    nodes.Retry,
)


class NormalForm:
    """Normal forms for an account with `capabilities`.

    Values to compare, made of tuples, texts and numbers.

    Left out are origins, names of loop variables, bounds that the prompt need not repeat,
    steps, since a focused call goes on across their ends, constraints of fields, and which of the
    statements in one instruction has named the model.
    """

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities

    def of(self, program: nodes.Workflow | PromptProgram) -> Any:
        rules = tuple(_text(rule, marked_text(rule)) for rule in program.rules)
        body = with_whole_lists(program.body, program.sources)
        whole = set(_kept_whole(body))
        sources = tuple(
            (source.field, _kind(source, whole), source.variable, source.path, repr(source.value))
            for source in program.sources
            if not (isinstance(program, nodes.Workflow) and program.output_schema)
        )
        return (
            program.title,
            program.description or None,
            rules,
            self.body(source_form(body), main=True),
            sources,
        )

    def body(self, body: nodes.Body, *, main: bool) -> Any:
        found: list[Any] = []
        for statement in _joined(tuple(_without_steps(body))):
            match statement:
                case nodes.Do():
                    found += [
                        ("do", _marked(statement.text, item)) for item in emit_action(statement)
                    ]
                case nodes.Copy() if main and statement.otherwise:
                    found.append(self._instruction(statement, statement.otherwise))
                case _ if main and isinstance(statement, FOCUSED):
                    found.append(self._instruction(statement, (statement,)))
                case _:
                    found.append(self._statement(statement, main))
        return tuple(found)

    def _instruction(self, statement: nodes.Statement, decided: nodes.Body) -> Any:
        """A statement with the model of its instruction, if that can hold all that it decides."""
        if not fits(decided, self._capabilities):
            return self._statement(statement, main=True)
        return (*sorted(set(models_of((statement,)))), self._statement(statement, main=False))

    def _statement(self, statement: nodes.Statement, main: bool) -> Any:
        match statement:
            case nodes.Step():
                statement = replace(statement, description=None)
            case nodes.Extract() | nodes.Copy() if statement.otherwise is not None:
                statement = replace(statement, type=_present(statement.type))
            case nodes.Retry(attempts=1):
                statement = replace(statement, delay_milliseconds=0)
            case nodes.Run(otherwise=()):
                statement = replace(statement, otherwise=None)
            case nodes.Loop():
                statement = replace(
                    statement, variable="", limit=statement.limit if statement.counted else None
                )
            case _:
                pass
        return tuple(
            (name, self._field(statement, name, main))
            for name in field_names(type(statement))
            if name not in ("origin", "flat") and not (name == "model" and not main)
        )

    def _field(self, statement: nodes.Statement, name: str, main: bool) -> Any:
        value = getattr(statement, name)
        if name == CLAUSES.get(statement.kind):
            return None if value is None else _text(value, clause(value))
        if isinstance(statement, nodes.Leave) and name == "reason" and statement.action == "finish":
            return _text(value, clause(value))
        if (statement.kind, name) in (("type", "value"), ("run", "command")):
            return _whole(value)
        if name in ("body", "otherwise"):
            return None if value is None else self.body(value, main=main)
        if name == "branches":
            return tuple(
                (self._plain(branch.condition), self.body(branch.body, main=main))
                for branch in value
            )
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        match value:
            case nodes.Sees(text=text):
                return "sees", _text(text, spell_text(text))
            case nodes.FieldSpec():
                default = spell(value.default) if value.has_default else None
                note = field_note(value.description or "")
                return value.name, self._plain(value.type), note, default
            case nodes.TextValue(text=text):
                return "text", _whole(text)
            case nodes.ConstantValue(value=str() as constant):
                text = (nodes.TextPiece(value=constant),) if constant else ()
                return "text", _whole(text)
            case nodes.ConstantValue(value=list() as items):
                return "list", tuple(self._plain(nodes.ConstantValue(value=item)) for item in items)
            case nodes.ConstantValue(value=dict() as pairs):
                return "object", tuple(
                    (name, self._plain(nodes.ConstantValue(value=item)))
                    for name, item in pairs.items()
                )
            case nodes.ConstantValue(value=constant):
                return "constant", spell(constant)
            case nodes.ListValue(items=items):
                return "list", tuple(map(self._plain, items))
            case nodes.ObjectValue(fields=pairs):
                return "object", tuple((name, self._plain(item)) for name, item in pairs)
            case tuple() if value and isinstance(value[0], nodes.TextPiece | nodes.Variable):
                return _text(value, spell_text(value))
            case tuple():
                return tuple(map(self._plain, value))
            case Record():
                return type(value).__name__, tuple(
                    (name, self._plain(getattr(value, name)))
                    for name in field_names(type(value))
                    if name not in ("origin", "restores", "complete", "flat")
                )
            case _:
                return value


def _without_steps(body: nodes.Body) -> Iterator[nodes.Statement]:
    for statement in body:
        if isinstance(statement, nodes.Step):
            yield from _without_steps(statement.body)
        else:
            yield statement


def _joined(body: nodes.Body) -> Iterator[nodes.Statement]:
    """The statements of a body, with neighbouring values to keep as one."""
    for is_store, group in groupby(body, key=lambda statement: isinstance(statement, nodes.Store)):
        if not is_store:
            yield from group
            continue
        stores = [each for each in group if isinstance(each, nodes.Store)]
        together = (assignment for each in stores for assignment in each.assignments)
        yield replace(stores[0], assignments=tuple(together))


def _kept_whole(body: nodes.Body) -> Iterator[str]:
    for statement in statements(body):
        if isinstance(statement, nodes.Store):
            yield from (each.variable for each in statement.assignments)


def _kind(source: nodes.OutputSource, whole: set[str]) -> str:
    """The kind of a source.

    A task's result that is complete at once and reported under its own name is kept as an output
    is.
    """
    own = source.kind == "runtime" and source.variable == source.field and not source.path
    return "stored" if own and source.field in whole else source.kind


def _text(text: nodes.Text, spelled: str) -> Any:
    """A text as it is spelled, and which of its variables are data from outside."""
    lines = "\n".join(line.rstrip() for line in spelled.split("\n")).strip()
    return lines, tuple(
        piece.name for piece in text if isinstance(piece, nodes.Variable) and piece.quoted
    )


def _whole(text: nodes.Text) -> Any:
    """A text that arrives as it is, to the last blank."""
    return spell_text(text), _text(text, "")


def _marked(text: nodes.Text, item: Item) -> Any:
    return _text(text, item.text)


def _present(type_: nodes.Type) -> nodes.Type:
    return type_.inner if isinstance(type_, nodes.OptionalType) else type_
