"""What statements do as a whole, with everything in their bodies: worked out once, and kept.

Passes copy the statements that they change, so that the facts of all others remain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from operator import attrgetter
from typing import Any

from flowdsl.source.record import Record, field_defaults
from flowdsl.syntax.statements import BY_KIND, DATES, FINISH, SCREENSHOT, STATEMENTS

from . import nodes
from .walk import find_variables, inner_bodies, own_parts

NOTHING: frozenset[str] = frozenset()


class Facts(Record):
    """What a statement does, or several.

    - `kinds`: the kinds of the statements, those of inner bodies included.
    - `sets`: the runtime variables that they set on some path.
    - `tools`: the tools that they need.
    - `models`: the aliases of the models that they name, in order.
    - `reads`: the runtime variables that their texts, values and conditions name.
    - `names`: all variables that these name, and those in which they note failures.
    """

    kinds: frozenset[str]
    sets: frozenset[str]
    tools: frozenset[str]
    models: tuple[str, ...]
    reads: frozenset[str]
    names: frozenset[str]


def facts_of(statement: nodes.Statement) -> Facts:
    """Return the facts of one statement."""
    known: Facts | None = getattr(statement, "known", None)
    if known is None:
        own = _find_own_facts(statement)
        inner = [facts_of(each) for body in inner_bodies(statement) for each in body]
        known = _join([own, *inner]) if inner else own
        object.__setattr__(statement, "known", known)
    return known


def find_statements(body: nodes.Body, kinds: Set[str]) -> Iterator[nodes.Statement]:
    """Yield those of `statements` that are of these kinds; looks only where there are some."""
    for statement in body:
        if not kinds.isdisjoint(facts_of(statement).kinds):
            if statement.kind in kinds:
                yield statement
            for inner in inner_bodies(statement):
                yield from find_statements(inner, kinds)


def holds_kind(body: nodes.Body, kind: str) -> bool:
    """Whether there is a statement of a kind in a body, or inside of its statements."""
    return any(kind in facts_of(statement).kinds for statement in body)


def find_with_repetition(
    body: nodes.Body, kinds: Set[str], *, repeated: bool = False
) -> Iterator[tuple[nodes.Statement, bool]]:
    """Yield what `find_statements` does, each with whether it may be done again."""
    for statement in body:
        if kinds.isdisjoint(facts_of(statement).kinds):
            continue
        if statement.kind in kinds:
            yield statement, repeated
        again = repeated or type(statement) in _REPEATING
        for inner in inner_bodies(statement):
            yield from find_with_repetition(inner, kinds, repeated=again)


_REPEATING = (nodes.Loop, nodes.Repeat, nodes.Retry)


def facts_of_body(body: nodes.Body) -> Facts:
    """Return the facts of the statements of a body together."""
    if len(body) == 1:
        return facts_of(body[0])
    return _join([facts_of(each) for each in body])


def _join(every: Sequence[Facts]) -> Facts:
    kinds, sets, tools, reads, names = [NOTHING.union(*map(get, every)) for get in _SETS]
    models = tuple(dict.fromkeys([model for each in every for model in each.models]))
    return Facts(kinds, sets, tools, models, reads, names)


_SETS = tuple(map(attrgetter, ("kinds", "sets", "tools", "reads", "names")))


def _find_own_facts(statement: nodes.Statement) -> Facts:
    """Return the facts of a statement without those in its bodies."""
    variables = find_variables(tuple(own_parts(statement)))
    noted = getattr(statement, "noted", None)
    alike = _ALIKE.get(type(statement))
    if alike is not None and not variables and noted is None:
        return alike
    names = {each.name for each in variables}
    return Facts(
        frozenset((statement.kind,)) if alike is None else alike.kinds,
        frozenset(variables_set_by(statement)) if alike is None else NOTHING,
        frozenset(tools_of(statement)) if alike is None else alike.tools,
        _models_of(statement) if alike is None else (),
        frozenset([each.name for each in variables if each.sigil == "runtime"]),
        frozenset(names if noted is None else {*names, noted}),
    )


def own_reads(statement: nodes.Statement) -> frozenset[str]:
    """Return the runtime variables that a statement itself names, outside of its bodies."""
    if not any(inner_bodies(statement)):
        return facts_of(statement).reads
    return runtime_variables(tuple(own_parts(statement)))


def runtime_variables(value: Any) -> frozenset[str]:
    """Return the runtime variables that a value, a text or a condition names."""
    return frozenset([each.name for each in find_variables(value) if each.sigil == "runtime"])


def own_names(statement: nodes.Statement) -> frozenset[str]:
    """Return the variables that a statement itself names, outside of its bodies."""
    return frozenset([each.name for each in find_variables(tuple(own_parts(statement)))])


def variables_set_by(statement: nodes.Statement) -> Iterator[str]:
    """Return the runtime variables that a statement itself sets, outside of its bodies."""
    match statement:
        case nodes.Extract() | nodes.BackgroundExtract() | nodes.Copy():
            yield statement.variable
        case nodes.Run(variable=str() as variable):
            yield variable
        case nodes.Store(assignments=assignments):
            yield from (each.key for each in assignments)
        case _:
            pass


def _models_of(statement: nodes.Statement) -> tuple[str, ...]:
    if isinstance(statement, nodes.Choose | nodes.Extract) and statement.model is not None:
        return (statement.model,)
    return ()


def noted_failures(body: nodes.Body) -> frozenset[str]:
    """Return the variables in which focused agents note why they failed."""
    return frozenset(
        each.noted
        for each in find_statements(body, _NOTING)
        if isinstance(each, (nodes.Leave, nodes.Loop)) and each.noted is not None
    )


_NOTING = frozenset(("leave", "loop"))


def tools_of(statement: nodes.Statement) -> tuple[str, ...]:
    """Return the tools that a statement itself needs, outside of its bodies."""
    match statement:
        case nodes.Leave(action="retry") | nodes.Loop(entry=str()):
            return ()
        case nodes.Leave(action="finish"):
            return (FINISH,)
        case nodes.TypeDay():
            return (DATES,)
        case nodes.BackgroundExtract():
            return (SCREENSHOT,)
        case _:
            tool = STATEMENTS[BY_KIND[statement.kind][0]].tool
            return () if tool is None else (tool,)


_ALIKE: dict[type, Facts] = {
    class_: Facts(
        frozenset((kind := str(field_defaults(class_)["kind"]),)),
        NOTHING,
        frozenset(tool for tool in (STATEMENTS[BY_KIND[kind][0]].tool,) if tool is not None),
        (),
        NOTHING,
        NOTHING,
    )
    for class_ in (
        *(nodes.Step, nodes.Do, nodes.TypeIn, nodes.Clear, nodes.Press, nodes.Wait),
        *(nodes.WaitUntil, nodes.Expect, nodes.Capture, nodes.Export, nodes.Picture),
        *(nodes.If, nodes.Repeat, nodes.Retry),
    )
}
"""The facts of statements that all do the same by themselves, by their classes."""
