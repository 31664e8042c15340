"""A creation whose reply was lost, while something else happens to its workflow."""

from __future__ import annotations

from flowdsl.config.address import workflow_address
from flowdsl.deploy.destroy import destroy
from flowdsl.deploy.outcome import Status
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import Ui, World, bundle, flow
from tests.deploy.ops_world import perform

LOST = Fault("POST /v1/workflows", None, "after"), Fault("GET /v1/workflows", 2, "html_502")


def test_a_workflow_that_another_address_adopted_stays_there(world: World) -> None:
    """State with one workflow at two addresses could not be read any more."""
    world.deploy(bundle(flow("a")), *LOST)
    (made,) = world.workflows()
    adopted = workflow_address("b")
    world.retarget(adopted={adopted: made.id})
    both = bundle(flow("a"), flow("b"))
    assert world.deploy(both, only=frozenset({adopted})).status is Status.DONE

    assert world.deploy(both).status is Status.DONE
    state = world.state()
    assert state.resources[adopted].id == made.id and not state.pending
    assert len({each.id for each in state.resources.values()}) == len(world.workflows()) == 2


def test_a_destroy_that_ends_while_it_looks_is_not_done(world: World) -> None:
    world.deploy(bundle(flow("a")), *LOST)
    said: list[str] = []

    class Ending(Ui):
        def event(self, kind: str, **details: object) -> None:
            if kind == "recovery":
                said.append("the time is over")

    outcome = perform(
        world, destroy, ui=Ending(), stop=lambda: "".join(said[:1]), accepted={"deletes": 1}
    )

    assert outcome.status in (Status.INTERRUPTED, Status.PARTIAL)
    assert world.state().pending and len(world.workflows()) == 1
