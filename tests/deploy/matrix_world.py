"""The deploy of which the tests of faults break or end every call.

Three creations, two updates and a rename, with a picture, tags and a model. What is the same for
all tests of a process is made once: the world before that deploy, to be copied, and what the deploy
does when nothing happens to it.
"""

from __future__ import annotations

import atexit
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from flowdsl.codegen.artifacts import ImageFile
from tests.deploy.deploy_world import bundle, flow, image_prompt
from tests.deploy.fault_world import MODEL, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, deploy_clean
from tests.deploy.kill_switch import Attempt, Where

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


@dataclass(frozen=True)
class Undisturbed:
    """What a deploy of `AFTER` does: its requests, and how many calls it makes of each kind."""

    requests: Sequence[Attempt]
    counts: Mapping[Where, int]


@cache
def world_before(back_end: str) -> FaultWorld:
    """A closed world with `BEFORE` deployed, workflows of others, and a copy of one of ours."""
    world = FaultWorld(_folder(f"{back_end}-before"), back_end)
    world.add_foreign()
    deploy_clean(world, BEFORE)
    ids = {address: found for found, address in world.ids().items()}
    world.duplicate(ids["workflow.u1"])
    world.retarget(declared={"model": MODEL})
    world.close()
    return world


@cache
def undisturbed(back_end: str) -> Undisturbed:
    """A deploy of `AFTER` over `world_before`."""
    world = world_before(back_end).copy_to(_root() / f"{back_end}-undisturbed")
    outcome = deploy_clean(world, AFTER)
    assert outcome.plan is not None
    actions = Counter(change.action for change in outcome.plan.changes)
    assert (actions["create"], actions["update"], actions["rename"]) == (3, 2, 1)
    found = Undisturbed(list(world.attempts), dict(world.switch.counts))
    check_invariants(world, AFTER)
    world.close()
    assert found.counts["api"] == len(found.requests) > 35 and found.counts["store"] > 8
    return found


def _folder(name: str) -> Path:
    folder = _root() / name
    folder.mkdir()
    return folder


@cache
def _root() -> Path:
    """A folder until this process ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(scratch_folder())
