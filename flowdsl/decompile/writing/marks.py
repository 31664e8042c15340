"""Finds the input fields that are `@untrusted`, judging by the texts of the workflow.

A prompt quotes untrusted text, but does not say which part of an input is marked. The rule:

- An input is marked as a whole if no part of it appears unquoted in an instruction.
- Else one field is marked for each quoted path. It lies on the path, at its end or below it, and
  meets no unquoted path. Among several the first is one that is used as a value, then the one with
  the shortest path. Without any, the input is marked as a whole.
"""

from __future__ import annotations

from collections import defaultdict
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
    uses = _Uses(defaultdict(set), defaultdict(set), defaultdict(set))
    _visit_body(workflow.body, {}, uses)
    for rule in workflow.rules:
        _add_used_paths(rule, {}, uses)
    for check in workflow.checks or ():
        items = check.target.items if check.target is not None else None
        _add_used_paths(check.statement, {LOOP_KEY: items}, uses)
    types = {field.name: field.type for field in workflow.inputs}
    whole: set[str] = set()
    inside: list[tuple[nodes.RecordType, str]] = []
    for name in untrusted:
        unquoted = uses.unquoted[name]
        if not unquoted or name not in types:
            whole.add(name)
            continue
        for path in uses.quoted[name] or {()}:
            if path == () and unquoted == {()}:
                whole.add(name)
                continue
            choices = list(_find_choices(types[name], path, ()))
            free = [choice for choice in choices if not _overlaps_any(choice.path, unquoted)]
            held = uses.held[name]
            best = sorted(free, key=lambda choice: (choice.path not in held, len(choice.path)))
            if not best:
                whole.add(name)
                continue
            inside.append((best[0].record, best[0].path[-1]))
    return Marks(frozenset(whole), tuple(inside))


_Paths: TypeAlias = "defaultdict[str, set[Path]]"
"""The paths at which inputs are used, by the name of the input."""


class _Uses(Record):
    """The uses of inputs: quoted ones, and unquoted ones in instructions.

    `held` are uses as a value that is typed, stored or compared.
    """

    quoted: _Paths
    unquoted: _Paths
    held: _Paths


_EntryLists: TypeAlias = "dict[Key, nodes.Variable | None]"
"""The list of each enclosing loop, by the variable of its entry."""


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


def _overlaps_any(path: Path, others: Iterable[Path]) -> bool:
    """Whether `path` and one of `others` are such that one is the beginning of the other."""
    return any(path[: len(other)] == other[: len(path)] for other in others)


_HELD = frozenset(("value", "assignments", "items", "branches", "until"))
"""Fields of statements whose values are typed, stored or compared; these may be untrusted."""
_BODIES = frozenset(("body", "otherwise", "origin", "type"))


def _visit_body(body: nodes.Body, entry_lists: _EntryLists, uses: _Uses) -> None:
    for statement in body:
        for name in field_names(type(statement)):
            if name not in _BODIES:
                _add_used_paths(getattr(statement, name), entry_lists, uses, held=name in _HELD)
        if isinstance(statement, nodes.Loop):
            # Statements after the loop keep it: they do not use the variable of its entry.
            entry_lists = {**entry_lists, loop_key(statement): single_variable(statement.items)}
        for inner in inner_bodies(statement):
            _visit_body(inner, entry_lists, uses)


def _add_used_paths(
    value: Any, entry_lists: _EntryLists, uses: _Uses, *, held: bool = False
) -> None:
    if isinstance(value, nodes.Branch):
        _add_used_paths(value.condition, entry_lists, uses, held=True)
    elif isinstance(value, nodes.Variable):
        path = value.path
        root = value
        for _ in entry_lists:  # An entry may be an entry of a list inside another entry.
            list_ = entry_lists.get((root.sigil, root.name))
            if list_ is not None:
                root, path = list_, (*list_.path, *path)
        if root.sigil == "input":
            fields = tuple(part for part in path if isinstance(part, str))
            unquoted = uses.held if held else uses.unquoted
            (uses.quoted if value.quoted else unquoted)[root.name].add(fields)
    elif isinstance(value, nodes.Sees):
        # An instruction, even in a condition: the agent is told to look for the text.
        _add_used_paths(value.text, entry_lists, uses)
    elif isinstance(value, tuple):
        for each in value:
            _add_used_paths(each, entry_lists, uses, held=held)
    else:
        for name in field_names(type(value)):
            if name != "origin":
                _add_used_paths(getattr(value, name), entry_lists, uses, held=held)
