"""Names for tasks and their variables, such that inlining gives every variable the name it has.

Inlining calls variable `name` of task `open` `open_name`, the next time `open_name_2`. So the names
of variables tell what their task may be called; equal tasks become one, and tasks that could only
have the same name are united (`unify`, `either`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.lower_statements import Names
from flowdsl.ir.lower_values import single_variable
from flowdsl.ir.walk import field_names

from ..lines import Call, Emit, Key, Line, Node, Param, Task, all_lines
from ..literals import is_name
from ..type_names import RESERVED, Unspeakable, source_name
from ..value_types import join
from .either import either
from .results import joined_records
from .runs import prefixes
from .unify import United, substituted, united

_NO_SHAPE = frozenset(("origin", "resets", "description"))


class _Shape:
    """What a task does, whatever its variables are called: tasks with equal `value` are equal.

    `order` numbers its variables as they are met.
    """

    def __init__(self, task: Task) -> None:
        self.order: dict[Key, int] = {}
        self._task = task
        self.value = (task.attempt, task.result is not None, self._lines(task.body))

    def _lines(self, lines: list[Line]) -> tuple[Any, ...]:
        return tuple(
            (self._of(line.node), tuple(self._lines(body) for body in line.bodies))
            for line in lines
        )

    def _of(self, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return tuple(self._of(each) for each in value)
        if isinstance(value, dict):
            return repr(value)
        if isinstance(value, Emit):
            return ("emit", value.field, value.append, self._of(value.value))
        if isinstance(value, Call):
            shape = _Shape(value.task)
            given = {shape.order[key]: self._of(each) for key, each in value.arguments}
            kept = None if value.result is None else self._at(("runtime", value.result))
            return ("call", shape.value, tuple(sorted(given.items())), kept)
        names = field_names(type(value))
        if not names:
            return (type(value).__name__, value)
        parts: list[Any] = [type(value).__name__]
        for name in names:
            part = getattr(value, name)
            if name in _NO_SHAPE or (name in _OF_BODIES and isinstance(part, tuple | None)):
                continue
            if name == "name" and parts[0] == "Variable":
                part = self._at((value.sigil, part))
            elif name == "variable" and parts[0] == "Loop":
                continue
            elif name == "variable" and isinstance(part, str):
                part = self._at(("runtime", part))
            elif parts[0] == "If" and name == "branches":
                part = tuple(branch.condition for branch in part)
            parts.append(self._of(part))
        return tuple(parts)

    def _at(self, key: Key) -> int:
        return self.order.setdefault(key, len(self.order))


_OF_BODIES = frozenset(("body", "otherwise"))


class _Group:
    """The calls of one task.

    `own` has, for each call, its place among all calls and its variables as inlining named them, in
    the order of `task.own`; None is a variable that the call leaves unset. `namings` are what the
    task may be called, as far as that is fixed.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.own: list[tuple[int, list[str | None]]] = []
        self.namings: list[_Naming] | None = None


_Naming: TypeAlias = tuple[str, list[str]]
"""The name of a task, and those of its variables in the order of `task.own`."""


def name_tasks(root: list[Line], taken: tuple[str, ...], first: tuple[str, ...]) -> list[Task]:
    """Names all tasks that lines call, and returns them, those that others call first.

    `taken` are names that no task may have. `first` are the names of variables that inlining knows
    before it comes to a task. Raises `Unspeakable` if no names do.
    """
    groups = _grouped(root)
    while (clash := _name_all(root, groups, taken, first)) is not None:
        one, other, union = _union(groups, *clash)
        _unite(root, groups[one], groups[other], union)
        del groups[other]
    for group in groups:
        _name_params(group.task)
    return _inner_first(root)


def _rival(number: int, namings: list[list[_Naming]]) -> int | None:
    """Another group whose calls may have been calls of the same task."""
    names = {name for name, variables in namings[number] if variables}
    for other, choices in enumerate(namings):
        if other != number and any(name in names and variables for name, variables in choices):
            return other
    return None


