"""A mistake of meaning is an error on its line.

The study of `benchmarks/diagnostics/meaning_mutations.py`, on some mutations of each kind.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.diagnostics.meaning_mutations import PROGRAMS, mutations, on_the_line, programs
from tests.support.effort import THOROUGH

KINDS = 9
STEP = 5 if THOROUGH else 50


def test_a_mistake_of_meaning_is_an_error_where_it_was_made() -> None:
    counts: Counter[str] = Counter()
    for program in programs(list(PROGRAMS)):
        for mutation in mutations(program):
            counts[mutation.kind] += 1
            if counts[mutation.kind] % STEP != 1:
                continue
            _, right, shown = on_the_line(program, mutation)
            assert right, (mutation.kind, mutation.path, mutation.lines, mutation.about, shown)
    assert len(counts) == KINDS
