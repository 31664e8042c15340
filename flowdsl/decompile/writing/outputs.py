"""Puts `emit` statements for kept values: in the place of each `Store`, and where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import single_variable
from flowdsl.source.record import Record

from ..model import NOWHERE
from .lines import (
    Emit,
    Line,
    all_lines,
    leaves,
    may_repeat,
    may_skip,
    sets,
    variable_set,
)
from .type_names import Unspeakable
from .value_types import ANY, STRING, Types, fits, has_variable, type_of_variable

Sources = tuple[nodes.OutputSource, ...]


def with_emits(lines: list[Line], sources: Sources) -> list[Line]:
    """The lines with `emit` in the place of each `Store`.

    What lowering stores by itself is left out.
    """
    fields = {source.variable: source.field for source in sources if source.kind == "stored"}
    emitted = [each for line in lines for each in _emitted(line, fields)]
    return without_starts(emitted, None)


def _emitted(line: Line, fields: dict[str | None, str]) -> Iterator[Line]:
    line.bodies = [
        [each for inner in body for each in _emitted(inner, fields)] for body in line.bodies
    ]
    if not isinstance(line.node, nodes.Store):
        yield line
        return
    for assignment in line.node.assignments:
        variable, value = assignment.variable, assignment.value
        if variable in fields:
            if assignment.field is not None:
                raise Unspeakable("an output is filled field by field")
            yield Line(Emit(fields[variable], value, assignment.append))
        elif assignment.field is not None:
            yield Line(Emit(assignment.field, value, assignment.append, variable))
        else:
            for name, part in _parts(value):
                yield Line(Emit(name, part, False, variable))


def _parts(value: nodes.Value) -> Iterator[tuple[str, nodes.Value]]:
    """The fields of a result that is stored in one go."""
    match value:
        case nodes.ObjectValue(fields=fields) if fields:
            yield from fields
        case nodes.ConstantValue(value=dict() as constant) if constant:
            for name, part in constant.items():
                yield name, nodes.ConstantValue(value=part)
        case _:
            raise Unspeakable("a result is no object")


def without_starts(lines: list[Line], variable: str | None) -> list[Line]:
    """The lines without the empty lists at their beginning that entries are added to later.

    Lowering makes them by itself. `variable` is a result, or None for the outputs.
    """
    dropped = set(started(lines, variable) & appended(lines, variable))
    kept: list[Line] = []
    for at, line in enumerate(lines):
        node = line.node
        if not isinstance(node, Emit) or not is_start(node, variable):
            return [*kept, *lines[at:]]
        if node.field in dropped:
            dropped.discard(node.field)
        else:
            kept.append(line)
    return kept


def appended(lines: Iterable[Line], variable: str | None) -> frozenset[str]:
    """The lists of a result, or (None) the outputs, that lines add entries to."""
    return frozenset(
        each.node.field
        for each in all_lines(lines)
        if isinstance(each.node, Emit) and each.node.append and each.node.variable == variable
    )


def started(lines: list[Line], variable: str | None) -> frozenset[str]:
    """The lists that lines begin with, as empty ones."""
    found: set[str] = set()
    for line in lines:
        node = line.node
        if not isinstance(node, Emit) or not is_start(node, variable):
            break
        found.add(node.field)
    return frozenset(found)


def starts_list(lines: list[Line], variable: str) -> bool:
    """Whether lines begin with an empty list of a result that they add entries to."""
    return bool(started(lines, variable) & appended(lines, variable))


def begins_list(lines: list[Line], variable: str) -> bool:
    """Whether the first use that lines make of a result, at any depth, begins such a list."""
    first = next(
        each.node
        for each in all_lines(lines)
        if isinstance(each.node, Emit) and each.node.variable == variable
    )
    return is_start(first, variable) and first.field in appended(lines, variable)


def is_start(node: object, variable: str | None) -> bool:
    """Whether a statement makes a list of a result, or (None) an output, empty."""
    return (
        isinstance(node, Emit)
        and node.variable == variable
        and not node.append
        and node.value in (nodes.ConstantValue(value=[]), nodes.ListValue(items=()))
    )


# Outputs without a `Store`


class _Place(Record):
    """Where a statement stands: its body and position there, and the statements around it.

    Each entry of `around`, outer first, has a statement, the number of the body that leads in, and
    the body and position of the statement itself.
    """

    body: list[Line]
    at: int
    around: tuple[tuple[Line, int, list[Line], int], ...]


def place_emits(
    root: list[Line], sources: Sources, outputs: dict[str, nodes.Type], types: Types
) -> None:
    """Adds an `emit` for each output that is not stored, where lowering finds its source again."""
    for source in sources:
        match source.kind:
            case "runtime" | "background":
                variable = nodes.Variable(
                    sigil="runtime", name=source.variable or "", path=source.path
                )
                value = nodes.TextValue(text=(variable,))
                late = source.kind == "runtime" and not fits(
                    type_of_variable(variable, types), outputs.get(source.field, ANY)
                )
                body, at = _place_for(root, variable.name, late=late)
                body.insert(at, Line(Emit(source.field, value, False)))
            case "const":
                emit = Emit(source.field, nodes.ConstantValue(value=source.value), False)
                root.insert(_end(root), Line(emit))
            case "stored" | "none":
                pass


def _end(body: list[Line]) -> int:
    """The last position in a body that is reached."""
    for at, line in enumerate(body):
        if leaves([line]):
            return at
    return len(body)


def _behind(body: list[Line], at: int) -> int:
    """The position behind a line and behind the outputs that are emitted there already."""
    at += 1
    while at < len(body) and isinstance(body[at].node, Emit):
        at += 1
    return at


def _place_for(root: list[Line], name: str, *, late: bool) -> tuple[list[Line], int]:
    """The body and position for the `emit` of a variable.

    Behind what sets it or, with `late`, as late as lowering still finds the same kind of source.
    """
    places = list(_setters(root, name, ()))
    if len(places) != 1:
        raise Unspeakable(f"an output takes `{name}`, which is not set once")
    place = places[0]
    steps = 0
    for line, number, _, _ in reversed(place.around):
        if may_skip(line.node) or may_repeat(line.node, number):
            break
        steps += 1
    free = steps == len(place.around)
    repeated = any(may_repeat(line.node, number) for line, number, _, _ in place.around)
    if repeated:
        _, _, body, at = next(each for each in place.around if may_skip(each[0].node))
        return (root, _end(root)) if late else (body, _behind(body, at))
    if not late:
        return place.body, _behind(place.body, place.at)
    if free:
        return root, _end(root)
    return place.body, _end(place.body)


def _setters(
    body: list[Line], name: str, around: tuple[tuple[Line, int, list[Line], int], ...]
) -> Iterator[_Place]:
    for at, line in enumerate(body):
        if variable_set(line.node) == name and not isinstance(line.node, Emit):
            yield _Place(body, at, around)
        for number, inner in enumerate(line.bodies):
            yield from _setters(inner, name, (*around, (line, number, body, at)))


# Outputs that lowering would not store again


def keep_stored(root: list[Line], sources: Sources) -> None:
    """Makes outputs stay stored for whose one `emit` lowering would need no `Store`.

    Lowering takes such an output from a variable, or as a constant; a choice around it prevents
    that.
    """
    counts: Counter[str] = Counter()
    found: dict[str, tuple[list[Line], int, bool, bool]] = {}
    setters: Counter[str] = Counter()
    bodies: dict[str, list[Line]] = {}
    for body, at, conditional, repeated in _walk(root, conditional=False, repeated=False):
        node = body[at].node
        if isinstance(node, Emit):
            counts[node.field] += 1
            found[node.field] = (body, at, conditional, repeated)
        elif (name := variable_set(node)) is not None:
            setters[name] += 1
            bodies[name] = body
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
            name = variable.name
            lost = setters[name] == 1 and (bodies[name] is body or not conditional)
        else:
            lost = not conditional and not has_variable(emit.value)
        if lost:
            body[at] = both_ways([body[at]])


def _walk(
    body: list[Line], *, conditional: bool, repeated: bool
) -> Iterator[tuple[list[Line], int, bool, bool]]:
    for at, line in enumerate(body):
        yield body, at, conditional, repeated
        for number, inner in enumerate(line.bodies):
            yield from _walk(
                inner,
                conditional=conditional or may_skip(line.node),
                repeated=repeated or may_repeat(line.node, number),
            )


def both_ways(lines: list[Line]) -> Line:
    """An `if` that is decided at compile time, with the same lines in both bodies."""
    return _choice(True, lines, [line.copy() for line in lines])


def _choice(holds: bool, lines: list[Line], otherwise: list[Line]) -> Line:
    condition = nodes.IsTrue(operand=nodes.ConstantValue(value=holds))
    branch = nodes.Branch(origin=NOWHERE, condition=condition, body=())
    node = nodes.If(origin=NOWHERE, branches=(branch,), otherwise=())
    return Line(node, [lines, otherwise])


# Variables that each pass of a loop empties first


def keep_resets(lines: list[Line], types: Types) -> None:
    """Makes each pass of a loop empty the variables again that it emptied in the prompt.

    Lowering resets those that some path leaves unset, so each of them gets such a path.
    """
    for line in all_lines(lines):
        if not isinstance(line.node, nodes.Loop):
            continue
        body = line.bodies[0]
        before: str | None = None
        for reset in line.node.resets:
            name = reset.variable
            setting = [at for at, each in enumerate(body) if name in sets([each])]
            if not setting:
                at = 0 if before is None else 1 + _first_setting(body, before)
                body.insert(at, _never(reset, types))
            else:
                _withdraw(body, name)
            before = name


def _first_setting(body: list[Line], name: str) -> int:
    return next(at for at, line in enumerate(body) if name in sets([line]))


def _never(reset: nodes.Assignment, types: Types) -> Line:
    """An `if` that is false at compile time, with a statement in it that sets the variable."""
    if reset.value in (nodes.ConstantValue(value={}), nodes.ObjectValue(fields=())):
        line = Line(Emit("value", nodes.ConstantValue(value=None), False, reset.variable))
    else:
        type_ = types.get(("runtime", reset.variable), STRING)
        nothing = (nodes.TextPiece(value="nothing"),)
        line = Line(
            nodes.Extract(
                origin=NOWHERE,
                variable=reset.variable,
                type=type_,
                source=nothing,
                model=None,
                otherwise=None,
            )
        )
        if not isinstance(type_, nodes.OptionalType):
            default = (nodes.TextPiece(value="not readable: "), *nothing)
            leave = nodes.Leave(origin=NOWHERE, action="abort", reason=default)
            line.bodies = [[Line(leave)]]
    return _choice(False, [line], [])


def _certain(line: Line) -> str | None:
    return None if isinstance(line.node, Emit) else variable_set(line.node)


def _withdraw(body: list[Line], name: str) -> None:
    """Puts what surely sets a variable under an `if`, so that lowering takes it for uncertain."""
    for inner, at, conditional, _ in list(_walk(body, conditional=False, repeated=False)):
        if not conditional and _certain(inner[at]) == name:
            inner[at] = both_ways([inner[at]])
