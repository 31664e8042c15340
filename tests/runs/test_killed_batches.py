"""A table whose command is killed at any point is made whole: no row lost, none twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.deploy.kill_switch import Point
from tests.deploy.process_world import Stage
from tests.runs.batch_world import survive
from tests.support.effort import rows

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]


@pytest.fixture(scope="module", params=rows(["honour", "ignore"], 1))
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with Stage(folder, request.param, first="tests.runs.hurried_runs").open() as stage:
        yield stage


@pytest.mark.parametrize(
    "points",
    rows(
        [
            (Point("api", 1, "before"),),
            (Point("write", 1, "before"),),
            (Point("write", 5, "after"),),
            (Point("write", 12, "late"),),
            (Point("write", 4, "late"), Point("write", 3, "after")),
        ],
        4,
    ),
    ids=str,
)
def test_a_killed_table_is_made_whole(stage: Stage, points: tuple[Point, ...]) -> None:
    outcome = survive(stage, 12, points, late_seconds=0.4)
    assert outcome.wrong == ""
    assert outcome.is_killed and outcome.is_refused == (points[0].where == "write")
    assert (outcome.lost, outcome.twice, outcome.untold) == (0, 0, 0)
