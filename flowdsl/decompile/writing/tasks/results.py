"""Infers the types of task results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import single_variable

from ..lines import LOOP_KEY, Call, Emit, Line, Param, Task, all_lines, leaves, own_variables
from ..outputs import Sources, appended
from ..value_types import ANY, STRING, Types, element_of, fits, join, optional_of, present, type_of

_ROUNDS = 4
"""How often types are inferred: a result may hold values of another one, known a round later."""


def all_tasks(lines: Iterable[Line]) -> Iterator[tuple[Call, Task]]:
    """The calls in lines and in the tasks they call, each with its task, as inlining meets them."""
    for line in all_lines(lines):
        if isinstance(line.node, Call):
            yield line.node, line.node.task
            yield from all_tasks(line.node.task.body)


def infer_results(
    root: list[Line], sources: Sources, outputs: dict[str, nodes.Type], types: Types
) -> None:
    """Infers the types of results, and sets them in `types` and in the tasks.

    `outputs` are the types of outputs by wire name.
    """
    uses = [*_uses(root), *_named(sources)]
    asked = {(use.name, str(use.path[0])) for _, use in uses if use.path} | {
        (variable.name, str(variable.path[0]))
        for lines in (root, *(task.body for _, task in all_tasks(root)))
        for line in all_lines(lines)
        for variable in own_variables(line.node)
        if variable.sigil == "runtime" and variable.path
    }
    for _ in range(_ROUNDS):
        before = dict(types)
        calls = list(all_tasks(root))
        for name in dict.fromkeys(call.result for call, _ in calls if call.result is not None):
            tasks = [task for call, task in calls if call.result == name]
            types["runtime", name] = _record(name, tasks, uses, asked, outputs, types)
        for _, task in calls:
            for key, param in task.params.items():
                if key in types:
                    task.params[key] = Param(param.name, types[key], param.secret)
        if types == before:
            break
    for call, task in all_tasks(root):
        if call.result is not None:
            record = types["runtime", call.result]
            assert isinstance(record, nodes.RecordType)
            task.record = record


def _uses(root: list[Line]) -> Iterator[tuple[Emit, nodes.Variable]]:
    """The outputs that are given a runtime value unchanged."""
    for line in all_lines(root):
        if isinstance(line.node, Emit) and line.node.variable is None:
            variable = single_variable(line.node.value)
            if variable is not None and variable.sigil == "runtime":
                yield line.node, variable


def _named(sources: Sources) -> Iterator[tuple[Emit, nodes.Variable]]:
    """The same for outputs that take a runtime value by its name."""
    for source in sources:
        if source.kind == "runtime" and source.variable is not None:
            variable = nodes.Variable(sigil="runtime", name=source.variable, path=source.path)
            value = nodes.TextValue(text=(variable,))
            yield Emit(source.field, value, False), variable


def _record(
    name: str,
    tasks: list[Task],
    uses: list[tuple[Emit, nodes.Variable]],
    asked: set[tuple[str, str]],
    outputs: dict[str, nodes.Type],
    types: Types,
) -> nodes.RecordType:
    """The type of a result that some tasks fill.

    It is the type of an output that takes the result unchanged, if that fits; else it is made of
    the types of the values.
    """
    found: dict[str, nodes.Type] = {}
    sure: set[str] | None = None
    for task in tasks:
        loops = {} if LOOP_KEY not in task.params else {LOOP_KEY: task.params[LOOP_KEY].type}
        _collect(task.body, name, {**types, **loops}, found)
        done = _done(task.body, name, appended(task.body, name))
        if done is not None:
            sure = set(done) if sure is None else sure & done
    for other, field in sorted(asked):
        if other == name:
            found.setdefault(field, nodes.OptionalType(inner=ANY))
    record = nodes.RecordType(
        fields=tuple(
            nodes.FieldSpec(
                name=field, type=type_ if sure is None or field in sure else optional_of(type_)
            )
            for field, type_ in found.items()
        )
    )
    for emit, variable in uses:
        wanted = _taken_by(emit, outputs)
        if variable.name != name:
            continue
        if not variable.path and isinstance(wanted, nodes.RecordType):
            names = {field.name for field in wanted.fields}
            if names >= found.keys() and (fits(record, wanted) or _fits_but_texts(record, wanted)):
                return wanted
        if len(variable.path) == 1:
            record = _with_wanted(record, str(variable.path[0]), wanted)
    wants_enum = {
        str(variable.path[0])
        for emit, variable in uses
        if variable.name == name and variable.path and _is_enum(_taken_by(emit, outputs))
    }
    return nodes.RecordType(
        fields=tuple(
            field if field.name in wants_enum else replace(field, type=_without_enums(field.type))
            for field in record.fields
        )
    )


def _is_enum(type_: nodes.Type) -> bool:
    while isinstance(type_, nodes.ListType | nodes.OptionalType):
        type_ = type_.element if isinstance(type_, nodes.ListType) else type_.inner
    return isinstance(type_, nodes.EnumType)


def _without_enums(type_: nodes.Type) -> nodes.Type:
    """A type in which enums, which constants have, become `string`."""
    match type_:
        case nodes.EnumType():
            return STRING
        case nodes.ListType(element=element):
            return nodes.ListType(element=_without_enums(element))
        case nodes.OptionalType(inner=inner):
            return nodes.OptionalType(inner=_without_enums(inner))
        case _:
            return type_


def _taken_by(emit: Emit, outputs: dict[str, nodes.Type]) -> nodes.Type:
    type_ = present(outputs.get(emit.field, ANY))
    if emit.append:
        type_ = present(type_.element) if isinstance(type_, nodes.ListType) else ANY
    return type_


def _fits_but_texts(record: nodes.RecordType, wanted: nodes.RecordType) -> bool:
    """Whether a record fits but for constants: a text may spell a date."""
    have = {field.name: field.type for field in record.fields}
    return all(
        (field.name not in have and not field.required)
        or fits(have.get(field.name, ANY), field.type)
        or (
            isinstance(have.get(field.name), nodes.EnumType)
            and isinstance(present(field.type), nodes.ScalarType)
        )
        for field in wanted.fields
    )


def _with_wanted(record: nodes.RecordType, name: str, wanted: nodes.Type) -> nodes.RecordType:
    """The record, with the type that an output wants for a field that has only constants."""

    def mended(field: nodes.FieldSpec) -> nodes.FieldSpec:
        if field.name != name or not isinstance(present(field.type), nodes.EnumType):
            return field
        if fits(present(field.type), wanted) or isinstance(wanted, nodes.EnumType):
            return field
        optional = isinstance(field.type, nodes.OptionalType)
        return nodes.FieldSpec(name=name, type=optional_of(wanted) if optional else wanted)

    return nodes.RecordType(fields=tuple(mended(field) for field in record.fields))


def _collect(lines: Iterable[Line], name: str, types: Types, found: dict[str, nodes.Type]) -> None:
    """Adds to `found` the types of what lines put into the fields of a result.

    A value that a condition asks to be there is not optional under it.
    """
    known = dict(types)
    for line in lines:
        node = line.node
        if isinstance(node, Emit) and node.variable == name:
            type_ = type_of(node.value, known)
            if node.append:
                type_ = nodes.ListType(element=type_)
            found[node.field] = join(found[node.field], type_) if node.field in found else type_
        inner = known
        if isinstance(node, nodes.Loop):
            inner = {**known, LOOP_KEY: element_of(node.items, known)}
        for at, body in enumerate(line.bodies):
            if isinstance(node, nodes.If) and at < len(node.branches):
                inner = with_facts(known, node.branches[at].condition, holds=True)
            _collect(body, name, inner, found)
        if isinstance(node, nodes.If) and len(node.branches) == 1 and leaves(line.bodies[0]):
            known = with_facts(known, node.branches[0].condition, holds=False)


def with_facts(types: Types, condition: nodes.Condition, *, holds: bool) -> Types:
    """The types of variables where a condition holds, or does not hold."""
    match condition:
        case nodes.Not(operand=operand):
            return with_facts(types, operand, holds=not holds)
        case nodes.AllOf(operands=operands) if holds:
            for operand in operands:
                types = with_facts(types, operand, holds=True)
            return types
        case nodes.AnyOf(operands=operands) if not holds:
            for operand in operands:
                types = with_facts(types, operand, holds=False)
            return types
        case nodes.IsEmpty(operand=operand) if not holds:
            variable = single_variable(operand)
            if variable is not None and not variable.path:
                key = (variable.sigil, variable.name)
                return {**types, key: present(types.get(key, ANY))}
            return types
        case _:
            return types


def _done(lines: Iterable[Line], name: str, done: frozenset[str]) -> frozenset[str] | None:
    """The fields of a result that are filled on every path through lines.

    None if no path leads past them.
    """
    for line in lines:
        following = _after(line, name, done)
        if following is None:
            return None
        done = following
    return done


def _after(line: Line, name: str, done: frozenset[str]) -> frozenset[str] | None:
    node = line.node
    match node:
        case Emit(variable=variable):
            return done | {node.field} if variable == name else done
        case nodes.Leave():
            return None
        case Call(task=task):
            return None if leaves(task.body) else done
        case nodes.Step():
            return _done(line.bodies[0], name, done)
        case nodes.If():
            return _meet(_done(body, name, done) for body in line.bodies)
        case nodes.Retry():
            return _meet(_done(body, name, done) for body in line.bodies)
        case nodes.Loop():
            return done
        case nodes.Repeat():
            return _meet((done, _done(line.bodies[1], name, done)))
        case _:
            return _meet((done, *(_done(body, name, done) for body in line.bodies)))


def _meet(states: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    known = [state for state in states if state is not None]
    return frozenset.intersection(*known) if known else None


def align_results(root: list[Line], types: Types) -> None:
    """Gives one type to the results of tasks that fill the same variables.

    Likewise to variables that the same tasks fill.
    """
    calls = [(call.result, task) for call, task in all_tasks(root) if call.result is not None]
    parts: list[tuple[set[str], list[Task]]] = []
    for name, task in calls:
        met = [part for part in parts if name in part[0] or any(each is task for each in part[1])]
        joined: tuple[set[str], list[Task]] = ({name}, [task])
        for part in met:
            parts.remove(part)
            joined = (joined[0] | part[0], [*joined[1], *part[1]])
        parts.append(joined)
    for names, tasks in parts:
        record = tasks[0].record
        for task in tasks:
            record = joined_records(record, task.record)
        if record is not None:
            for task in tasks:
                task.record = record
            for name in names:
                types["runtime", name] = record


def joined_records(
    one: nodes.RecordType | None, other: nodes.RecordType | None
) -> nodes.RecordType | None:
    """A type that fits the results of two tasks."""
    if one is None or other is None or one == other:
        return one or other
    types = {field.name: field.type for field in one.fields}
    others = {field.name: field.type for field in other.fields}
    found = {
        name: join(types[name], others[name])
        if name in types and name in others
        else optional_of({**types, **others}[name])
        for name in (*types, *others)
    }
    return nodes.RecordType(
        fields=tuple(nodes.FieldSpec(name=name, type=type_) for name, type_ in found.items())
    )
