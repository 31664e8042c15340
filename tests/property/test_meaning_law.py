"""The law: a prompt does what its program does, however the service works.

The programs check without errors; what is not known of the service is tried each way. A failure
shows the program, the prompt, the worlds as a case of `corpus/meaning` has them, and both traces.
`python benchmarks/prompts/law.py` tries ten thousand.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flowdsl.simulate.world import World
from tests.support.effort import THOROUGH, examples
from tests.support.meaning.checked import Checked, account, checked, checked_programs
from tests.support.meaning.generator.programs import program as make_program
from tests.support.meaning.law import both, report
from tests.support.meaning.shrinking import smaller, two_worlds
from tests.support.meaning.worlds import worlds

DRAWN = settings(
    max_examples=examples(800),
    deadline=None,
    # `smaller` takes seconds for what Hypothesis takes minutes for.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


SECONDS = 10
"""How long a difference is made smaller."""


@st.composite
def tried(draw: st.DrawFn, *, fresh: bool = False) -> tuple[Checked, World, World]:
    """A program, the world of a run that is recorded, and that of its replay."""
    program = draw(checked_programs(fresh=fresh))
    return program, draw(worlds(program)), draw(worlds(program))


@DRAWN
@given(tried())
def test_a_prompt_does_what_its_program_does(given_: tuple[Checked, World, World]) -> None:
    program, first, again = given_
    outcome = both(program, first, again)
    assert outcome.holds, report(*smaller(program, outcome, SECONDS))


@pytest.mark.parametrize("start", range(0, 2400 if THOROUGH else 300, 50))
def test_the_prompts_of_seeds_do_what_their_programs_do(start: int) -> None:
    for seed in range(start, start + 50):
        program = checked(make_program(seed))
        if program is None:
            continue
        outcome = both(program, *two_worlds(seed, program))
        assert outcome.holds, report(*smaller(program, outcome, SECONDS))


# Guarded work: the lists of loops are evaluated afresh in a replay


@settings(parent=DRAWN, max_examples=examples(200))
@given(tried(fresh=True))
def test_guarded_work_is_done_when_its_program_does_it(
    given_: tuple[Checked, World, World],
) -> None:
    program, first, again = given_
    outcome = both(program, first, again)
    assert outcome.holds, report(*smaller(program, outcome, SECONDS))


@pytest.mark.parametrize("start", range(0, 1200 if THOROUGH else 150, 50))
def test_guarded_work_of_seeds_runs_no_loop_in_a_loop_and_does_what_it_means(start: int) -> None:
    options = account(fresh_loop_lists=True)
    for seed in range(start, start + 50):
        program = checked(make_program(seed, fresh=True), options)
        if program is None:
            continue
        lines = program.payload["main_prompt"].split("\n")
        assert most_at_once(lines) <= 1, program.source
        outcome = both(program, *two_worlds(seed, program))
        assert outcome.holds, report(*smaller(program, outcome, SECONDS))


def most_at_once(lines: list[str]) -> int:
    """The most loops of the main agent that run at one time."""
    running = most = 0
    for line in lines:
        running += "Use start_loop with" in line
        most = max(most, running)
        running -= "Use end_loop_iteration with" in line
    return most
