"""A deploy that dies at any call is healed by one clean deploy: on every back end, however idempotency keys are treated.

Three creations, two updates and a rename, with a picture, tags and a model. After the death at a call nothing that was under
way arrives, except the one request that `late` lets arrive 12 s later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from flowdsl.codegen.artifacts import ImageFile
from flowdsl.deploy.outcome import Status
from tests.deploy.deploy_world import bundle, flow, image_prompt
from tests.deploy.fault_world import MODEL, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import LATE_SECONDS, Attempt, Point

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
    """A closed world in which `BEFORE` is deployed, among workflows of others and a copy of one of ours."""
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

    Before each request, after each that changes something and with it on its way, before and after each call of the store.
    After any other request nothing is different from before the next one.
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


def run_matrix(
    back_end: str, idempotency: str, chosen: Callable[[Point, Attempt | None], bool]
) -> int:
    """Die at every chosen point of a deploy; returns how many there were."""
    with scratch_folder() as folder:
        before = world_before(folder / "before", back_end)
        points, requests = points_of(before, folder / "count")
        points = [
            point
            for point in points
            if chosen(point, requests[point.number - 1] if point.where == "api" else None)
        ]
        for point in points:
            try:
                survive(before, folder / str(point), point, idempotency)
            except BaseException as error:
                error.add_note(f"{back_end}, keys: {idempotency}, died at {point}")
                raise
        return len(points)
