"""Passes over the IR, in order; each returns a simpler workflow with the same meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias, TypeGuard

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.values.spelling import MISSING
from flowdsl.source.record import replace
from flowdsl.syntax import ast
from flowdsl.syntax.statements import BY_KIND, LEAVES, SETTERS

from .. import nodes
from ..facts import facts_of, find_statements, find_with_repetition, names_in
from ..lowering.statements import Names
from ..lowering.values import literal_text, negate_condition, whole_variable
from ..rewrite import rewrite_body, rewrite_workflow
from ..walk import find_variables, inner_bodies, statements
from .liveness import drop_unread, use_directly
from .numbering import number_lists
from .placing import place_loops

_STORES = frozenset(("store",))

# Statements that do nothing


def drop_empty(workflow: nodes.Workflow) -> nodes.Workflow:
    """Drop statements without effect: an agent takes a bare title or condition for an instruction.

    Afterwards no body is empty but the `else` of a statement that acts, and rounds that only wait.
    In a workflow with `always` rules, an `expect` is always kept: the rules apply to what its agent
    sees.
    """
    return rewrite_workflow(workflow, partial(_without_empty, bool(workflow.rules)))


def _without_empty(watched: bool, body: nodes.Body) -> nodes.Body:
    return tuple(
        left
        for statement in body
        for left in (
            (statement,)
            if type(statement) not in _DROPPABLE or (watched and type(statement) is nodes.Expect)
            else _find_remaining_body(statement)
        )
    )


_DROPPABLE = frozenset(
    (
        *(nodes.Step, nodes.Do, nodes.Expect, nodes.Retry, nodes.TypeIn),
        *(nodes.Loop, nodes.Run, nodes.Repeat, nodes.If),
    )
)
"""The classes of the cases of `_find_remaining_body`."""


def _find_remaining_body(statement: nodes.Statement) -> nodes.Body:
    """Return what remains of a statement whose inner bodies have been cleared already."""
    match statement:
        case nodes.Step(title=title, body=body):
            # A picture is no instruction: alone under a title, the title would be taken for one.
            acts = any(each.kind != "picture" for each in body)
            return (statement,) if acts and not _is_blank(title) else body
        case nodes.Do(text=text):
            return () if _is_blank(text) else (statement,)
        case nodes.Expect(otherwise=()) | nodes.Retry(body=()):
            return ()
        case nodes.TypeIn(value=value, over=over) if value in ((), literal_text(MISSING)):
            cleared = nodes.Clear(origin=statement.origin, target=statement.target)
            return (cleared,) if over else ()
        case (
            nodes.Loop(body=(), counted=False)
            | nodes.Loop(items=nodes.ListValue(items=()) | nodes.ConstantValue(value=None | []))
        ):
            return ()
        case nodes.Run(otherwise=(), variable=None):
            return (replace(statement, otherwise=None),)
        case nodes.Repeat(body=(), until=until, otherwise=otherwise) if not _has_delay(statement):
            missing = nodes.Branch(
                origin=statement.origin, condition=negate_condition(until), body=otherwise
            )
            return _drop_empty_branches(statement.origin, (missing,), ())
        case nodes.If(
            branches=(nodes.Branch(condition=condition, body=(nodes.If() as inner,)),), otherwise=()
        ) if [each.condition for each in inner.branches] == [condition] and not inner.otherwise:
            return (inner,)
        case nodes.If(branches=branches, otherwise=otherwise):
            if all(each.body for each in branches):
                return (statement,)
            return _drop_empty_branches(statement.origin, branches, otherwise)
        case _:
            return (statement,)


def _has_delay(repeat: nodes.Repeat) -> bool:
    """Whether time passes between two looks, with rounds in which nothing is done."""
    return repeat.delay_milliseconds > 0 and (repeat.looks_first or repeat.limit != 1)


def _is_blank(text: nodes.Text) -> bool:
    return all(isinstance(piece, nodes.TextPiece) and not piece.value.strip() for piece in text)


def _drop_empty_branches(
    origin: nodes.Origin, branches: tuple[nodes.Branch, ...], otherwise: nodes.Body
) -> nodes.Body:
    """Rewrite an `if` so that every branch does something.

    An empty last branch is dropped; any other is negated, and the branches after it move inside.
    """
    for index in range(len(branches) - 1, -1, -1):
        branch = branches[index]
        if branch.body:
            continue
        rest = _make_if(origin, branches[index + 1 :], otherwise)
        turned = (replace(branch, condition=negate_condition(branch.condition), body=rest),)
        branches, otherwise = (*branches[:index], *(turned if rest else ())), ()
    return _make_if(origin, branches, otherwise)


def _make_if(
    origin: nodes.Origin, branches: tuple[nodes.Branch, ...], otherwise: nodes.Body
) -> nodes.Body:
    if not branches:
        return otherwise
    return (nodes.If(origin=origin, branches=branches, otherwise=otherwise),)


# Values to keep as late as possible


def sink_constants(workflow: nodes.Workflow) -> nodes.Workflow:
    """Move a `Store` of constants to where its variables are needed.

    It is placed in the last call before they are used, or right before that use, so that no other
    part of the prompt depends on it. If there is no such call, it is placed after plain actions, as
    is a `Store` that restores outputs of an attempt.

        Store seen = []                       expect "the form is open"
        expect "the form is open"      ->     Store seen = []
        for name in names { … seen … }        for name in names { … seen … }
    """
    return rewrite_workflow(workflow, _sink_constants, _STORES)


def _sink_constants(body: nodes.Body) -> nodes.Body:
    line = list(_flatten_steps(body))
    sunk = False
    for index in range(len(line) - 1, -1, -1):
        store = line[index][0]
        if _is_constant(store):
            place = _place_behind(line, index, store)
            # Values stored at one place keep their order.
            while place > index + 1 and isinstance(line[place - 1][0], nodes.Store):
                place -= 1
            line.insert(place, (store, INSIDE))
            del line[index]
            sunk = True
    return _rebuild_steps(iter(line)) if sunk else body


def _place_behind(line: Line, index: int, store: nodes.Store) -> int:
    """Return the index of the statement before which a store is placed, as late as possible."""
    names = facts_of(store).sets
    restores = any(each.restores for each in store.assignments)
    behind_plain: int | None = None
    with_call: int | None = None
    goes_on = False
    for place in range(index + 1, len(line) + 1):
        if goes_on:
            with_call = place
        if place == len(line):
            break
        statement, where = line[place]
        focused = where == INSIDE and isinstance(statement, _FOCUSED)
        if focused and not facts_of(statement).models:
            with_call = place
        plain = where != INSIDE or statement.kind in PLAIN_ACTIONS
        depends = _has_dependency(statement, where, names)
        if behind_plain is None and (depends or not plain):
            behind_plain = place
        if depends:
            break
        goes_on = focused or (goes_on and where == CLOSES)
    if with_call is not None and not restores:
        return with_call
    return len(line) if behind_plain is None else behind_plain


def _has_dependency(statement: nodes.Statement, where: str, names: frozenset[str]) -> bool:
    """Whether variables must be set before a statement, or before the code that it leads to."""
    if where == CLOSES:
        return False
    if isinstance(statement, nodes.Step):
        return not names.isdisjoint(names_in(statement.title))
    facts = facts_of(statement)
    return not (names.isdisjoint(facts.sets) and names.isdisjoint(facts.names)) or (
        "leave" in facts.kinds and _leads_away(statement)
    )


def _leads_away(statement: nodes.Statement, *, caught: bool = False) -> bool:
    """Whether a path leaves a statement to where values are read.

    With `caught`, a `fail` does not count. No value is read after an `abort`.
    """
    match statement:
        case nodes.Leave(action=action):
            return action == "finish" or (action == "retry" and not caught)
        case nodes.Retry(body=body, otherwise=otherwise):
            return any(_leads_away(each, caught=True) for each in body) or any(
                _leads_away(each, caught=caught) for each in otherwise
            )
        case _:
            return any(
                _leads_away(each, caught=caught)
                for inner in inner_bodies(statement)
                for each in inner
            )


PLAIN_ACTIONS = frozenset(
    kind for kind, made_of in BY_KIND.items() if made_of[0] in LEAVES - SETTERS - {ast.EmitStmt}
) - {"leave", "type_day"}
"""Statements that set no variable, and from which no path leads elsewhere."""


def _is_constant(statement: nodes.Statement) -> TypeGuard[nodes.Store]:
    return isinstance(statement, nodes.Store) and all(
        isinstance(each.value, nodes.ConstantValue) and not each.append
        for each in statement.assignments
    )


# Values known before a run, stored by the preceding call


def raise_known(workflow: nodes.Workflow) -> nodes.Workflow:
    """Move a `Store` of values known before a run up to the last statement of a focused agent.

    Only if no later call can include it, so that it would need a call of its own. It may cross the
    ends of steps, since a focused agent does not see their titles.

        step "Read" { extract n ... }     step "Read" { extract n ... Store file = "a.pdf" }
        step "Save" {                     step "Save" {
          capture "a.png"            ->     capture "a.png"
          Store file = "a.pdf"
        }                                 }
    """
    # Bodies inside of statements stay as they are, but those of steps.
    line = list(_flatten_steps(workflow.body))
    raised = False
    for index, (statement, _) in enumerate(line):
        if isinstance(statement, nodes.Store) and _is_known(statement):
            place = _place_before(line, index)
            if place is not None:
                del line[index]
                line.insert(place, (statement, INSIDE))
                raised = True
    return replace(workflow, body=_rebuild_steps(iter(line))) if raised else workflow


INSIDE, OPENS, CLOSES = "inside", "opens", "closes"

Line: TypeAlias = list[tuple[nodes.Statement, str]]
"""Statements one after the other, as `_flatten_steps` gives them."""


def _flatten_steps(body: nodes.Body) -> Iterator[tuple[nodes.Statement, str]]:
    """Flatten steps: a step is listed both before and after the statements inside it."""
    for statement in body:
        if isinstance(statement, nodes.Step):
            yield statement, OPENS
            yield from _flatten_steps(statement.body)
            yield statement, CLOSES
        else:
            yield statement, INSIDE


def _rebuild_steps(line: Iterator[tuple[nodes.Statement, str]]) -> nodes.Body:
    body: list[nodes.Statement] = []
    for statement, place in line:
        if place == CLOSES:
            break
        if isinstance(statement, nodes.Step):
            statement = replace(statement, body=_rebuild_steps(line))
        body.append(statement)
    return tuple(body)


def _place_before(line: Sequence[tuple[nodes.Statement, str]], index: int) -> int | None:
    """Return where to move a store that no later call can include; None if it stays."""
    store = line[index][0]
    for behind, where in line[index + 1 :]:
        if where == CLOSES or (isinstance(behind, nodes.Store) and _is_known(behind)):
            continue
        if where == INSIDE and isinstance(behind, _FOCUSED):
            return None
        break
    kept = facts_of(store).sets
    for place in range(index - 1, -1, -1):
        statement, where = line[place]
        if where != INSIDE:
            continue
        if isinstance(statement, _FOCUSED):
            return place + 1 if place + 1 < index else None
        if statement.kind not in (*PLAIN_ACTIONS, "background_extract"):
            return None
        facts = facts_of(statement)
        if not (kept.isdisjoint(facts.names) and kept.isdisjoint(facts.sets)):
            return None
    return None


_FOCUSED = (
    nodes.Choose,
    nodes.WaitUntil,
    nodes.Expect,
    nodes.Extract,
    nodes.Store,
    nodes.If,
    nodes.Repeat,
)
"""Statements that a focused agent carries out."""


def _is_known(store: nodes.Store) -> bool:
    """Whether a store sets only values that are known before a run."""
    return all(
        not each.append and all(part.sigil == "input" for part in find_variables(each))
        for each in store.assignments
    )


# Neighbouring values to keep


def merge_stores(workflow: nodes.Workflow) -> nodes.Workflow:
    """Join neighbouring `Store`s, because each costs a model call on every run.

    Two that add to one list stay apart: a single call might add only one entry.
    """
    return rewrite_workflow(workflow, lambda body: tuple(_merge_neighbouring_stores(body)), _STORES)


def _find_extended_lists(store: nodes.Store) -> set[str]:
    return {each.variable for each in store.assignments if each.append}


def _merge_neighbouring_stores(body: nodes.Body) -> Iterator[nodes.Statement]:
    pending: nodes.Store | None = None
    for statement in body:
        if (
            pending is not None
            and isinstance(statement, nodes.Store)
            and _find_extended_lists(pending).isdisjoint(_find_extended_lists(statement))
        ):
            pending = replace(pending, assignments=pending.assignments + statement.assignments)
            continue
        if pending is not None:
            yield pending
            pending = None
        if isinstance(statement, nodes.Store):
            pending = statement
        else:
            yield statement
    if pending is not None:
        yield pending


# Objects that replace others


def clear_records(workflow: nodes.Workflow) -> nodes.Workflow:
    """Clear a variable before an object replaces another one in it.

    Saving an object may merge it into the existing one (assumption `saved-objects`), so that a
    field which the new one leaves out would keep its value. An object computed from the one that it
    replaces is stored under another name meanwhile:

        keep row = { id: row.id }         row_next = nothing, { id: {{row.id}} }
                                          row = nothing, {{row_next}}

    A reading of the type `any` replaces one likewise; that of a record saves every field. Where it
    has to leave the object that is there if it fails, it reads into another variable first.
    """
    body, names = workflow.body, Names(workflow.names)
    set_to: dict[str, list[nodes.Stored | None]] = {}
    repeated: set[str] = set()
    for statement, again in find_with_repetition(body, _KEEPING):
        if isinstance(statement, nodes.Store):
            kept: list[tuple[str, nodes.Stored | None]] = [
                (each.variable, each.value) for each in statement.assignments
            ]
        else:
            variable = getattr(statement, "variable", None)
            kept = [] if variable is None else [(variable, None)]
        for variable, value in kept:
            set_to.setdefault(variable, []).append(value)
        if again:
            repeated.update(variable for variable, _ in kept)
    if not repeated and all(len(values) == 1 for values in set_to.values()):
        return workflow
    records = _find_records(body)

    def is_replaced(statement: nodes.Statement) -> TypeGuard[nodes.Extract | nodes.Run]:
        return (
            isinstance(statement, nodes.Extract | nodes.Run)
            and statement.variable is not None
            and _holds_any(statement.type)
            and (len(set_to[statement.variable]) > 1 or statement.variable in repeated)
            and (statement.keeps or statement.variable not in names_in(statement))
        )

    def cleared(assignment: nodes.Assignment) -> Iterator[nodes.Assignment]:
        name, value = assignment.variable, assignment.value
        nothing = nodes.ConstantValue(value=None)
        if (
            not (_is_record(value) or whole_variable(value) in records)
            or assignment.append
            or (len(set_to[name]) == 1 and name not in repeated)
        ):
            yield assignment
        elif name not in names_in(value):
            yield replace(assignment, value=nothing)
            yield assignment
        elif all(_has_fields_of(value, each) for each in set_to[name]):
            yield assignment
        else:
            spare = names.fresh(f"{name}_next")
            yield replace(assignment, variable=spare, value=nothing)
            yield replace(assignment, variable=spare)
            yield replace(assignment, value=nothing)
            text = (nodes.Variable(sigil="runtime", name=spare),)
            yield replace(assignment, value=nodes.TextValue(text=text, json=True, record=True))

    def rewrite(body: nodes.Body) -> nodes.Body:
        found: list[nodes.Statement] = []
        for each in body:
            if isinstance(each, nodes.Store):
                kept = tuple(one for kept in each.assignments for one in cleared(kept))
                found.append(replace(each, assignments=kept))
                continue
            if not is_replaced(each):
                found.append(each)
                continue
            assert each.variable is not None
            spare = names.fresh(f"{each.variable}_next") if each.keeps else each.variable
            nothing = nodes.Assignment(
                variable=spare, value=nodes.ConstantValue(value=None), origin=each.origin
            )
            found.append(nodes.Store(origin=each.origin, assignments=(nothing,)))
            if each.keeps:
                found.append(replace(each, variable=spare, keeps=False))
                found.append(_take_read_value(spare, nothing, each.variable))
            else:
                found.append(each)
        return tuple(found)

    return replace(workflow, body=rewrite_body(body, rewrite, _KEEPING), names=names.taken())


_KEEPING = frozenset(("store", "extract", "run"))
"""The kinds of statements that may put an object in place of another one."""


def _take_read_value(spare: str, nothing: nodes.Assignment, variable: str) -> nodes.If:
    """Return what stores the value that was read into `spare`, if any, in place of another."""
    text = (nodes.Variable(sigil="runtime", name=spare),)
    value = nodes.TextValue(text=text, json=True)
    assignments = (
        replace(nothing, variable=variable),
        replace(nothing, variable=variable, value=value),
    )
    is_there = nodes.Compare(
        left=nodes.TextValue(text=text),
        operator="!=",
        right=nodes.ConstantValue(value=MISSING),
    )
    body = (nodes.Store(origin=nothing.origin, assignments=assignments),)
    branch = nodes.Branch(origin=nothing.origin, condition=is_there, body=body)
    return nodes.If(origin=nothing.origin, branches=(branch,), otherwise=())


def _holds_any(type_: nodes.Type | None) -> bool:
    """Whether a value of a type may be, or hold, an object of which no field is known."""
    match type_:
        case nodes.OptionalType(inner=inner):
            return _holds_any(inner)
        case nodes.RecordType(fields=fields):
            return any(_holds_any(field.type) for field in fields)
        case _:
            return type_ == nodes.ScalarType(name="any")


def _find_records(body: nodes.Body) -> set[str]:
    """Return the variables that may hold objects which a `Store` copies from them as a whole."""
    found: set[str] = set()
    pairs: list[tuple[str, str]] = []
    for statement in find_statements(body, _KEEPING):
        if isinstance(statement, (nodes.Extract, nodes.Run)) and statement.variable is not None:
            assert statement.type is not None
            inner = nodes.strip_optional(statement.type)
            if isinstance(inner, nodes.RecordType) or inner == nodes.ScalarType(name="any"):
                found.add(statement.variable)
        elif isinstance(statement, nodes.Store):
            for each in statement.assignments:
                if _is_record(each.value):
                    found.add(each.variable)
                elif (whole := whole_variable(each.value)) is not None:
                    pairs.append((each.variable, whole))
    before = -1
    while len(found) > before:
        before = len(found)
        found.update(name for name, whole in pairs if whole in found)
    return found


def _has_fields_of(value: nodes.Stored, other: nodes.Stored | None) -> bool:
    """Whether an object has every field of another one, as far as both have known fields."""
    match value:
        case nodes.ObjectValue(fields=fields) if not any(_is_record(each) for _, each in fields):
            names = _field_names(other)
            return names is not None and names <= {name for name, _ in fields}
        case _:
            return False


def _field_names(value: nodes.Stored | None) -> set[str] | None:
    """Return the field names of an object, empty for null; None if they are not known."""
    match value:
        case nodes.ObjectValue(fields=fields):
            return {name for name, _ in fields}
        case nodes.ConstantValue(value=None):
            return set()
        case nodes.ConstantValue(value=dict() as fields):
            return set(fields)
        case _:
            return None


def _is_record(value: nodes.Stored) -> bool:
    match value:
        case nodes.ObjectValue():
            return True
        case nodes.ConstantValue(value=constant):
            return isinstance(constant, dict)
        case nodes.TextValue():
            return value.record
        case _:
            return False


# Failures in later passes of a loop


def note_failures(workflow: nodes.Workflow) -> nodes.Workflow:
    """Add a check after each loop whether a pass has failed.

    After the first pass the main agent does not supervise, and a failure may merely end the loop
    (assumption `failure-in-a-later-pass`). So a focused agent that fails in a pass notes the
    reason:

        failure = nothing;  for … { … failure = reason; abort reason };  if failure: abort failure

    If a step follows that begins with a statement of a focused agent, the check is placed inside
    it, before that statement, so that both are one call.
    """
    # One name for all loops: after a loop a run continues only where nothing was noted.
    names = Names(workflow.names)
    name = names.fresh("failure")
    body = rewrite_body(
        workflow.body, lambda body: tuple(_insert_failure_checks(body, name)), {"loop"}
    )
    return replace(workflow, body=body, names=names.taken())


def _insert_failure_checks(body: nodes.Body, name: str) -> Iterator[nodes.Statement]:
    check: nodes.If | None = None
    for statement in body:
        if check is not None and _can_take(statement):
            statement = replace(statement, body=(check, *statement.body))
        elif check is not None:
            yield check
        noted, check = _note_failures(statement, name)
        yield from noted
    if check is not None:
        yield check


def _can_take(statement: nodes.Statement) -> TypeGuard[nodes.Step]:
    """Whether a step begins with a call that can include the check of the preceding loop."""
    match statement:
        case nodes.Step(body=(first, *_)):
            return isinstance(first, _FOCUSED) and getattr(first, "model", None) is None
        case _:
            return False


def _note_failures(statement: nodes.Statement, name: str) -> tuple[nodes.Body, nodes.If | None]:
    """Return a statement that records its failures, and the check after it."""
    if (
        not isinstance(statement, nodes.Loop)
        or statement.entry is not None
        or not _fails_inside(statement.body)
    ):
        return (statement,), None
    origin = statement.origin
    noted = rewrite_body(
        statement.body,
        lambda body: tuple(_note_statement_failure(each, name) for each in body),
        {"leave", "loop"},
    )
    variable = (nodes.Variable(sigil="runtime", name=name),)
    failed = nodes.Compare(
        left=nodes.TextValue(text=variable),
        operator="!=",
        right=nodes.ConstantValue(value=MISSING),
    )
    leave = nodes.Leave(origin=origin, action="abort", reason=variable)
    nothing = nodes.Assignment(variable=name, value=nodes.ConstantValue(value=None), origin=origin)
    copies = (each for each in statements(statement.body) if isinstance(each, nodes.Copy))
    check = nodes.If(
        origin=origin,
        branches=(nodes.Branch(origin=origin, condition=failed, body=(leave,)),),
        otherwise=(),
        unchecked=tuple(dict.fromkeys(each.variable for each in copies)),
    )
    return (
        nodes.Store(origin=origin, assignments=(nothing,)),
        replace(statement, body=noted),
    ), check


def _fails_inside(body: nodes.Body) -> bool:
    """Whether a statement of a body may fail, other than a bare `abort` of the main agent."""
    leaves = [each for each in statements(body) if isinstance(each, nodes.Leave)]
    bare = [each for each in body if isinstance(each, nodes.Leave)]
    counts = any(isinstance(each, nodes.Loop) and each.counted for each in statements(body))
    return counts or any(each.action == "abort" and each not in bare for each in leaves)


def _note_statement_failure(statement: nodes.Statement, name: str) -> nodes.Statement:
    if isinstance(statement, nodes.Leave) and statement.action == "abort":
        return replace(statement, noted=name)
    if isinstance(statement, nodes.Loop) and statement.entry is not None and statement.counted:
        return replace(statement, noted=name)
    return statement


def simplified(program: nodes.Program, capabilities: Capabilities) -> nodes.Program:
    """Run all passes over a program, and place its loops for the account's focused agents."""
    workflows = []
    for workflow in program.workflows:
        workflow = place_loops(workflow, capabilities)
        for run_pass in PASSES:
            workflow = run_pass(workflow)
        workflows.append(workflow)
    return replace(program, workflows=tuple(workflows))


PASSES: tuple[Callable[[nodes.Workflow], nodes.Workflow], ...] = (
    use_directly,
    drop_unread,
    drop_empty,
    clear_records,
    note_failures,
    sink_constants,
    raise_known,
    merge_stores,
    number_lists,
)
