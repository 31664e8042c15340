"""A deploy that dies at any call is healed by one clean deploy.

On every back end, however idempotency keys are treated.

After the death at a call nothing that was under way arrives, except the one request that `late`
lets arrive 12 s later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import bundle, flow
from tests.deploy.fault_world import IDEMPOTENCY, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, deploy_clean
from tests.deploy.kill_switch import LATE_SECONDS, Attempt, Point, When
from tests.deploy.matrix_world import AFTER, Undisturbed, undisturbed, world_before
from tests.support.effort import THOROUGH, rows, thinned
from tests.support.services.state_backends import NAMES


def points_of(deploy: Undisturbed) -> list[Point]:
    """Where a deploy of `AFTER` can die.

    Before each request, after each that changes something and with it on its way, before and after
    each call of the store. After any other request nothing is different from before the next one.
    """
    requests = deploy.requests
    points = [Point("api", n, "before") for n in range(1, len(requests) + 1)]
    for when in ("after", "late"):
        points += [Point("api", n, when) for n, sent in enumerate(requests, 1) if sent.writes]
    for when in ("before", "after"):
        points += [Point("store", n, when) for n in range(1, deploy.counts["store"] + 1)]
    return points


def survive(before: FaultWorld, root: Path, point: Point, idempotency: str) -> None:
    """Die at `point`, deploy once, and look at everything."""
    world = before.copy_to(root, idempotency=idempotency)
    world.crash(AFTER, point)
    deploy_clean(world, AFTER)
    if point.when == "late":
        world.wait(LATE_SECONDS)
    check_invariants(world, AFTER)
    world.close()


Chosen = Callable[[Point, Attempt | None], bool]
"""Whether to die at a point; with it comes the request that is sent there."""


def every_point(_point: Point, _request: Attempt | None) -> bool:
    return True


def where_keys_matter(_point: Point, request: Attempt | None) -> bool:
    """The writes: only what recovery sends again meets a key."""
    return request is not None and request.writes


def where_state_matters(point: Point, request: Attempt | None) -> bool:
    """Every call of the store, and the requests around which state differs.

    These are creations and changes.
    """
    if request is None:
        return True
    heavy = request.method == "PATCH" or (request.method, request.path) == ("POST", "/v1/workflows")
    return heavy and point.when == "after"


def run_matrix(back_end: str, idempotency: str, chosen: Chosen = every_point) -> int:
    """Die at every chosen point of a deploy; returns how many there were."""
    before, deploy = world_before(back_end), undisturbed(back_end)
    points = [
        point
        for point in points_of(deploy)
        if chosen(point, deploy.requests[point.number - 1] if point.where == "api" else None)
    ]
    points = thinned(points)
    with scratch_folder() as folder:
        for point in points:
            try:
                survive(before, folder / str(point), point, idempotency)
            except BaseException as error:
                error.add_note(f"{back_end}, keys: {idempotency}, died at {point}")
                raise
    return len(points)


QUICK: Sequence[tuple[str, str, Chosen]] = (
    ("file", "honour", every_point),
    ("file", "ignore", where_keys_matter),
    ("s3", "honour", where_state_matters),
)


@pytest.mark.parametrize(
    ("back_end", "idempotency", "chosen"),
    [(name, keys, every_point) for name in NAMES for keys in IDEMPOTENCY] if THOROUGH else QUICK,
)
def test_a_deploy_that_dies_at_any_call_is_healed_by_one_deploy(
    back_end: str, idempotency: str, chosen: Chosen, request: pytest.FixtureRequest
) -> None:
    if back_end == "s3":
        request.getfixturevalue("s3")

    assert run_matrix(back_end, idempotency, chosen) >= (25 if THOROUGH else 1)


FIRST_DEATHS = (
    ("POST", "/v1/workflows", "late"),
    ("PATCH", "/v1/workflows/{id}", "after"),
)


@pytest.mark.parametrize(("method", "path", "when"), rows(FIRST_DEATHS, 0))
def test_a_death_during_recovery_is_healed_as_well(method: str, path: str, when: When) -> None:
    """After the first death the second deploy dies at each of its calls in turn.

    The third is clean.
    """
    requests = undisturbed("file").requests
    first = next(
        point
        for point in points_of(undisturbed("file"))
        if (point.where, point.when) == ("api", when)
        and requests[point.number - 1].method == method
        and Fault(f"* {path}", None, "before").matches(method, requests[point.number - 1].path)
    )
    with scratch_folder() as folder:
        dead = world_before("file").copy_to(folder / "dead", idempotency="ignore")
        dead.crash(AFTER, first)
        dead.wait(0.1)
        dead.close()
        for second in thinned(list(second_points(dead, folder / "second"))):
            world = dead.copy_to(folder / str(second), idempotency="ignore")
            try:
                world.crash(AFTER, second)
                deploy_clean(world, AFTER)
                world.wait(LATE_SECONDS)
                check_invariants(world, AFTER)
            except BaseException as error:
                error.add_note(f"died at {first}, and then at {second}")
                raise
            world.close()


def second_points(dead: FaultWorld, root: Path) -> Iterator[Point]:
    """Where the deploy after a death can die.

    After each write, before every third of the reads, after each call of the store.
    """
    world = dead.copy_to(root, idempotency="ignore")
    deploy_clean(world, AFTER)
    for number, sent in enumerate(world.attempts, 1):
        if sent.writes or number % 3 == 0 or THOROUGH:
            yield Point("api", number, "after" if sent.writes else "before")
    for number in range(1, world.switch.counts["store"] + 1):
        yield Point("store", number, "after")
    world.close()


@pytest.mark.parametrize("deleted", [False, True])
def test_two_workflows_that_change_places_do_so_once(deleted: bool) -> None:
    """Whatever call the deploy dies at: their runs stay with them.

    One of them may have been deleted in the dashboard.
    """
    old = bundle(flow("a", "One."), flow("b", "Two."), flow("c"))
    new = bundle(
        flow("a", "Two, changed.", renamed_from="b"),
        flow("b", "One, changed.", renamed_from="a"),
        flow("c"),
    )
    options = {"recreate": frozenset({"workflow.a"})} if deleted else {}
    with scratch_folder() as folder:
        before = FaultWorld(new_folder(folder / "before"))
        deploy_clean(before, old)
        ids = {address: found for found, address in before.ids().items()}
        if deleted:
            gone = ids["workflow.b"]
            before.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))
        before.close()
        counted = before.copy_to(folder / "count")
        deploy_clean(counted, new, **options)
        points = [
            Point(where, number, "after")
            for where in ("api", "store")
            for number in range(1, counted.switch.counts[where] + 1)
        ]
        counted.close()
        for point in thinned(points):
            world = before.copy_to(folder / str(point), idempotency="ignore")
            try:
                world.crash(new, point, **options)
                deploy_clean(world, new, **options)
                found = {address: each for each, address in world.ids().items()}
                assert found["workflow.b"] == ids["workflow.a"]
                assert deleted or found["workflow.a"] == ids["workflow.b"]
                check_invariants(world, new)
            except BaseException as error:
                error.add_note(f"died at {point}")
                raise
            world.close()


@pytest.mark.parametrize("back_end", NAMES)
def test_the_very_first_deploy_that_dies_is_healed(
    back_end: str, request: pytest.FixtureRequest
) -> None:
    """There is no state yet, and what is created is all that tells of the project."""
    if back_end == "s3":
        request.getfixturevalue("s3")
    project = bundle(flow("a", tags=["t"]), flow("b"))
    with scratch_folder() as folder:
        before = FaultWorld(new_folder(folder / "before"), back_end)
        before.add_foreign()
        before.close()
        counted = before.copy_to(folder / "count")
        deploy_clean(counted, project)
        points = [
            Point("api", number, "after" if sent.writes else "before")
            for number, sent in enumerate(counted.attempts, 1)
            if back_end != "git" or sent.writes
        ]
        for number in range(1, counted.switch.counts["store"] + 1):
            points += [Point("store", number, when) for when in ("before", "after")]
        counted.close()
        for point in thinned(points, NAMES.index(back_end)):
            world = before.copy_to(folder / str(point), idempotency="expire")
            try:
                world.crash(project, point)
                deploy_clean(world, project)
                check_invariants(world, project)
            except BaseException as error:
                error.add_note(f"{back_end}, died at {point}")
                raise
            world.close()


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path
