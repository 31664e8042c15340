"""State that fails, is lost, damaged, older, newer or somebody else's, at any call of the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from flowdsl.deploy.outcome import Status
from tests.deploy.deploy_world import bundle, flow
from tests.deploy.fault_world import FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import Point, StoreFault
from tests.deploy.matrix_world import AFTER, undisturbed, world_before
from tests.support.effort import THOROUGH, rows, thinned
from tests.support.services.state_backends import NAMES, S3BackEnd

IN_A_FILE = pytest.mark.parametrize("kept", rows(NAMES, 0), indirect=True)
"""For what is the same wherever state was kept."""


@pytest.fixture(params=NAMES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> FaultWorld:
    """A world with state of each kind."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    world = FaultWorld(tmp_path, request.param)
    world.add_foreign()
    return world


@pytest.mark.parametrize(
    ("back_end", "fault"), rows(list(product(["file", "git"], ["before", "after"])), 0, 3)
)
def test_one_failing_call_of_the_store_is_reported_and_healed(
    back_end: str, fault: StoreFault
) -> None:
    """At each call: it does nothing and says so, or it does its work and nobody knows."""
    calls = undisturbed(back_end).counts["store"]
    numbers = range(1, calls + 1, 1 if back_end == "file" else 3)
    with scratch_folder() as folder:
        for number in thinned(numbers, 0 if fault == "after" else 5):
            world = world_before(back_end).copy_to(folder / str(number), idempotency="ignore")
            try:
                outcome = checked(world, world.deploy(AFTER, store_faults={number: fault}))
                assert outcome.status in (Status.DONE, Status.STATE, Status.LOCKED)
                deploy_clean(world, AFTER)
                check_invariants(world, AFTER)
            except BaseException as error:
                error.add_note(f"{fault} at call {number} of the store")
                raise
            world.close()


@pytest.mark.parametrize("fault", ["before", "after"])
def test_a_store_that_stays_out_of_order_ends_the_deploy(fault: StoreFault) -> None:
    """From each call on every call fails; what was done by then is found again."""
    with scratch_folder() as folder:
        for number in thinned(range(1, 12, 2), 0 if fault == "after" else 2):
            world = world_before("file").copy_to(folder / str(number), idempotency="ignore")
            faults = dict.fromkeys(range(number, 200), fault)
            outcome = checked(world, world.deploy(AFTER, store_faults=faults))
            assert outcome.status in (Status.STATE, Status.LOCKED)
            deploy_clean(world, AFTER)
            check_invariants(world, AFTER)
            world.close()


def test_lost_state_stops_the_deploy_and_is_rebuilt(kept: FaultWorld) -> None:
    """A build machine that is thrown away takes the file with it."""
    project = bundle(flow("a", tags=["t"]), flow("b"), flow("c"))
    deploy_clean(kept, project)
    before = kept.ids()
    kept.lose_state()

    outcome = checked(kept, kept.deploy(project))

    assert outcome.status is Status.STATE
    assert "state rebuild" in " ".join(outcome.messages)
    assert not [each for each in kept.attempts if each.writes] and not kept.back_end.contents()
    rebuilt = kept.rebuild(project)
    assert rebuilt == {address: found for found, address in before.items()}
    deploy_clean(kept, project)
    assert kept.ids() == before
    check_invariants(kept, project)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def of_another_project(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "project": "prj_2"}).encode()


def of_another_environment(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "environment": "prod"}).encode()


def of_a_newer_version(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "format": 99, "min_cli": "9.0.0"}).encode()


def of_another_service(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "api_base": "https://other.test"}).encode()


def empty(_content: bytes) -> bytes:
    return b""


DAMAGES = (
    truncated,
    empty,
    of_another_project,
    of_another_environment,
    of_a_newer_version,
    of_another_service,
)


@pytest.mark.parametrize(
    ("kept", "damage"),
    [
        (name, damage)
        for name in NAMES
        for damage in DAMAGES
        # What is read is judged in the same way wherever it was kept.
        if THOROUGH or name == "file" or damage is truncated
    ],
    indirect=["kept"],
)
def test_state_that_cannot_be_used_is_left_alone(
    kept: FaultWorld, damage: Callable[[bytes], bytes]
) -> None:
    deploy_clean(kept, bundle(flow("a")))
    good = kept.back_end.contents()["state.json"]
    kept.back_end.replace(damage(good))
    found = kept.back_end.contents()
    project = bundle(flow("a", "Two."), flow("b"))

    outcome = checked(kept, kept.deploy(project))

    assert outcome.status is Status.STATE and outcome.messages
    assert not [each for each in kept.attempts if each.writes]
    assert kept.back_end.contents() == found
    kept.back_end.replace(good)
    deploy_clean(kept, project)
    check_invariants(kept, project)


def test_a_misspelt_bucket_is_no_empty_one(s3: object, tmp_path: Path) -> None:
    """A key that is missing and a bucket that is missing look the same to a GET."""
    world = FaultWorld(tmp_path, _Misspelt())
    outcome = checked(world, world.deploy(bundle(flow("a"))))

    assert outcome.status is Status.STATE and "bucket" in " ".join(outcome.messages)
    assert world.workflows() == []


class _Misspelt(S3BackEnd):
    @property
    def url(self) -> str:
        return f"s3://flowdsl-staets/{self.prefix}"


@IN_A_FILE
def test_a_death_before_state_was_lost_is_rebuilt_too(kept: FaultWorld) -> None:
    """The dead deploy had created two of three, and its state went with its machine."""
    project = bundle(flow("a"), flow("b"), flow("c"))
    kept.crash(project, Point("api", 4, "after"), concurrency=1)
    kept.lose_state()
    assert checked(kept, kept.deploy(project)).status is Status.STATE

    found = kept.rebuild(project)

    assert 1 <= len(found) < 3
    deploy_clean(kept, project)
    check_invariants(kept, project)