def _union(groups: list[_Group], one: int, other: int) -> tuple[int, int, United]:
    """Two groups, and the task for both.

    Preferred are groups that differ in words and values alone; else it is `one` and `other`, which
    need the same name. Raises `Unspeakable`.
    """
    names = [{name for name, _ in _namings(group)} for group in groups]
    pairs = [
        (first, second)
        for second in range(len(groups))
        for first in range(second)
        if groups[first].task.own
        and names[first] & names[second]
        and not _call_each_other(groups[first].task, groups[second].task)
    ]
    for first, second in sorted(pairs, key=lambda pair: pair != (one, other)):
        union = united(groups[first].task, groups[second].task)
        if union is not None:
            return first, second, union
    tasks = groups[one].task, groups[other].task
    union = None if _call_each_other(*tasks) else either(*tasks)
    if union is None:
        raise Unspeakable("two tasks would need one name")
    return one, other, union


def _call_each_other(one: Task, other: Task) -> bool:
    """Whether one of two tasks calls the other, so that they cannot become one."""
    return any(
        isinstance(line.node, Call) and line.node.task is called
        for task, called in ((one, other), (other, one))
        for line in _call_lines(task.body)
    )


def _name_all(
    root: list[Line], groups: list[_Group], taken: tuple[str, ...], first: tuple[str, ...]
) -> tuple[int, int] | None:
    """Names the tasks of all groups.

    Returns the numbers of two groups that rule each other out, if any.
    """
    namings = [_namings(group) for group in groups]
    chosen = [0] * len(groups)
    blocked: dict[int, int] = {}
    while True:
        used: dict[str, int] = {}
        for number, group in enumerate(groups):
            while True:
                if chosen[number] >= len(namings[number]):
                    rival = blocked.get(number, _rival(number, namings))
                    if rival is None:
                        raise Unspeakable("no name of a task gives its variables their names")
                    return min(number, rival), max(number, rival)
                name, variables = namings[number][chosen[number]]
                if name not in taken and name not in used:
                    break
                if name in used:
                    blocked.setdefault(number, used[name])
                chosen[number] += 1
            used[name] = number
            group.task.name = name
            group.task.variables = dict(zip(group.task.own, variables, strict=True))
        wrong = _first_renamed(root, groups, first)
        if wrong is None:
            return None
        chosen[wrong] += 1


def _grouped(root: list[Line]) -> list[_Group]:
    """The tasks grouped by what they do; all calls of equal tasks now call the first of them."""
    groups: dict[Any, tuple[_Group, _Shape]] = {}
    for place, line in enumerate(_call_lines(root)):
        call = line.node
        assert isinstance(call, Call)
        shape = _Shape(call.task)
        if shape.value not in groups:
            groups[shape.value] = (_Group(call.task), shape)
        group, first = groups[shape.value]
        mine = {number: key for key, number in shape.order.items()}
        keys = {key: mine[number] for key, number in first.order.items()}
        group.own.append((place, [keys["runtime", name][1] for name in group.task.own]))
        if group.task is call.task:
            continue
        _widen(group.task, call.task, keys)
        group.task.record = joined_records(group.task.record, call.task.record)
        theirs = {given: key for key, given in keys.items()}
        arguments = tuple((theirs[key], value) for key, value in call.arguments)
        line.node = Call(group.task, arguments, call.result)
    return [group for group, _ in groups.values()]


def _unite(root: list[Line], one: _Group, other: _Group, union: United) -> None:
    """Makes the calls of two groups call the united task, in the first of the groups."""
    added = sum(place is None for place in union.places)
    if added:
        one.namings = [
            (name, [*mine, *theirs])
            for name, mine in _namings(one)
            for other_name, theirs in _namings(other)
            if name == other_name
        ]
        one.own = [(place, [*own, *_NOTHING * len(other.task.own)]) for place, own in one.own]
    for line in list(_call_lines(root)):
        call = line.node
        assert isinstance(call, Call)
        if call.task in (one.task, other.task):
            arguments = union.one if call.task is one.task else union.other
            given = substituted(arguments, call.arguments)
            line.node = Call(union.task, given, call.result)
    one.own += [
        (place, [None if at is None else own[at] for at in union.places])
        for place, own in other.own
    ]
    one.own.sort(key=lambda each: each[0])
    one.task = union.task


_NOTHING: list[str | None] = [None]


def _call_lines(lines: list[Line]) -> Iterator[Line]:
    """The lines that are calls, those inside a task before the call of it."""
    for line in all_lines(lines):
        if isinstance(line.node, Call):
            yield from _call_lines(line.node.task.body)
            yield line


