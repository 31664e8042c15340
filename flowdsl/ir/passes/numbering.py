"""Lists that are only outputs are saved entry by entry, under numbered keys.

A list under one key is rewritten as a whole for every entry: 200 entries cost 20,100 entry writes.
If only an output reads the list, each entry gets its own key, and a counter holds their number,
which stands for `count of` the list, and tells whether it is empty:

    rows = []                         rows_count = 0
    for … { rows += {{row}} }    ->   for … { rows_count = rows_count + 1
                                              rows_<rows_count> = {{row}} }
    total = count of rows             total = rows_count

Keys are never reused for other entries, so it does not matter whether a saved object replaces
another one or is merged into it (assumption `saved-objects`): a list that is reset keeps its single
key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from flowdsl.source.record import replace

from .. import nodes
from ..facts import facts_of, find_with_repetition
from ..lowering.values import negate_condition, single_variable, variable_value, whole_variable
from ..rewrite import rewrite_body
from ..walk import own_parts, statements, walk


def number_lists(workflow: nodes.Workflow) -> nodes.Workflow:
    """The workflow with numbered keys for lists that are only outputs."""
    lists = _only_outputs(workflow)
    if not lists:
        return workflow
    taken = {*workflow.names, *(field.name for field in workflow.outputs)}
    taken.add("decision_1")  # decisions get their names later
    keys: dict[str, str] = {}
    for name in sorted(lists):
        keys[name] = _find_free_base(name, taken)
        taken |= {nodes.count_of(keys[name]), f"{keys[name]}_1"}
    sources = tuple(
        replace(each, variable=keys[each.variable], numbered=True)
        if each.variable in keys
        else each
        for each in workflow.sources
    )
    body = rewrite_body(
        workflow.body, lambda body: tuple(_number_statement(each, keys) for each in body), _KINDS
    )
    return replace(workflow, body=body, sources=sources)


_KINDS = frozenset(("store", "if", "repeat"))
"""The statements that may name a list."""


def _find_free_base(name: str, taken: set[str]) -> str:
    """Return `name`, or the first of `name_list`, `name_list_2`, ... of which no key is taken."""
    base, number = name, 1
    while any(_is_key_of(base, each) for each in taken):
        base = f"{name}_list" if number == 1 else f"{name}_list_{number}"
        number += 1
    return base


def _is_key_of(base: str, name: str) -> bool:
    """Whether a name is that of the counter of a list, or of one of its entries."""
    if not name.startswith(f"{base}_"):
        return False
    rest = name[len(base) + 1 :]
    return rest == "count" or (rest.isascii() and rest.isdecimal())


def _number_statement(statement: nodes.Statement, keys: dict[str, str]) -> nodes.Statement:
    if isinstance(statement, nodes.Store):
        assignments = tuple(_number_assignment(each, keys) for each in statement.assignments)
        return replace(statement, assignments=assignments)
    return _map_conditions(statement, lambda condition: _number_condition(condition, keys))


def _number_condition(condition: nodes.Condition, keys: dict[str, str]) -> nodes.Condition:
    """Return a condition that asks for the number of entries, and not for the list."""
    counted = keys.get(_find_counted_list(condition) or "")
    if counted is None:
        return condition
    nothing = nodes.ConstantValue(value=0)
    return nodes.Compare(
        left=variable_value(nodes.count_of(counted)), operator="==", right=nothing, numeric=True
    )


def _map_conditions(
    statement: nodes.Statement, change: Callable[[nodes.Condition], nodes.Condition]
) -> nodes.Statement:
    """Apply `change` to the innermost conditions of a choice, or of rounds."""
    match statement:
        case nodes.If(branches=branches):
            inner = (
                replace(each, condition=_map_condition(each.condition, change)) for each in branches
            )
            return replace(statement, branches=tuple(inner))
        case nodes.Repeat(until=until):
            return replace(statement, until=_map_condition(until, change))
        case _:
            return statement


def _map_condition(
    condition: nodes.Condition, change: Callable[[nodes.Condition], nodes.Condition]
) -> nodes.Condition:
    match condition:
        case nodes.AllOf(operands=operands) | nodes.AnyOf(operands=operands):
            return replace(
                condition, operands=tuple(_map_condition(each, change) for each in operands)
            )
        case nodes.Not(operand=operand):
            inner = _map_condition(operand, change)
            return condition if inner == operand else negate_condition(inner)
        case _:
            return change(condition)


def _number_assignment(each: nodes.Assignment, keys: dict[str, str]) -> nodes.Assignment:
    base, counted = keys.get(each.variable), keys.get(_find_counted_list(each) or "")
    if counted is not None:
        return replace(each, value=variable_value(nodes.count_of(counted)))
    if base is None:
        return each
    if each.append:
        return replace(each, variable=base, numbered=True)
    return replace(each, variable=nodes.count_of(base), value=nodes.ConstantValue(value=0))


def _find_counted_list(node: nodes.Assignment | nodes.Condition) -> str | None:
    """Return the list whose entries an assignment counts, or of which a condition asks for one."""
    match node:
        case nodes.Assignment(value=nodes.CountOf(items=value)):
            return whole_variable(value)
        case nodes.IsEmpty(operand=value, listed=True):
            return whole_variable(value)
        case _:
            return None


# Which lists


def _only_outputs(workflow: nodes.Workflow) -> set[str]:
    """Return the lists that are appended to, are initialised once, and become outputs.

    Nothing else reads them; they may be counted, and asked whether they are empty.
    """
    if workflow.output_schema is not None:
        return set()
    fields = {field.name: field for field in workflow.outputs}
    appended: set[str] = set()
    begun: dict[str, int] = {}
    others: set[str | None] = set()
    for statement, repeated in find_with_repetition(workflow.body, _SETTING):
        if not isinstance(statement, nodes.Store):
            others.add(getattr(statement, "variable", None))
            continue
        for each in statement.assignments:
            if each.append:
                appended.add(each.variable)
            elif each.value in _NOTHING and not repeated:
                begun[each.variable] = begun.get(each.variable, 0) + 1
            else:
                others.add(each.variable)
    given = {each.variable for each in workflow.sources if _is_whole_list(each, fields)}
    partly = {each.variable for each in workflow.sources if not _is_whole_list(each, fields)}
    once = {name for name, times in begun.items() if times == 1}
    lists = (appended & once & given) - others - partly
    return lists - _find_read(workflow, lists) if lists else lists


_SETTING = frozenset(("store", "extract", "background_extract", "copy", "run", "loop"))
"""The kinds of statements that name a variable which they set."""


def _find_read(workflow: nodes.Workflow, lists: set[str]) -> set[str]:
    """Return the variables that something reads other than to count its entries.

    Only statements that name one of `lists` are looked at.
    """
    naming = (
        tuple(own_parts(statement))
        for statement in statements(workflow.body)
        if not lists.isdisjoint(facts_of(statement).names)
    )
    found = [*walk((*naming, workflow.checks or ()))]
    times_read = Counter(
        node.name
        for node in found
        if isinstance(node, nodes.Variable) and node.sigil in ("runtime", "saved")
    )
    counted = Counter(
        _find_counted_list(node)
        for node in found
        if isinstance(node, nodes.Assignment | nodes.IsEmpty)
    )
    return {name for name, times in times_read.items() if times > counted[name]}


_NOTHING = (nodes.ConstantValue(value=[]), nodes.ListValue(items=()))


def _is_whole_list(source: nodes.OutputSource, fields: dict[str, nodes.FieldSpec]) -> bool:
    """Whether an output is a whole list, which is never missing."""
    field = fields.get(source.field)
    return field is not None and isinstance(field.type, nodes.ListType) and not source.path


# The way back


def restore_whole_lists(body: nodes.Body, sources: Iterable[nodes.OutputSource]) -> nodes.Body:
    """Undo `number_lists`: put each list under one key again.

    Numbered entries that no output takes stay as they are.
    """
    lists = {each.variable for each in sources if each.numbered}
    counts = {nodes.count_of(name): name for name in lists if name is not None}

    def whole(each: nodes.Assignment) -> nodes.Assignment:
        if each.numbered and each.variable in lists:
            return replace(each, numbered=False)
        if each.variable in counts and each.value == nodes.ConstantValue(value=0):
            nothing = nodes.ConstantValue(value=[])
            return replace(each, variable=counts[each.variable], value=nothing)
        variable = None if each.append else single_variable(each.value)
        if variable is not None and variable.name in counts and not variable.path:
            return replace(each, value=nodes.CountOf(items=variable_value(counts[variable.name])))
        return each

    def asked(condition: nodes.Condition) -> nodes.Condition:
        match condition:
            case nodes.Compare(
                left=left, operator="==" | "!=", right=nodes.ConstantValue(value=0), numeric=True
            ):
                variable = single_variable(left)
                if variable is None or variable.name not in counts or variable.path:
                    return condition
                items = replace(variable_value(counts[variable.name]), json=True, listed=True)
                none = nodes.IsEmpty(operand=items, listed=True)
                return none if condition.operator == "==" else nodes.Not(operand=none)
            case _:
                return condition

    def restored(each: nodes.Statement) -> nodes.Statement:
        if isinstance(each, nodes.Store):
            return replace(each, assignments=tuple(map(whole, each.assignments)))
        return _map_conditions(each, asked)

    return rewrite_body(body, lambda inner: tuple(map(restored, inner)), _KINDS)
