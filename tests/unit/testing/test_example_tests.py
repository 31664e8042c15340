"""The tests of the examples pass, and take every branch of their flows."""

from __future__ import annotations

from flowdsl.testing.cases import cases_of
from flowdsl.testing.coverage import Taken, bodies_of, percent_covered
from flowdsl.testing.run import run_test
from tests.support.flows.compiling import EXAMPLES
from tests.support.flows.examples import example_suite
from tests.support.rows import in_rows

FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))


@in_rows("folder", FOLDERS)
def test_the_tests_of_an_example_pass_and_take_every_way(folder: str) -> None:
    suite = example_suite(folder)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        assert result.passed, (result.title, result.problems)
        taken.add(result.branches, result.statements)
    bodies = list(bodies_of(suite.model, {module.source.path for module in suite.model.modules}))
    assert len(bodies) >= 3
    assert [
        branch.words
        for body in bodies
        for branch in body.branches
        if branch.key not in taken.branches
    ] == []
    assert percent_covered(bodies, taken) == 100