def _widen(task: Task, other: Task, keys: dict[Key, Key]) -> None:
    """Makes the parameters of a task take also what those of an equal task take."""
    for key, param in task.params.items():
        type_ = join(param.type, other.params[keys[key]].type)
        task.params[key] = Param(param.name, type_, param.secret)


def _namings(group: _Group) -> list[_Naming]:
    """What a task and its variables may be called, the best first."""
    if group.namings is not None:
        return group.namings
    own = group.task.own
    if not own:
        return [(name, []) for name in _plain_names(group.task)]
    found = []
    for prefix in sorted(
        set.intersection(*(set(prefixes(name)) for name in own)), key=len, reverse=True
    ):
        whole = [name[len(prefix) + 1 :] for name in own]
        bare = [_without_number(name) for name in whole]
        for variables in (bare, whole):
            fine = len(set(variables)) == len(variables) and all(
                is_name(name) and name not in RESERVED for name in variables
            )
            if fine and (prefix, variables) not in found:
                found.append((prefix, variables))
    return found


def _plain_names(task: Task) -> Iterator[str]:
    """Names for a task without variables of its own: after its result, or its first words."""
    wanted = f"collect_{task.result}" if task.result is not None else _words(task.body[0].node)
    yield wanted
    for number in range(2, 1_000):
        yield f"{wanted}_{number}"


def _words(node: Node) -> str:
    match node:
        case nodes.Step(title=title):
            literal = " ".join(piece.value for piece in title if isinstance(piece, nodes.TextPiece))
            words = re.findall(r"[a-z]+", literal.lower())[:3]
            return "_".join(words) or "step"
        case nodes.Loop(variable=variable):
            return f"each_{variable}"
        case nodes.TypeIn():
            return "enter_value"
        case nodes.Run():
            return "run_command"
        case _:
            return "decide"


def _without_number(name: str) -> str:
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name


def _first_renamed(root: list[Line], groups: list[_Group], first: tuple[str, ...]) -> int | None:
    """The number of the first group one of whose variables inlining would name differently."""
    names = Names(first)
    numbers = {id(group.task): number for number, group in enumerate(groups)}
    count = [0] * len(groups)

    def inline(lines: list[Line], given: dict[Key, nodes.Value], *, dead: bool) -> int | None:
        for line in lines:
            wrong = None
            if isinstance(line.node, Call):
                wrong = call(line.node, dead=dead)
            lives = _living(line, given)
            for body, living in zip(line.bodies, lives, strict=True):
                if wrong is None:
                    wrong = inline(body, given, dead=dead or not living)
            if wrong is not None:
                return wrong
        return None

    def call(node: Call, *, dead: bool) -> int | None:
        task = node.task
        number = numbers[id(task)]
        fresh = {
            local: names.fresh(f"{task.name}_{local}")
            for local in sorted(set(task.variables.values()))
        }
        if not dead:
            if count[number] == len(groups[number].own):
                return number
            _, wanted = groups[number].own[count[number]]
            count[number] += 1
            for name, own in zip(task.own, wanted, strict=True):
                if own is not None and fresh[task.variables[name]] != own:
                    return number
        return inline(task.body, dict(node.arguments), dead=dead)

    return inline(root, {}, dead=False)


def _living(line: Line, given: dict[Key, nodes.Value]) -> list[bool]:
    """Which bodies of a statement are left once a call with arguments `given` has decided it."""
    node = line.node
    if isinstance(node, nodes.If) and len(node.branches) == 1:
        condition = node.branches[0].condition
        if isinstance(condition, nodes.IsTrue):
            asked = condition.operand
            variable = single_variable(asked)
            if variable is not None:
                asked = given.get((variable.sigil, variable.name), asked)
            if isinstance(asked, nodes.ConstantValue):
                return [asked.value is True, asked.value is not True]
    return [True for _ in line.bodies]


def _name_params(task: Task) -> None:
    used = {*task.variables.values()}
    for key, param in task.params.items():
        name = source_name(param.name, used)
        used.add(name)
        task.params[key] = Param(name, param.type, param.secret)


def _inner_first(root: list[Line]) -> list[Task]:
    tasks: dict[int, Task] = {}

    def visit(lines: list[Line]) -> None:
        for line in all_lines(lines):
            if isinstance(line.node, Call) and id(line.node.task) not in tasks:
                visit(line.node.task.body)
                tasks[id(line.node.task)] = line.node.task

    visit(root)
    return list(tasks.values())
