"""The names that statements and checks may use at a place of the source."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.ir import nodes

from ...writing.lines import LOOP_KEY, Key
from ...writing.scope import PLAIN, RUNTIME, SECRET, Scope, Spelled
from ...writing.type_names import RESERVED, TypeNames
from ...writing.value_text import Consts
from ...writing.value_types import ANY, STRING
from ..attempts import EditContext


class KnownTypes(TypeNames):
    """Types as source text: as the source spells them already, else written out."""

    def __init__(self, spelled: Iterable[tuple[nodes.Type, str]]) -> None:
        super().__init__()
        self._spelled = {repr(type_): text for type_, text in spelled}

    def type_text(self, type_: nodes.Type) -> str:
        found = self._spelled.get(repr(type_))
        return super().type_text(type_) if found is None else found


def no_consts() -> Consts:
    """Consts that are named but never declared: an edit that needs one does not compile."""
    return Consts(lambda wanted: wanted)


def workflow_scope(context: EditContext, *, loop: str | None = None) -> Scope:
    """The names in reach in the body of a workflow; `loop` is the variable of the loop around."""
    workflow = context.built.workflow(context.goal.address)
    symbol = context.symbol
    scope = Scope(())
    types = {field.name: field.type for field in (*workflow.inputs, *workflow.secrets)}
    for field in symbol.inputs:
        key = ("input", field.wire_name)
        scope.add(key, field.name, PLAIN, types.get(field.wire_name, ANY))
    for field in symbol.secrets:
        key = ("secret", field.wire_name)
        scope.add(key, field.name, SECRET, types.get(field.wire_name, STRING))
    for name in symbol.runtime:
        if name not in scope.taken:
            scope.add(("runtime", name), name, RUNTIME, ANY)
    if loop is not None:
        put(scope, LOOP_KEY, loop, PLAIN)
    return scope


def bare_scope(found: dict[Key, Spelled]) -> Scope:
    """A scope with the names that the surrounding statements are known to use."""
    scope = Scope(())
    for key, spelled in found.items():
        put(scope, key, spelled.name, spelled.sigil)
    return scope


def put(scope: Scope, key: Key, name: str, sigil: str) -> None:
    """Puts a variable into a scope, even where another variable has its name."""
    if name in RESERVED:
        return
    scope.taken.add(name)
    scope.names[key] = Spelled(name, sigil)
    scope.types.setdefault(key, ANY)
