"""The tests of the examples pass, and take every way of their flows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.testing.cases import cases_of
from flowdsl.testing.coverage import Taken, bodies_of
from flowdsl.testing.run import run_test
from tests.support.flows.compiling import EXAMPLES, read_folder
from tests.support.flows.tested import suite_of

FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_tests_of_an_example_pass_and_take_every_way(folder: Path) -> None:
    files = read_folder(folder)
    project = load_project(bytes(files["flowdsl.toml"]).decode(), "flowdsl.toml", Sink())  # type: ignore[arg-type]
    assert project is not None
    environment = project.environments["local"]
    suite = suite_of(files, project=project, environment=environment)
    taken = Taken()
    for case in cases_of(suite.model):
        result = run_test(suite, case)
        assert result.passed, (result.title, result.problems)
        taken.add(result.ways, result.lines)
    bodies = list(bodies_of(suite.model, files))
    assert len(bodies) >= 3
    assert [way.words for body in bodies for way in body.ways if way.key not in taken.ways] == []
