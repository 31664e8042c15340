"""Finds the input fields that are `@untrusted`, judging by the texts of the workflow.

A prompt quotes untrusted text, but does not say which part of an input is marked. If other parts of
the input appear unquoted in instructions, the mark belongs to a field inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable
from flowdsl.ir.walk import inner_bodies
from flowdsl.source.record import Record, field_names

from .lines import LOOP_KEY, Key, loop_key
from .value_types import unwrap_optional

Path: TypeAlias = tuple[str, ...]
"""Names of fields from an input downwards; positions in lists are left out."""


class Marks(Record):
    """The inputs that are `@untrusted` as a whole, and (record, field) for marked fields."""

    whole: frozenset[str]
    inside: tuple[tuple[nodes.RecordType, str], ...]


def find_marks(workflow: nodes.Workflow, untrusted: Iterable[str]) -> Marks:
    """Return the marks for the inputs that are at least partly `@untrusted`."""
    looked, trusted, held = _Uses(), _Uses(), _Uses()
    _visit_body(workflow.body, {}, (looked, trusted, held))
    for rule in workflow.rules:
        _add_used_paths(rule, {}, (looked, trusted, held))
    for check in workflow.checks or ():
        items = check.target.items if check.target is not None else None
        _add_used_paths(check.statement, {LOOP_KEY: items}, (looked, trusted, held))
    types = {field.name: field.type for field in workflow.inputs}
    whole: set[str] = set()
    inside: dict[int, tuple[nodes.RecordType, str]] = {}
    for name in untrusted:
        quoted = looked.of(name)
        plain = trusted.of(name)
        if not plain or name not in types:
            whole.add(name)
            continue
        for path in quoted or {()}:
            if path == () and not any(plain):
                whole.add(name)
                continue
            choices = list(_find_choices(types[name], path, ()))
            free = [choice for choice in choices if not _is_meeting_path(choice.path, plain)]
            typed = held.of(name)
            best = sorted(free, key=lambda choice: (choice.path not in typed, len(choice.path)))
            if not best:
                whole.add(name)
                continue
            inside[len(inside)] = (best[0].record, best[0].path[-1])
    return Marks(frozenset(whole), tuple(inside.values()))


class _Uses:
    """The paths at which inputs are used, by the name of the input."""

    def __init__(self) -> None:
        self._paths: dict[str, set[Path]] = {}

    def add(self, name: str, path: Path) -> None:
        self._paths.setdefault(name, set()).add(path)

    def of(self, name: str) -> set[Path]:
        return self._paths.get(name, set())


_Items: TypeAlias = "dict[Key, nodes.Variable | None]"
"""The list of each enclosing loop, by the variable of its entry."""

_AllUses: TypeAlias = tuple[_Uses, _Uses, _Uses]
"""Quoted uses; unquoted uses in instructions; uses as a value that is typed, stored or compared."""


class _Choice(Record):
    """A field that may carry the mark: its path, and the record that declares it."""

    path: Path
    record: nodes.RecordType


def _find_choices(type_: nodes.Type, path: Path, way: Path) -> Iterator[_Choice]:
    """Return the fields on a path, at its end, and below it."""
    type_ = unwrap_optional(type_)
    while isinstance(type_, nodes.ListType):
        type_ = unwrap_optional(type_.element)
    if not isinstance(type_, nodes.RecordType):
        return
    for field in type_.fields:
        if not path or field.name == path[0]:
            here = (*way, field.name)
            yield _Choice(here, type_)
            yield from _find_choices(field.type, path[1:], here)


def _is_meeting_path(path: Path, others: Iterable[Path]) -> bool:
    """Whether `path` leads to, into or past one of `others`."""
    return any(path[: len(other)] == other[: len(path)] for other in others)


_HELD = frozenset(("value", "assignments", "items", "branches", "until"))
"""Fields of statements whose values are typed, stored or compared; these may be untrusted."""
_BODIES = frozenset(("body", "otherwise", "origin", "type"))


def _visit_body(body: nodes.Body, items: _Items, uses: _AllUses) -> None:
    for statement in body:
        for name in field_names(type(statement)):
            if name not in _BODIES:
                _add_used_paths(getattr(statement, name), items, uses, held=name in _HELD)
        if isinstance(statement, nodes.Loop):
            items = {**items, loop_key(statement): single_variable(statement.items)}
        for inner in inner_bodies(statement):
            _visit_body(inner, items, uses)


def _add_used_paths(value: Any, items: _Items, uses: _AllUses, *, held: bool = False) -> None:
    if isinstance(value, nodes.Variable):
        looked, trusted, kept = uses
        path = value.path
        root = value
        for _ in items:  # An entry may be an entry of a list inside another entry.
            list_ = items.get((root.sigil, root.name))
            if list_ is not None:
                root, path = list_, (*list_.path, *path)
        name, sigil = root.name, root.sigil
        if sigil == "input":
            fields = tuple(part for part in path if isinstance(part, str))
            (looked if value.quoted else kept if held else trusted).add(name, fields)
    elif isinstance(value, nodes.Sees):
        _add_used_paths(value.text, items, uses)
    elif isinstance(value, tuple):
        for each in value:
            _add_used_paths(each, items, uses, held=held)
    elif not isinstance(value, nodes.Branch):
        for name in field_names(type(value)):
            if name != "origin":
                _add_used_paths(getattr(value, name), items, uses, held=held)
    else:
        _add_used_paths(value.condition, items, uses, held=True)
