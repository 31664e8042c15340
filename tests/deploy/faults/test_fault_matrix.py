"""A deploy that dies at any call is healed by one clean deploy.

On every back end, however idempotency keys are treated.

Three creations, two updates and a rename, with a picture, tags and a model. After the death at a
call nothing that was under way arrives, except the one request that `late` lets arrive 12 s later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.deploy.outcome import Status
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import bundle, flow, image_prompt
from tests.deploy.fault_world import IDEMPOTENCY, MODEL, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import LATE_SECONDS, Attempt, Point, When
from tests.support.effort import THINNED, THOROUGH, thinned
from tests.support.services.state_backends import NAMES

_PIXELS = b"\x89PNG\r\n\x1a\npixels"
PICTURE = ImageFile(sha256(_PIXELS).hexdigest(), "png", "image/png", _PIXELS)
BEFORE = bundle(
    flow("u1", "One.", tags=["old"]), flow("u2", "One."), flow("r_old", title="Old name")
)
AFTER = bundle(
    flow("u1", "Two.", tags=["new"]),
    flow("u2", "Two."),
    flow("r_new", title="New name", renamed_from="r_old"),
    flow("c1", tags=["new"]),
    flow("c2", input_schema='{"type": "object", "properties": {"a": {}}}'),
    flow("c3", image_prompt(PICTURE), images=(PICTURE.sha256,)),
    images=[PICTURE],
)


def world_before(root: Path, back_end: str) -> FaultWorld:
    """A closed world with `BEFORE` deployed, workflows of others, and a copy of one of ours."""
    root.mkdir()
    world = FaultWorld(root, back_end)
    world.add_foreign()
    deploy_clean(world, BEFORE)
    ids = {address: found for found, address in world.ids().items()}
    world.duplicate(ids["workflow.u1"])
    world.retarget(declared={"model": MODEL})
    world.close()
    return world


def points_of(before: FaultWorld, root: Path) -> tuple[list[Point], list[Attempt]]:
    """Where a deploy of `AFTER` can die, and the requests that it sends.

    Before each request, after each that changes something and with it on its way, before and after
    each call of the store. After any other request nothing is different from before the next one.
    """
    world = before.copy_to(root)
    outcome = checked(world, world.deploy(AFTER))
    assert outcome.status is Status.DONE and outcome.plan is not None
    actions = Counter(change.action for change in outcome.plan.changes)
    assert (actions["create"], actions["update"], actions["rename"]) == (3, 2, 1)
    requests, counts = list(world.attempts), dict(world.switch.counts)
    check_invariants(world, AFTER)
    world.close()
    assert counts["api"] == len(requests) > 35 and counts["store"] > 8
    points = [Point("api", n, "before") for n in range(1, len(requests) + 1)]
    for when in ("after", "late"):
        points += [Point("api", n, when) for n, sent in enumerate(requests, 1) if sent.writes]
    for when in ("before", "after"):
        points += [Point("store", n, when) for n in range(1, counts["store"] + 1)]
    return points, requests


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
    with scratch_folder() as folder:
        before = world_before(folder / "before", back_end)
        points, requests = points_of(before, folder / "count")
        points = [
            point
            for point in points
            if chosen(point, requests[point.number - 1] if point.where == "api" else None)
        ]
        points = thinned(points)
        for point in points:
            try:
                survive(before, folder / str(point), point, idempotency)
            except BaseException as error:
                error.add_note(f"{back_end}, keys: {idempotency}, died at {point}")
                raise
        return len(points)


MATRIX: Sequence[tuple[str, str, Chosen]] = (
    ("file", "honour", every_point),
    ("file", "ignore", where_keys_matter),
    ("file", "expire", where_keys_matter),
    ("git", "honour", where_state_matters),
    ("s3", "honour", where_state_matters),
)


@pytest.mark.parametrize(
    ("back_end", "idempotency", "chosen"),
    [(name, keys, every_point) for name in NAMES for keys in IDEMPOTENCY] if THOROUGH else MATRIX,
)
def test_a_deploy_that_dies_at_any_call_is_healed_by_one_deploy(
    back_end: str, idempotency: str, chosen: Chosen, request: pytest.FixtureRequest
) -> None:
    if back_end == "s3":
        request.getfixturevalue("s3")

    assert run_matrix(back_end, idempotency, chosen) >= (25 if THOROUGH else 25 // THINNED)


FIRST_DEATHS = (
    ("POST", "/v1/workflows", "late"),
    ("PATCH", "/v1/workflows/{id}", "after"),
)


@pytest.mark.parametrize(("method", "path", "when"), FIRST_DEATHS)
def test_a_death_during_recovery_is_healed_as_well(method: str, path: str, when: When) -> None:
    """After the first death the second deploy dies at each of its calls in turn.

    The third is clean.
    """
    with scratch_folder() as folder:
        before = world_before(folder / "before", "file")
        points, requests = points_of(before, folder / "count")
        first = next(
            point
            for point in points
            if (point.where, point.when) == ("api", when)
            and requests[point.number - 1].method == method
            and Fault(f"* {path}", None, "before").matches(method, requests[point.number - 1].path)
        )
        dead = before.copy_to(folder / "dead", idempotency="ignore")
        dead.crash(AFTER, first)
        dead.wait(0.1)
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
