"""`benchmarks/prompts/random_mutants.py` breaks a compiler, notices that and mends it."""

from __future__ import annotations

from collections import Counter

import benchmarks.prompts.random_mutants as study

CASES = ("known-part-of-an-argument", "text-that-reads-as-an-empty-list")
"""Programs of the corpus."""
TOOLS = "flowdsl/ir/lowering/types.py"
LOWERING = "flowdsl/ir/lowering/statements.py"
TRIED = 12


def test_a_broken_compiler_is_noticed_and_mended() -> None:
    programs = [study.judging.Written(name) for name in CASES]
    tried = study.Study(programs)
    reached = frozenset.union(*(each.reached for each in programs))
    broken = [
        site
        for site in study.places.sites(LOWERING)
        if site.kind == "negate" and (str(study.ROOT / LOWERING), site.outer[1]) in reached
    ]
    found = [tried.result(site) for site in broken[:TRIED]]
    verdicts = {each.verdict for each in found}
    assert verdicts <= {"corpus", "crash", "survived", "no payload"} and "corpus" in verdicts
    assert all(each.is_same(each.made()) for each in programs)


def test_the_draw_is_that_of_its_seed_and_every_mutant_has_a_name_of_its_own() -> None:
    first, again, other = (study.places.drawn(seed, 18, [TOOLS]) for seed in (3, 3, 4))
    assert first == again != other
    counts = Counter(each.kind for each in first)
    assert len(counts) > 4 and max(counts.values()) < 18
    names = [each.id for each in study.places.sites(LOWERING)]
    assert len(names) == len(set(names)) > 500


def test_what_is_said_to_be_equivalent_has_its_reason() -> None:
    assert all(study.equivalents().values())
