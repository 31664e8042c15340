"""What statements do as a whole, with everything in their bodies: worked out once, and kept.

Passes copy the statements that they change, so that the facts of all others remain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import cache
from operator import attrgetter
from typing import Any

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import Record
from flowdsl.syntax.statements import BY_KIND, DATES, FINISH, SCREENSHOT, STATEMENTS

from . import nodes
from .walk import HOLDING, find_variables, inner_bodies, own_parts

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

    kinds: frozenset[str] = NOTHING
    sets: frozenset[str] = NOTHING
    tools: frozenset[str] = NOTHING
    models: tuple[str, ...] = ()
    reads: frozenset[str] = NOTHING
    names: frozenset[str] = NOTHING


def facts_of(statement: nodes.Statement) -> Facts:
    """Return the facts of one statement, with all in its bodies."""
    known: Facts | None = getattr(statement, "known", None)
    if known is None:
        if type(statement) in HOLDING and (bodies := inner_bodies(statement)):
            inner = [facts_of(each) for body in bodies for each in body]
            known = _join([own_facts(statement), *inner])
        else:
            known = _find_own_facts(statement)
        object.__setattr__(statement, "known", known)
    return known


def own_facts(statement: nodes.Statement) -> Facts:
    """Return the facts of a statement itself, without those in its bodies."""
    own: Facts | None = getattr(statement, "own", None)
    if own is None:
        if type(statement) not in HOLDING or not inner_bodies(statement):
            return facts_of(statement)
        own = _find_own_facts(statement)
        object.__setattr__(statement, "own", own)
    return own


def facts_of_body(body: nodes.Body) -> Facts:
    return _join([facts_of(each) for each in body])


def fits(body: nodes.Body, capabilities: Capabilities) -> bool:
    """Whether one focused agent can carry out `body`: it has the tools, and needs one model."""
    facts = facts_of_body(body)
    return len(facts.models) <= 1 and all(map(capabilities.can_focused_agent_use, facts.tools))


def find_statements(body: nodes.Body, kinds: Set[str]) -> list[nodes.Statement]:
    """Return the statements of these kinds in a body and inside its statements, outer ones first.

    Looks only into statements that hold some.
    """
    found: list[nodes.Statement] = []
    _collect_statements(body, kinds, found)
    return found


def _collect_statements(body: nodes.Body, kinds: Set[str], found: list[nodes.Statement]) -> None:
    for statement in body:
        if not kinds.isdisjoint(facts_of(statement).kinds):
            if statement.kind in kinds:
                found.append(statement)
            if type(statement) in HOLDING:
                for inner in inner_bodies(statement):
                    _collect_statements(inner, kinds, found)


def find_with_repetition(
    body: nodes.Body, kinds: Set[str], *, repeated: bool = False
) -> Iterator[tuple[nodes.Statement, bool]]:
    """Yield what `find_statements` does, each with whether it may be done again."""
    for statement in body:
        if not kinds.isdisjoint(facts_of(statement).kinds):
            if statement.kind in kinds:
                yield statement, repeated
            again = repeated or isinstance(statement, nodes.Loop | nodes.Repeat | nodes.Retry)
            for inner in inner_bodies(statement):
                yield from find_with_repetition(inner, kinds, repeated=again)


def holds_kind(body: nodes.Body, kind: str) -> bool:
    """Whether there is a statement of a kind in a body, or inside of its statements."""
    return any(kind in facts_of(statement).kinds for statement in body)


def noted_failures(body: nodes.Body) -> frozenset[str]:
    """Return the variables in which focused agents note why they failed."""
    notes = (getattr(each, "noted", None) for each in find_statements(body, _NOTING))
    return frozenset(name for name in notes if name is not None)


_NOTING = frozenset(("leave", "loop"))


def names_in(*values: Any) -> frozenset[str]:
    """Return the names of all variables in some values."""
    return frozenset([each.name for each in find_variables(*values)])


def runtime_variables(*values: Any) -> frozenset[str]:
    """Return the runtime variables that values, texts or conditions name."""
    return frozenset([each.name for each in find_variables(*values) if each.sigil == "runtime"])


def _join(facts: Sequence[Facts]) -> Facts:
    if len(facts) == 1:
        return facts[0]
    kinds, sets, tools, reads, names = [NOTHING.union(*map(get, facts)) for get in _SETS]
    models = tuple(dict.fromkeys([model for each in facts for model in each.models]))
    return Facts(kinds, sets, tools, models, reads, names)


_SETS = tuple(map(attrgetter, ("kinds", "sets", "tools", "reads", "names")))


def _find_own_facts(statement: nodes.Statement) -> Facts:
    variables = find_variables(*own_parts(statement))
    common = _facts_of_kind(statement.kind)
    varied = type(statement) in _VARIED
    if not variables and not varied:
        return common
    names = frozenset([each.name for each in variables])
    reads = frozenset([each.name for each in variables if each.sigil == "runtime"])
    if not varied:
        return Facts(common.kinds, NOTHING, common.tools, (), reads, names)
    if (noted := getattr(statement, "noted", None)) is not None:
        names |= {noted}
    model = statement.model if isinstance(statement, nodes.Choose | nodes.Extract) else None
    return Facts(
        common.kinds,
        frozenset(variables_set_by(statement)),
        frozenset(tools_of(statement)),
        () if model is None else (model,),
        reads,
        names,
    )


_VARIED = frozenset(
    (
        *(nodes.Choose, nodes.TypeDay, nodes.Extract, nodes.BackgroundExtract, nodes.Copy),
        *(nodes.Store, nodes.Run, nodes.Loop, nodes.Leave),
    )
)
"""Statements that set variables or name models, or whose tools depend on their fields."""


@cache
def _facts_of_kind(kind: str) -> Facts:
    """Return the facts that all statements of a kind have in common, or most of them."""
    tool = STATEMENTS[BY_KIND[kind][0]].tool
    return Facts(frozenset((kind,)), tools=NOTHING if tool is None else frozenset((tool,)))


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


def tools_of(statement: nodes.Statement) -> Set[str]:
    """Return the tools that a statement itself needs, outside of its bodies."""
    match statement:
        case nodes.Leave(action="retry") | nodes.Loop(entry=str()):
            return NOTHING
        case nodes.Leave(action="finish"):
            return {FINISH}
        case nodes.TypeDay():
            return {DATES}
        case nodes.BackgroundExtract():
            return {SCREENSHOT}
        case _:
            return _facts_of_kind(statement.kind).tools
