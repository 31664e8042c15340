"""Generated worlds: what a desktop answers, most often so that a program gets far.

    World(inputs={'name': 'a'}, answer=Answers(seed=3, no=0, sees=50, nasty=20, missing=5), ...)

An answer is a function of the question and the position, computed from a seed: the same question at
the same position has the same answer, whoever asks and however often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from flowdsl.semantics.values.spelling import spell_constant
from flowdsl.simulate import world as kinds
from flowdsl.simulate.shapes import (
    EMPTY,
    EnumShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
)
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import Question, World

from . import pools
from .checked import Checked
from .generator.drawing import Chooser, Dice, Drawn
from .inputs import inputs_for

if TYPE_CHECKING:
    from flowdsl.simulate.shapes import Shape

MISSING = (None, "", EMPTY)
"""How a value that is missing comes."""


DAYS = ("2026-03-01", "2024-02-29", "2025-12-31", "2026-01-31", "2026-06-14", "2026-06-15")
"""What the clock of a desktop shows: ends and beginnings of months, years, quarters and weeks."""


class Answers:
    """Answers by a seed; the other numbers are shares of a hundred.

    - `no`: expectations, waits, choices and commands that come to nothing.
    - `sees`: conditions of the screen that hold.
    - `nasty`: texts and numbers that are hard to carry.
    - `missing`: values that are missing, at the top or where the shape allows it.

    `more` are further nasty texts.
    """

    def __init__(
        self,
        seed: int,
        *,
        no: int = 0,
        sees: int = 50,
        nasty: int = 0,
        missing: int = 0,
        more: tuple[str, ...] = (),
    ) -> None:
        self.seed = seed
        self.no = no
        self.sees = sees
        self.nasty = nasty
        self.missing = missing
        self.more = more

    def __repr__(self) -> str:
        shares = ", ".join(f"{name}={each}" for name, each in vars(self).items() if name != "more")
        return f"Answers({shares})"

    def __call__(self, question: Question, position: int) -> Any:
        """The answer to a question at a position, the same whichever model looks."""
        asked = repr((self.seed, question.__replace__(model=""), position)).encode()
        c = Dice(int.from_bytes(hashlib.blake2b(asked, digest_size=8).digest(), "big"))
        match question.kind:
            case kinds.SEES:
                return c.number(0, 99) < self.sees
            case kinds.DAY:
                return c.pick(DAYS)
            case kind if kind in REFUSABLE:
                return c.number(0, 99) >= self.no
        shape = question.shape or ScalarShape("string")
        if c.number(0, 99) < self.missing:
            return c.pick(MISSING)
        value = self._value(c, shape, str(position))
        if question.kind == kinds.COPY and not isinstance(value, str):
            return _shown(c, value)
        return value

    def _value(self, c: Chooser, shape: Shape, mark: str) -> Any:
        match shape:
            case ScalarShape(name):
                return pools.scalar(c, name, self.nasty, mark, self.more)
            case EnumShape() if shape.open and c.flag():
                return pools.scalar(c, "string", self.nasty, mark, self.more)
            case EnumShape(values):
                return c.pick(values)
            case ListShape(element):
                return [self._value(c, element, f"{mark}{n}") for n in range(c.number(0, 3))]
            case OptionalShape(inner):
                if c.number(0, 99) < 30 + self.missing // 2:
                    return c.pick(MISSING)
                return self._value(c, inner, mark)
            case RecordShape(fields):
                return {
                    each.name: self._value(c, each.shape, mark)
                    for each in fields
                    # What has a default may be missing, too.
                    if each.default is None or c.flag()
                }


def _shown(c: Chooser, value: Any) -> str:
    """A value as a screen shows it: a number with its thousands apart, or with a currency."""
    spelled = spell_constant(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return spelled
    whole, point, rest = spelled.partition(".")
    apart = f"{int(whole):,}{point}{rest}" if whole not in ("-0", "") else spelled
    return c.pick((spelled, spelled, apart, f"{apart} EUR", f"${spelled}"))


def worlds(checked: Checked) -> st.SearchStrategy[World]:
    """Worlds for a program that checks."""
    return _worlds(checked)


@st.composite
def _worlds(draw: st.DrawFn, checked: Checked) -> World:
    return _make(Drawn(draw), checked)


def world(seed: int, checked: Checked) -> World:
    """The world of a seed for a program that checks."""
    return _make(Dice(seed), checked)


def hostile_world(seed: int, checked: Checked) -> World:
    """A world of a seed in which whoever fills it means harm: each text is a nasty one.

    Half of them are lines of the program's own prompt.
    """
    c = Dice(seed)
    more = pools.own_texts(checked.payload["main_prompt"])
    inputs = inputs_for(c, checked, 100, more)
    answers = Answers(
        c.number(0, 999),
        no=c.pick((0, 0, 5)),
        sees=60,
        nasty=100,
        missing=c.pick((0, 5)),
        more=more,
    )
    situations = _situations(c, checked.rules)
    days = any(field.day is not None for field in checked.workflow.inputs)
    return World(inputs, answers, situations, c.pick(pools.TODAYS) if days else None)


def _make(c: Chooser, checked: Checked) -> World:
    nasty = c.pick((0, 0, 15, 60))
    inputs = inputs_for(c, checked, nasty)
    answers = Answers(
        c.number(0, 999),
        no=c.pick((0, 0, 5, 20, 60)),
        sees=c.pick((100, 50, 50, 80, 20, 0)),
        nasty=c.pick((0, 15, 60, 100)),
        missing=c.pick((0, 0, 10, 50)),
    )
    situations = _situations(c, checked.rules)
    days = any(field.day is not None for field in checked.workflow.inputs)
    return World(inputs, answers, situations, c.pick(pools.TODAYS) if days else None)


REFUSABLE = (kinds.EXPECT, kinds.WAIT, kinds.CHOOSE, kinds.COMMAND, kinds.CHECK)
"""Questions of which a no is a failure."""


def fails_something(trace: Trace) -> bool:
    """Whether something failed in a run: it ended badly, or what it asked for was not so."""
    refused = (each for each in (*trace.asked, *trace.judged) if not each.answer)
    return not trace.is_well or any(each.question.kind in REFUSABLE for each in refused)


def _situations(c: Chooser, rules: int) -> Mapping[int, int]:
    """Positions at which the situations of some rules arise, early ones most often."""
    if not rules:
        return {}
    return {c.number(0, 9): c.number(0, rules - 1) for _ in c.several(0, 4)}
