"""Infers the types of kept variables, and where each is declared.

A prompt stores a value without its type, and without the declaration of its variable:

    Save "found": __EMPTY__.                       keep found: Offer? = null
    For each entry of the list "names":            for name in names {
       Save as {{found}}: {{offer}}.                 keep found = offer
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable
from flowdsl.source.record import replace

from .lines import Emit, Keep, Line, adds_entry, all_lines, always_leaves, loop_key
from .outputs import Sources
from .value_types import (
    ANY,
    STRING,
    Types,
    element_of,
    is_assignable_type,
    join_types,
    optional_of,
    type_of,
    unwrap_optional,
)

_ROUNDS = 4
"""Rounds of type inference: a variable may be stored in one whose type is known a round later."""


def infer_kept(
    root: list[Line], sources: Sources, outputs: dict[str, nodes.Type], types: Types
) -> None:
    """Infer the types of kept variables, and set them in `types` and where one is read.

    `outputs` are the types of outputs by wire name.
    """
    names = {line.node.variable for line in all_lines(root) if isinstance(line.node, Keep)}
    read = {name: type_ for (sigil, name), type_ in types.items() if sigil == "runtime"}
    wanted = _find_wanted_types(root, sources, outputs)
    for _ in range(_ROUNDS):
        before = dict(types)
        found = {name: read[name] for name in names & read.keys()}
        _collect_kept_types(root, types, found)
        for name in names:
            types["runtime", name] = _choose_declared_type(
                found.get(name, ANY), wanted.get(name, ANY)
            )
        if types == before:
            break
    for line in all_lines(root):
        node = line.node
        if isinstance(node, nodes.Extract | nodes.Copy) and node.variable in names:
            line.node = replace(node, type=types["runtime", node.variable])


def _find_wanted_types(
    root: list[Line], sources: Sources, outputs: dict[str, nodes.Type]
) -> dict[str, nodes.Type]:
    """Return the types of outputs that get the value of a runtime variable unchanged.

    Also those of parts of outputs. They are by that variable. The value may pass through another
    kept variable.
    """
    found: dict[str, nodes.Type] = {}
    for source in sources:
        if source.kind == "runtime" and source.variable is not None and not source.path:
            found[source.variable] = outputs.get(source.field, ANY)
    for line in all_lines(root):
        if isinstance(line.node, Emit):
            type_ = _entry_type_of(outputs.get(line.node.field, ANY), append=adds_entry(line.node))
            for name, asked in _find_unchanged_variables(line.node.value, type_):
                found.setdefault(name, asked)
    kept = [line.node for line in all_lines(root) if isinstance(line.node, Keep)]
    for _ in range(_ROUNDS):
        for keep in kept:
            type_ = _entry_type_of(found.get(keep.variable, ANY), append=adds_entry(keep))
            for name, asked in _find_unchanged_variables(keep.value, type_):
                found.setdefault(name, asked)
    return found


def _entry_type_of(type_: nodes.Type, *, append: bool) -> nodes.Type:
    """Return the type of a value added to a list of this type, or (not `append`) replacing it."""
    inner = unwrap_optional(type_)
    if not append:
        return type_
    return inner.element if isinstance(inner, nodes.ListType) else ANY


def _find_unchanged_variables(
    value: nodes.Value | nodes.CountOf, type_: nodes.Type
) -> Iterator[tuple[str, nodes.Type]]:
    """Return the runtime variables that a value contains unchanged, with their wanted types."""
    inner = unwrap_optional(type_)
    match value:
        case nodes.ListValue(items=items) if isinstance(inner, nodes.ListType):
            for item in items:
                yield from _find_unchanged_variables(item, inner.element)
        case nodes.ObjectValue(fields=fields) if isinstance(inner, nodes.RecordType):
            wanted = {field.name: field.type for field in inner.fields}
            for name, item in fields:
                yield from _find_unchanged_variables(item, wanted.get(name, ANY))
        case _:
            variable = single_variable(value)
            if variable is not None and variable.sigil == "runtime" and not variable.path:
                yield variable.name, type_


def _collect_kept_types(lines: Iterable[Line], types: Types, found: dict[str, nodes.Type]) -> None:
    """Add to `found` the types of the values that lines store in each variable.

    A value that a condition requires to be present is not optional under it.
    """
    known = dict(types)
    for line in lines:
        node = line.node
        if isinstance(node, Keep):
            type_ = type_of(node.value, known)
            if adds_entry(node):
                type_ = nodes.ListType(element=type_)
            elif node.every:  # a list that is missing adds nothing
                type_ = unwrap_optional(type_)
            name = node.variable
            found[name] = join_types(found[name], type_) if name in found else type_
        inner = known
        if isinstance(node, nodes.Loop):
            inner = {**known, loop_key(node): element_of(node.items, known)}
        for at, body in enumerate(line.bodies):
            if isinstance(node, nodes.If) and at < len(node.branches):
                inner = _narrow_by_condition(known, node.branches[at].condition, holds=True)
            _collect_kept_types(body, inner, found)
        if isinstance(node, nodes.If) and len(node.branches) == 1 and always_leaves(line.bodies[0]):
            known = _narrow_by_condition(known, node.branches[0].condition, holds=False)


def _narrow_by_condition(types: Types, condition: nodes.Condition, *, holds: bool) -> Types:
    """Return the types of variables where a condition holds, or does not hold."""
    match condition:
        case nodes.Not(operand=operand):
            return _narrow_by_condition(types, operand, holds=not holds)
        case nodes.AllOf(operands=operands) if holds:
            for operand in operands:
                types = _narrow_by_condition(types, operand, holds=True)
            return types
        case nodes.AnyOf(operands=operands) if not holds:
            for operand in operands:
                types = _narrow_by_condition(types, operand, holds=False)
            return types
        case nodes.IsEmpty(operand=operand) if not holds:
            variable = single_variable(operand)
            if variable is not None and not variable.path:
                key = (variable.sigil, variable.name)
                return {**types, key: unwrap_optional(types.get(key, ANY))}
            return types
        case _:
            return types


def _choose_declared_type(found: nodes.Type, wanted: nodes.Type) -> nodes.Type:
    """Return the type for a variable that holds values of the type `found`.

    It is the type of an output that takes the variable, if that fits: constants may spell a date,
    or values of an enum. Otherwise an enum, which is the type of constants, becomes `string`.
    """
    type_, goal = unwrap_optional(found), unwrap_optional(wanted)
    if goal != ANY and (is_assignable_type(type_, goal) or _is_spelled_as(type_, goal)):
        type_ = goal
    else:
        type_ = _without_enums(type_)
    return optional_of(type_) if isinstance(found, nodes.OptionalType) else type_


def _is_spelled_as(type_: nodes.Type, goal: nodes.Type) -> bool:
    """Whether `type_` fits `goal` except for constants, which may spell a date or similar."""
    match unwrap_optional(type_), unwrap_optional(goal):
        case nodes.EnumType() as enum, nodes.ScalarType():
            return not enum.numeric
        case nodes.ListType(element=have), nodes.ListType(element=want):
            return is_assignable_type(have, want) or _is_spelled_as(have, want)
        case nodes.RecordType(fields=have_fields), nodes.RecordType(fields=want_fields):
            have_types = {field.name: field.type for field in have_fields}
            return have_types.keys() <= {field.name for field in want_fields} and all(
                (field.name not in have_types and not field.required)
                or is_assignable_type(have_types.get(field.name, ANY), field.type)
                or _is_spelled_as(have_types.get(field.name, ANY), field.type)
                for field in want_fields
            )
        case _:
            return False


def _without_enums(type_: nodes.Type) -> nodes.Type:
    """Return a type in which enums are replaced by `string`."""
    match type_:
        case nodes.EnumType():
            return nodes.ScalarType(name="int") if type_.numeric else STRING
        case nodes.ListType(element=element):
            return nodes.ListType(element=_without_enums(element))
        case nodes.OptionalType(inner=inner):
            return nodes.OptionalType(inner=_without_enums(inner))
        case _:
            return type_


def declare_kept(lines: list[Line], types: Types, declared: frozenset[str] = frozenset()) -> None:
    """Give the first `keep` of each variable a type, on every path that leads to others.

    `declared` are the variables that are declared before the lines.
    """
    known = set(declared)
    for line in lines:
        node = line.node
        if isinstance(node, Keep) and not node.append and node.variable not in known:
            type_ = types.get(("runtime", node.variable), ANY)
            line.node = Keep(node.variable, type_, node.value, node.append, node.every)
            known.add(node.variable)
        for body in line.bodies:
            declare_kept(body, types, frozenset(known))
        if isinstance(node, nodes.Step):
            known.update(
                inner.node.variable
                for inner in all_lines(line.bodies[0])
                if isinstance(inner.node, Keep) and inner.node.type is not None
            )
