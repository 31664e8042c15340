"""`benchmarks/prompts/mutants.py` breaks a compiler, notices that and mends it."""

from __future__ import annotations

import tomllib
from collections import Counter

import benchmarks.prompts.mutants as study
from benchmarks.prompts.broken import table
from tests.support.effort import THOROUGH

CASES = ("known-part-of-an-argument", "text-that-reads-as-an-empty-list")
"""Programs of the corpus."""
TYPES = "flowdsl/ir/lowering/types.py"
LOWERING = "flowdsl/ir/lowering/statements.py"
TRIED = 6


def test_a_broken_compiler_is_noticed_and_mended() -> None:
    programs = [each for each in study.sources.corpus_programs() if each.name in CASES]
    judges = [study.Judge(each) for each in programs]
    tried = study.Study(judges)
    reached = frozenset.union(*(each.emitting for each in judges))
    negated = [each for each in study.places.sites(LOWERING) if each.kind == "negate"]
    broken = [each for each in negated if each.places & reached]
    words = [each for each in study.said_otherwise() if each.places & reached]
    found = [tried.result(each) for each in (*broken[:TRIED], *words[:TRIED])]
    verdicts = {each.verdict for each in found}
    assert verdicts <= {"corpus", "crash", "survived", *study.APART} and "corpus" in verdicts
    assert all(each.is_same(each.made()) for each in judges)


REFUSED = """flow 1

workflow w {
  outputs { seen: string }
  steps {
    if sees "a sign" { extract word: string from "the sign" }
    emit seen = word
  }
}
"""
FOLLOWING = "flowdsl/semantics/control_flow/dataflow.py"


def test_a_compiler_that_takes_a_program_which_it_should_refuse_is_noticed() -> None:
    judge = study.Judge(study.sources.law_program("refused", REFUSED))
    assert judge.wrong == {"unset-runtime-variable"}
    tried = study.Study([judge])
    reads = [each for each in study.places.sites(FOLLOWING) if each.function == "Follower._read"]
    assert any(tried.result(each).verdict == "law" for each in reads)


def test_the_draw_is_that_of_its_seed_and_every_mutant_has_a_name_of_its_own() -> None:
    first, again, other = (study.places.drawn(seed, 18, paths=[TYPES]) for seed in (3, 3, 4))
    assert first == again != other
    counts = Counter(each.kind for each in first)
    assert len(counts) > 4 and max(counts.values()) < 18
    names = [each.id for each in (*study.places.sites(LOWERING), *study.said_otherwise())]
    assert len(names) == len(set(names)) > 800


def test_every_function_has_its_share() -> None:
    found = study.places.drawn(3, 40, by="functions", paths=[TYPES, LOWERING])
    counts = Counter(each.function for each in found)
    assert len(counts) > 30 and max(counts.values()) == 1


def test_what_is_said_to_be_equivalent_has_its_reason_and_is_there() -> None:
    text = table.TABLE.read_text(encoding="utf-8")
    reasons = tomllib.loads(text)["reason"]
    lines = [line for each in reasons for line in each["mutants"]]
    assert all(each["why"] for each in reasons) and len(lines) == len(set(lines))
    if THOROUGH:
        assert study.gone() == [] == study.moved()
        renamed = table.followed(text.replace("_free_name", "_name_of_a_check"))
        assert renamed.keys() == table.followed(text).keys()
        assert all(here for rows in renamed.values() for _, here in rows)
