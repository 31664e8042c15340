"""What one mistake in a program costs.

The limits of `benchmarks/diagnostics/syntax_mutations.py`, on fewer mutations.
"""

from __future__ import annotations

from benchmarks.diagnostics.syntax_mutations import (
    KINDS,
    missed,
    mutate,
    row,
    sample_programs,
    samples_of,
)
from tests.support.effort import THOROUGH, every

COUNT = 230 if THOROUGH else 14


def test_one_mistake_gives_one_diagnostic_in_its_declaration() -> None:
    outcomes = mutate(samples_of(sample_programs()), COUNT, seed=7)
    assert {each.kind for each in outcomes} == set(KINDS) or not THOROUGH
    total = row(outcomes)
    assert total.parsing < COUNT / 4
    assert missed(total) == []
    assert total.all_per_mistake < 1.3


def test_names_are_known_though_their_declaration_is_not() -> None:
    """A text between the keyword and the name of each declaration in turn.

    Nothing but that is found.
    """
    for sample in every(120, samples_of(sample_programs())):
        for declaration in sample.declarations:
            at = declaration.header_end
            if at == declaration.end:  # an import
                continue
            while at > declaration.start and sample.text[at - 1] not in " \n":
                at -= 1
            broken = f'{sample.text[:at]} "" {sample.text[at:]}'
            found = sample.program.errors(sample.path, broken)
            categories = {each.spec.category for each in found}
            assert categories == {"syntax"}, (sample.path, declaration, found)
