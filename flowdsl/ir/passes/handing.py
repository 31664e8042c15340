"""Wraps values that pass from one focused call to another in JSON objects.

Plain text has no delimiter, so an agent cannot tell where a value ends inside an instruction; JSON
has. So a text, number or boolean that a later focused call uses is stored as the only field of an
object, and the object is passed:

    - Read “the subject” as text, save it as "subject" in an object with "value".
    …
    - Data: subject = {{subject}}
    - Check “the mail ⟪subject.value⟫ is open”.

Which values are passed is known once the prompt has been generated. Objects change neither the
calls nor their number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeGuard

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of, find_statements, runtime_variables
from flowdsl.ir.lowering.statements import Names
from flowdsl.ir.lowering.values import LOOP_ITEM, single_variable, variable_value
from flowdsl.ir.walk import BODIES, inner_bodies, map_bodies, replace_bodies, replace_variables
from flowdsl.source.record import replace

ENTRIES = "_entries"
"""Suffix of the list whose entries are wrapped in objects."""


def box_handed_values(
    workflow: nodes.Workflow,
    handed: Collection[str],
    told: Collection[nodes.Loop],
    texts: Collection[str],
) -> nodes.Workflow:
    """Store each of the `texts` (`find_text_variables`) among the `handed` variables in an object.

    The same is done to the entries of the loops `told`, which occur in instructions of focused
    agents, if they are known only at run time, and to those of loops over a value of any kind: it
    may be a text, which the service may take for one entry.
    """
    boxed = frozenset(name for name in handed if name in texts)
    loops = find_statements(workflow.body, _LOOPS)
    chosen = {id(each) for each in told if is_boxed(each)}
    chosen |= {id(each) for each in loops if isinstance(each, nodes.Loop) and _is_any(each)}
    if not boxed and not chosen:
        return replace(workflow, boxed=())
    names = Names(workflow.names)
    body = _box_loop_entries(workflow.body, chosen, names) if chosen else workflow.body

    def put(variable: nodes.Variable) -> nodes.Variable:
        if variable.sigil != "runtime" or variable.name not in boxed:
            return variable
        return replace(variable, path=(nodes.BOX, *variable.path))

    return replace(
        workflow,
        body=_replace_named(body, boxed, put),
        checks=None if workflow.checks is None else replace_variables(workflow.checks, put),
        sources=tuple(
            replace(each, boxed=True) if each.variable in boxed else each
            for each in workflow.sources
        ),
        names=names.taken(),
        boxed=tuple(sorted(boxed)),
    )


def _replace_named(
    body: nodes.Body, names: frozenset[str], put: Callable[[nodes.Variable], nodes.Variable]
) -> nodes.Body:
    """Apply `put` to the variables of the statements that name one of `names`."""
    return tuple(
        statement
        if names.isdisjoint(facts_of(statement).names)
        else replace_variables(statement, put)
        if type(statement) is nodes.If
        else map_bodies(
            replace_variables(statement, put, without=BODIES),
            lambda inner: _replace_named(inner, names, put),
        )
        for statement in body
    )


# What is no JSON by itself


def find_text_variables(workflow: nodes.Workflow, noted: Collection[str]) -> frozenset[str]:
    """Return the variables that may hold something other than an object or a list.

    Those in `noted` do (`facts.noted_failures`).
    Counters of entries are left out, since only counting sets them.
    """
    kept: list[tuple[str, Any]] = []
    found = {*noted}
    counts: set[str] = set()
    for statement in find_statements(workflow.body, _SETTING):
        match statement:
            case (
                nodes.Extract(variable=name, type=type_)
                | nodes.BackgroundExtract(variable=name, type=type_)
                | nodes.Copy(variable=name, type=type_)
            ):
                if not _is_json_type(type_):
                    found.add(name)
            case nodes.Run(variable=str() as name, type=type_) if not _is_json_type(type_):
                found.add(name)
            case nodes.Store(assignments=assignments):
                kept += [(each.variable, each.value) for each in assignments if not each.append]
                counts.update(each.key for each in assignments if each.numbered)
            case _:
                pass
    before = -1
    while len(found) > before:
        before = len(found)
        found.update(name for name, value in kept if not _is_json(value, found))
    return frozenset(found - counts)


_SETTING = frozenset(("extract", "background_extract", "copy", "run", "store"))


def _is_json_type(type_: nodes.Type | None) -> bool:
    return type_ is not None and isinstance(
        nodes.strip_optional(type_), nodes.RecordType | nodes.ListType
    )


def _is_json(value: nodes.Stored, texts: set[str]) -> bool:
    match value:
        case nodes.ObjectValue() | nodes.ListValue():
            return True
        case nodes.ConstantValue(value=constant):
            return constant is None or isinstance(constant, list | dict)
        case nodes.TextValue(record=True) | nodes.TextValue(listed=True):
            return True
        case nodes.TextValue():
            variable = single_variable(value)
            return (
                variable is not None
                and variable.sigil == "runtime"
                and not variable.path
                and variable.name != LOOP_ITEM
                and not value.json
                and variable.name not in texts
            )
        case nodes.FailureReason() | nodes.CountOf():
            return False


# The entries of loops


def _box_loop_entries(body: nodes.Body, chosen: Collection[int], names: Names) -> nodes.Body:
    """Rewrite a body so that the chosen loops (ids of nodes) iterate over objects."""
    return tuple(
        each for statement in body for each in _box_statement_entries(statement, chosen, names)
    )


def _box_statement_entries(
    statement: nodes.Statement, chosen: Collection[int], names: Names
) -> Iterator[nodes.Statement]:
    if not isinstance(statement, nodes.Loop) or id(statement) not in chosen:
        bodies = [_box_loop_entries(inner, chosen, names) for inner in inner_bodies(statement)]
        yield replace_bodies(statement, bodies)
        return
    body = replace_variables(statement.body, _unbox_entry)
    variable = single_variable(statement.items)
    if variable is None:
        yield replace(statement, items=_box_list_items(statement.items), body=body)
        return
    path = (re.sub(r"\W", "_", str(part), flags=re.ASCII) for part in variable.path)
    name = names.fresh("_".join((variable.name, *path)) + ENTRIES)
    kept = nodes.Assignment(
        variable=name, value=statement.items, wraps=True, origin=statement.origin
    )
    yield nodes.Store(origin=statement.origin, assignments=(kept,))
    yield replace(statement, items=variable_value(name), body=body)


def is_boxed(loop: nodes.Loop) -> bool:
    """Whether the entries of a loop are texts or numbers known only at run time."""
    return loop.entry is None and loop.flat and bool(runtime_variables(loop.items))


_LOOPS = frozenset(("loop",))


def _is_any(loop: nodes.Loop) -> bool:
    """Whether the main agent iterates over a value of the run that is not known to be a list."""
    items = loop.items
    is_any = isinstance(items, nodes.TextValue) and items.json and not items.listed
    return is_any and is_boxed(loop)


def is_boxed_entry(value: object) -> TypeGuard[nodes.ObjectValue]:
    """Whether an entry of a list, or a stored value, is an object that wraps a value."""
    return isinstance(value, nodes.ObjectValue) and [name for name, _ in value.fields] == [
        nodes.BOX
    ]


def _box_list_items(items: nodes.Value) -> nodes.Value:
    assert isinstance(items, nodes.ListValue)
    return nodes.ListValue(
        items=tuple(nodes.ObjectValue(fields=((nodes.BOX, each),)) for each in items.items)
    )


def _unbox_entry(variable: nodes.Variable) -> nodes.Variable:
    if (variable.sigil, variable.name) != ("runtime", LOOP_ITEM):
        return variable
    return replace(variable, path=(nodes.BOX,))  # an entry of these loops has no parts
