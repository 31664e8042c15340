"""Replaces each `Store` by `emit` or `keep`, and adds `emit` for outputs without a `Store`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from flowdsl.ir import nodes
from flowdsl.ir.lowering.statements import BEFORE
from flowdsl.ir.lowering.values import single_variable
from flowdsl.ir.passes.simplify import PLAIN_ACTIONS
from flowdsl.ir.walk import walk
from flowdsl.source.record import Record

from ..model import NOWHERE
from .lines import (
    Emit,
    Failed,
    Keep,
    Line,
    all_lines,
    always_leaves,
    may_repeat,
    may_skip,
    variable_set,
)
from .type_names import Unspeakable
from .value_types import ANY, Types, has_variable, is_assignable_type, type_of_variable

Sources = tuple[nodes.OutputSource, ...]


def find_own_outputs(
    lines: list[Line], workflow: nodes.Workflow, names: Mapping[str, str]
) -> tuple[nodes.OutputSource, ...]:
    """Return the sources of the outputs that are variables of the run themselves.

    Such a variable has the name of its output, and something reads it, or reads into it with the
    type of the output. `names` are those of outputs in source.
    """
    types = {field.name: field.type for field in workflow.outputs}
    read: dict[str, list[nodes.Type | None]] = {}
    for line in all_lines(lines):
        match line.node:
            case (
                nodes.Extract(variable=str() as variable, type=type_)
                | nodes.BackgroundExtract(variable=str() as variable, type=type_)
                | nodes.Copy(variable=str() as variable, type=type_)
                | nodes.Run(variable=str() as variable, type=type_)
            ):
                read.setdefault(variable, []).append(type_)
            case _:
                pass
    used = read.keys() | {
        each.name
        for each in walk((workflow.body, workflow.checks or ()))
        if isinstance(each, nodes.Variable) and each.sigil == "runtime"
    }
    return tuple(
        source
        for source in workflow.sources
        if source.kind in ("runtime", "stored", "background")
        and not source.path
        and source.variable in used
        and names.get(source.field) == source.variable
        and all(each == types[source.field] for each in read.get(source.variable, ()))
    )


def replace_stores(lines: list[Line], sources: Sources, own: Collection[str] = ()) -> list[Line]:
    """Return the lines with an `emit` or a `keep` in place of each `Store`.

    `own` are the variables that are outputs themselves. Empty lists with which outputs begin are
    left out: lowering adds them itself.
    """
    fields = {
        source.variable: source.field
        for source in sources
        if source.kind == "stored" or source.variable in own
    }
    _drop_restores(lines, fields)
    return _without_starts(
        [each for line in lines for each in _replace_stores_in_line(line, fields)], fields
    )


def _drop_restores(lines: list[Line], fields: dict[str | None, str]) -> None:
    """Drop the statements that restore outputs after a failed attempt: lowering adds them.

    Save as {{ref_before}}: {{ref}}.         before the `retry`
    Save as {{ref}}: {{ref_before}}.         first in an attempt, and in the `else`
    """
    before: set[str] = set()
    for body in _bodies_in(lines):
        for line in list(body):
            match line.node:
                case nodes.Store(assignments=(assignment,)):
                    kept = assignment.value
                    if isinstance(kept, nodes.FailureReason):
                        continue
                    value = single_variable(kept)
                    name = "" if value is None else value.name
                    if name in fields and assignment.variable.startswith(f"{name}{BEFORE}"):
                        before.add(assignment.variable)
                        body.remove(line)
                    elif name in before and assignment.variable in fields:
                        body.remove(line)
                case nodes.Retry(entry=False):
                    for inner in line.bodies:
                        _drop_emptied(inner, fields)
                case _:
                    pass


def _drop_emptied(lines: list[Line], fields: dict[str | None, str]) -> None:
    """Drop the outputs that lines empty at their beginning, also after plain actions."""
    for line in list(lines):
        if isinstance(line.node, nodes.Step):
            return _drop_emptied(line.bodies[0], fields)
        if _empties_output(line.node, fields):
            lines.remove(line)
        elif not isinstance(line.node, Emit | Keep | Failed) and line.node.kind not in _PASSED:
            return None
    return None


_PASSED = PLAIN_ACTIONS | {"store"}


def _empties_output(node: object, fields: dict[str | None, str]) -> bool:
    return (
        isinstance(node, nodes.Store)
        and node.assignments[0].variable in fields
        and node.assignments[0].value == _MISSING
    )


def _bodies_in(lines: list[Line]) -> Iterator[list[Line]]:
    yield lines
    for line in lines:
        for body in line.bodies:
            yield from _bodies_in(body)


def _replace_stores_in_line(line: Line, fields: dict[str | None, str]) -> Iterator[Line]:
    line.bodies = [
        [each for inner in body for each in _replace_stores_in_line(inner, fields)]
        for body in line.bodies
    ]
    if not isinstance(line.node, nodes.Store):
        yield line
        return
    for assignment in line.node.assignments:
        variable, value = assignment.variable, assignment.value
        if isinstance(value, nodes.FailureReason):
            yield Line(Failed(variable))
        elif variable in fields:
            yield Line(Emit(fields[variable], value, assignment.append, assignment.every))
        else:
            yield Line(Keep(variable, None, value, assignment.append, assignment.every))


def _without_starts(lines: list[Line], fields: dict[str | None, str]) -> list[Line]:
    """Return the lines without those that lowering itself adds or moves to their beginning.

    These are the empty lists that entries are added to later, and the outputs that are missing
    before an attempt emits them.
    """
    every = list(all_lines(lines))
    appended = {
        each.node.field for each in every if isinstance(each.node, Emit) and each.node.append
    }
    attempted = {
        field
        for retry in every
        if isinstance(retry.node, nodes.Retry) and not retry.node.entry
        for each in all_lines(retry.bodies[0])
        if (field := _output_set_by(each.node, fields)) is not None
    }
    _drop_starts(lines, appended, attempted - appended, fields)
    return lines


def _output_set_by(node: object, fields: Mapping[str | None, str]) -> str | None:
    """Return the output that a line sets, by its name on the wire."""
    if isinstance(node, Emit):
        return node.field
    if isinstance(node, nodes.Extract | nodes.Copy | nodes.Run):
        return fields.get(node.variable)
    return None


def _drop_starts(
    lines: list[Line],
    appended: set[str],
    attempted: set[str],
    fields: Mapping[str | None, str],
) -> None:
    """Drop the first lines that start an output, until another line emits it.

    `appended` start as empty lists, `attempted` as missing; what was found is taken out of both.
    """
    for line in list(lines):
        node = line.node
        if isinstance(node, nodes.Step):
            _drop_starts(line.bodies[0], appended, attempted, fields)
        elif isinstance(node, Emit) and not node.append and node.value in (_MISSING, *_NO_ENTRIES):
            started = attempted if node.value == _MISSING else appended
            if node.field in started:
                started.discard(node.field)
                lines.remove(line)
        else:
            emitted = {_output_set_by(each.node, fields) for each in all_lines([line])}
            appended -= emitted
            attempted -= emitted


_MISSING = nodes.ConstantValue(value=None)
_NO_ENTRIES = (nodes.ConstantValue(value=[]), nodes.ListValue(items=()))


# Outputs without a `Store`


class _EmitPlace(Record):
    """The place of a statement: its body and position there, and the enclosing statements.

    Each entry of `around`, outermost first, has a statement, the number of the body that leads in,
    and the body and position of the statement itself.
    """

    body: list[Line]
    at: int
    around: tuple[tuple[Line, int, list[Line], int], ...]


def place_emits(
    root: list[Line], sources: Sources, outputs: dict[str, nodes.Type], types: Types
) -> None:
    """Add an `emit` for each output that is not stored, where lowering finds its source."""
    for source in sources:
        match source.kind:
            case "runtime" | "background":
                variable = nodes.Variable(
                    sigil="runtime", name=source.variable or "", path=source.path
                )
                value = nodes.TextValue(text=(variable,))
                late = source.kind == "runtime" and not is_assignable_type(
                    type_of_variable(variable, types), outputs.get(source.field, ANY)
                )
                body, at = _place_for(root, variable.name, late=late)
                body.insert(at, Line(Emit(source.field, value, False)))
            case "const":
                emit = Emit(source.field, nodes.ConstantValue(value=source.value), False)
                root.insert(_find_reached_end(root), Line(emit))
            case "stored" | "none":
                pass


def _find_reached_end(body: list[Line]) -> int:
    """Return the last position in a body that is reached."""
    for at, line in enumerate(body):
        if always_leaves([line]):
            return at
    return len(body)


def _position_behind(body: list[Line], at: int) -> int:
    """Return the position after a line and after the outputs that are already emitted there."""
    at += 1
    while at < len(body) and isinstance(body[at].node, Emit):
        at += 1
    return at


def _place_for(root: list[Line], name: str, *, late: bool) -> tuple[list[Line], int]:
    """Return the body and position for the `emit` of a variable.

    That is behind the last statement that sets it or, with `late`, as late as lowering still finds
    the same kind of source. Around that statement may stand bodies that are skipped or repeated:

        extract ref              behind it          late: at the end of the root
        if … { extract ref }     behind it          late: at the end of the `if`
        for … { extract ref }    behind the `for`   late: at the end of the root
    """
    places = list(_find_setters(root, name, ()))
    if not places:
        raise Unspeakable(f"an output takes `{name}`, which nothing sets")
    place = _find_common_place(root, places)
    uncertain = [
        (may_repeat(line.node, number), body, at)
        for line, number, body, at in place.around
        if may_skip(line.node, number) or may_repeat(line.node, number)
    ]
    if not any(repeats for repeats, _, _ in uncertain):
        if not late:
            return place.body, _position_behind(place.body, place.at)
        body = place.body if uncertain else root
        return body, _find_reached_end(body)
    _, body, at = uncertain[0]
    return (root, _find_reached_end(root)) if late else (body, _position_behind(body, at))


def _find_common_place(root: list[Line], places: list[_EmitPlace]) -> _EmitPlace:
    """Return the place of the last statement, in the innermost body that holds all of them."""
    around: tuple[tuple[Line, int, list[Line], int], ...] = ()
    while True:
        depth = len(around)
        inner = {each.around[depth][:2] if len(each.around) > depth else None for each in places}
        if len(places) == 1 or len(inner) > 1 or None in inner:
            break
        around = places[0].around[: depth + 1]
    if len(places) == 1:
        return places[0]
    body = around[-1][0].bodies[around[-1][1]] if around else root
    last = places[-1]
    at = last.around[len(around)][3] if len(last.around) > len(around) else last.at
    return _EmitPlace(body, at, around)


def _find_setters(
    body: list[Line], name: str, around: tuple[tuple[Line, int, list[Line], int], ...]
) -> Iterator[_EmitPlace]:
    for at, line in enumerate(body):
        if variable_set(line.node) == name and not isinstance(line.node, Emit):
            yield _EmitPlace(body, at, around)
        for number, inner in enumerate(line.bodies):
            yield from _find_setters(inner, name, (*around, (line, number, body, at)))


# Outputs that lowering would not store again


def keep_stored(root: list[Line], sources: Sources) -> None:
    """Make lowering store every output again that was stored.

    Lowering needs no `Store` for an output with a single `emit` of a variable or a constant. Such
    an `emit` is written into both bodies of an `if true`: two `emit`s have to be stored.
    """
    counts: Counter[str] = Counter()
    found: dict[str, tuple[list[Line], int, bool, bool]] = {}
    for body, at, conditional, repeated in _walk_bodies(root, conditional=False, repeated=False):
        node = body[at].node
        if isinstance(node, Emit):
            counts[node.field] += 1
            found[node.field] = (body, at, conditional, repeated)
    for source in sources:
        if source.kind != "stored":
            continue
        if source.field not in found:
            raise Unspeakable(f"nothing stores `{source.field}`")
        body, at, conditional, repeated = found[source.field]
        emit = body[at].node
        assert isinstance(emit, Emit)
        if counts[source.field] > 1 or emit.append or repeated:
            continue
        variable = single_variable(emit.value)
        if variable is not None and variable.sigil == "runtime":
            lost = _is_taken(root, body, at, variable.name, conditional=conditional)
        else:
            lost = not conditional and not has_variable(emit.value)
        if lost:
            body[at] = both_ways([body[at]])


def _is_taken(
    root: list[Line], body: list[Line], at: int, variable: str, *, conditional: bool
) -> bool:
    """Whether lowering would take an output from the variable that is emitted at `body[at]`.

    Mirrors `ir.lowering.outputs`, with lines instead of statements.
    """
    before = True
    setters: list[Line] = []
    ends = False
    for line in all_lines(root):
        if line is body[at]:
            before = False
        elif variable_set(line.node) == variable:
            if not before:
                return False
            setters.append(line)
        elif before and isinstance(line.node, nodes.Leave) and line.node.action == "finish":
            ends = ends or bool(setters)
    inside = {id(line) for line in all_lines(body)}
    if conditional and not all(id(line) in inside for line in setters):
        return False
    return len(setters) == 1 or not ends


def _walk_bodies(
    body: list[Line], *, conditional: bool, repeated: bool
) -> Iterator[tuple[list[Line], int, bool, bool]]:
    for at, line in enumerate(body):
        yield body, at, conditional, repeated
        for number, inner in enumerate(line.bodies):
            yield from _walk_bodies(
                inner,
                conditional=conditional or may_skip(line.node, number),
                repeated=repeated or may_repeat(line.node, number),
            )


def both_ways(lines: list[Line]) -> Line:
    """Return an `if true` with the same lines in both bodies; no prompt shows the choice."""
    condition = nodes.IsTrue(operand=nodes.ConstantValue(value=True))
    branch = nodes.Branch(origin=NOWHERE, condition=condition, body=())
    node = nodes.If(origin=NOWHERE, branches=(branch,), otherwise=())
    return Line(node, [lines, [line.copy() for line in lines]])
