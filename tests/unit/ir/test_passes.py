"""Passes leave what a program does as it is."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.ir import nodes
from flowdsl.ir.passes.simplify import drop_empty
from flowdsl.ir.walk import inner_bodies, statements
from tests.support.flows.generated.prompts import HERE

SCREENS = "abc"


def _text(value: str) -> nodes.Text:
    return (nodes.TextPiece(value=value),) if value else ()


def _sees(screen: str) -> nodes.Condition:
    return nodes.Sees(text=_text(screen))


CONDITIONS = st.recursive(
    st.sampled_from(SCREENS).map(_sees),
    lambda inner: inner.map(lambda each: nodes.Not(operand=each)),
)


def _bodies(inner: st.SearchStrategy[nodes.Statement]) -> st.SearchStrategy[nodes.Body]:
    return st.lists(inner, max_size=3).map(tuple)


def _choices(inner: st.SearchStrategy[nodes.Statement]) -> st.SearchStrategy[nodes.Statement]:
    branch = st.builds(
        nodes.Branch, origin=st.just(HERE), condition=CONDITIONS, body=_bodies(inner)
    )
    branches = st.lists(branch, min_size=1, max_size=4).map(tuple)
    choice = st.builds(nodes.If, origin=st.just(HERE), branches=branches, otherwise=_bodies(inner))
    step = st.builds(
        nodes.Step, origin=st.just(HERE), title=st.just(_text("t")), body=_bodies(inner)
    )
    check = st.builds(
        nodes.Expect, origin=st.just(HERE), condition=CONDITION_TEXT, otherwise=_bodies(inner)
    )
    rounds = st.builds(
        nodes.Repeat,
        origin=st.just(HERE),
        until=CONDITIONS,
        looks_first=st.booleans(),
        limit=st.just(2),
        body=_bodies(inner),
        otherwise=_bodies(inner),
    )
    attempts = st.builds(
        nodes.Retry,
        origin=st.just(HERE),
        attempts=st.just(2),
        delay_milliseconds=st.just(0),
        body=_bodies(inner),
        otherwise=_bodies(inner),
    )
    return choice | step | check | rounds | attempts


CONDITION_TEXT = st.sampled_from(SCREENS).map(_text)
ACTIONS = st.sampled_from(["", " ", "x", "y", "z"]).map(
    lambda value: nodes.Do(origin=HERE, text=_text(value))
)
PROGRAMS = _bodies(st.recursive(ACTIONS, _choices, max_leaves=20))


def _holds(condition: nodes.Condition, shown: set[str]) -> bool:
    if isinstance(condition, nodes.Not):
        return not _holds(condition.operand, shown)
    assert isinstance(condition, nodes.Sees)
    return _is_shown(condition.text, shown)


def _is_shown(text: nodes.Text, shown: set[str]) -> bool:
    (piece,) = text
    assert isinstance(piece, nodes.TextPiece)
    return piece.value in shown


def _does(body: nodes.Body, shown: set[str]) -> Iterator[str]:
    """The actions of a body while these screens are shown.

    Nothing in it changes them, and no attempt fails.
    """
    for statement in body:
        match statement:
            case nodes.Do(text=text):
                yield from (piece.value for piece in text if isinstance(piece, nodes.TextPiece))
            case nodes.If():
                taken = (each.body for each in statement.branches if _holds(each.condition, shown))
                yield from _does(next(taken, statement.otherwise), shown)
            case nodes.Step() | nodes.Retry():
                yield from _does(statement.body, shown)
            case nodes.Expect():
                if not _is_shown(statement.condition, shown):
                    yield from _does(statement.otherwise, shown)
            case nodes.Repeat():
                if not _holds(statement.until, shown):
                    for _ in range(statement.limit):
                        yield from _does(statement.body, shown)
                    yield from _does(statement.otherwise, shown)
            case _:
                raise AssertionError(statement.kind)


@given(PROGRAMS, st.sets(st.sampled_from(SCREENS)))
def test_dropping_what_is_empty_changes_no_action(body: nodes.Body, shown: set[str]) -> None:
    made = nodes.Workflow(origin=HERE, name="w", title="w", body=body)
    left = drop_empty(made).body
    assert list(_does(left, shown)) == [each for each in _does(body, shown) if each.strip()]
    for statement in statements(left):
        for index, inner in enumerate(inner_bodies(statement)):
            # Only what acts may have an `else` without lines, and says so; a choice without one
            # says nothing.
            last = isinstance(statement, nodes.If) and index == len(statement.branches)
            acts = isinstance(statement, nodes.Repeat | nodes.Retry) and index == 1
            assert inner or last or acts
