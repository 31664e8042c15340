"""What statements do as a whole, with everything in their bodies: worked out once, and kept.

Passes copy the statements that they change, so that the facts of all others remain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.source.record import Record, field_defaults
from flowdsl.syntax.statements import BY_KIND, DATES, FINISH, SCREENSHOT, STATEMENTS

from . import nodes
from .walk import inner_bodies


class Facts(Record):
    """What a statement does, or several.

    - `kinds`: the kinds of the statements, those of inner bodies included.
    - `sets`: the runtime variables that they set on some path.
    - `tools`: the tools that they need.
    - `models`: the aliases of the models that they name, in order.
    """

    kinds: frozenset[str]
    sets: frozenset[str]
    tools: frozenset[str]
    models: tuple[str, ...]


def facts_of(statement: nodes.Statement) -> Facts:
    """Return the facts of one statement."""
    known: Facts | None = getattr(statement, "known", None)
    if known is None:
        own = _ALIKE.get(type(statement))
        if own is None:
            own = Facts(
                frozenset((statement.kind,)),
                frozenset(variables_set_by(statement)),
                frozenset(tools_of(statement)),
                _models_of(statement),
            )
        inner = [facts_of(each) for body in inner_bodies(statement) for each in body]
        known = _join((own, *inner)) if inner else own
        object.__setattr__(statement, "known", known)
    return known


def facts_of_body(body: nodes.Body) -> Facts:
    """Return the facts of the statements of a body together."""
    if len(body) == 1:
        return facts_of(body[0])
    return _join([facts_of(each) for each in body])


def _join(every: Iterable[Facts]) -> Facts:
    every = tuple(every)
    return Facts(
        frozenset().union(*[each.kinds for each in every]),
        frozenset().union(*[each.sets for each in every]),
        frozenset().union(*[each.tools for each in every]),
        tuple(dict.fromkeys([model for each in every for model in each.models])),
    )


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
        frozenset(),
        frozenset(tool for tool in (STATEMENTS[BY_KIND[kind][0]].tool,) if tool is not None),
        (),
    )
    for class_ in (
        *(nodes.Step, nodes.Do, nodes.TypeIn, nodes.Clear, nodes.Press, nodes.Wait),
        *(nodes.WaitUntil, nodes.Expect, nodes.Capture, nodes.Export, nodes.Picture),
        *(nodes.If, nodes.Repeat, nodes.Retry),
    )
}
"""The facts of statements that all do the same by themselves, by their classes."""
