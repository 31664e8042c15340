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
from tests.support.effort import THOROUGH, every
from tests.support.meaning.chains import wrongly_sent
from tests.support.meaning.checked import (
    DOCUMENTED,
    Checked,
    checked,
    checked_programs,
    checked_seed,
)
from tests.support.meaning.commands import wrongly_allowed
from tests.support.meaning.corpus import cases
from tests.support.meaning.law import both, most_at_once, payload, report
from tests.support.meaning.programs.decisions import decisions
from tests.support.meaning.programs.paths import paths
from tests.support.meaning.shrinking import smaller, two_worlds
from tests.support.meaning.worlds import worlds

DRAWN = settings(
    max_examples=800 if THOROUGH else 16,
    deadline=None,
    # `smaller` takes seconds for what Hypothesis takes minutes for.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


SECONDS = 10
"""How long a difference is made smaller."""


@st.composite
def tried(draw: st.DrawFn) -> tuple[Checked, World, World]:
    """A program, the world of a run that is recorded, and that of its replay."""
    program = draw(checked_programs())
    return program, draw(worlds(program)), draw(worlds(program))


@DRAWN
@given(tried())
def test_a_prompt_does_what_its_program_does(given_: tuple[Checked, World, World]) -> None:
    program, first, again = given_
    outcome = both(program, first, again)
    assert outcome.holds, report(*smaller(program, outcome, SECONDS))


@pytest.mark.parametrize("start", range(0, 2400 if THOROUGH else 60, 30))
def test_the_prompts_of_seeds_do_what_their_programs_do(start: int) -> None:
    for seed in range(start, start + 30):
        program = checked_seed(seed)
        if program is None:
            continue
        # The platform has one item of a loop.
        assert most_at_once(program.payload["main_prompt"].split("\n")) <= 1, program.source
        first, again = two_worlds(seed, program)
        outcome = both(program, first, again)
        assert outcome.holds, report(*smaller(program, outcome, SECONDS))
        assert wrongly_sent(program, first) == "", program.source
        allowed = wrongly_allowed(program.model, program.workflow, payload(program))
        assert allowed == "", program.source


def test_programs_of_the_corpus_have_their_meaning_in_other_worlds() -> None:
    alone = [each for each in cases() if each.is_generated_for]
    for number, case in every(8, list(enumerate(alone))):
        program = Checked(case.source, case.compilation, case.options)
        for pair in range(4 if THOROUGH else 1):
            outcome = both(program, *two_worlds(7000 + number, program, pair))
            assert outcome.holds, report(program, outcome)


def test_small_programs_about_replays_and_paths_have_their_meaning() -> None:
    """A replay does what it should wherever the checker warns of none."""
    rows = [*decisions(), *((*each, DOCUMENTED) for each in paths())]
    taken = 0
    for number, (name, source, options) in every(60, list(enumerate(rows))):
        program = checked(source, options)
        if program is None:
            continue
        taken += 1
        for pair in range(4 if THOROUGH else 1):
            outcome = both(program, *two_worlds(number, program, pair))
            assert outcome.holds, f"{name}\n{report(program, outcome)}"
    assert taken > (1000 if THOROUGH else 15)
