"""A service that fails, hangs, refuses or forgets.

Whatever it does, the report is true and one clean deploy heals.
"""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send

from flowdsl.deploy.outcome import Status
from flowdsl.deploy.recovery.late_writes import GIVEN_UP
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import bundle, flow
from tests.deploy.fault_world import MODEL, FaultWorld, scratch_folder
from tests.deploy.invariants import check_invariants, checked, deploy_clean
from tests.deploy.kill_switch import Point
from tests.deploy.matrix_world import AFTER, BEFORE, undisturbed, world_before
from tests.support.effort import rows, thinned

CREATE = "POST /v1/workflows"
READ = "GET /v1/workflows/{id}"

KINDS = (
    Fault("* /*", 1, "hang", seconds=60),
    Fault("* /*", 1, "drop"),
    Fault("* /*", 1, "slow", seconds=40),
    Fault("* /*", 1, "html_502"),
    Fault("* /*", 1, "truncated"),
    Fault("* /*", 1, "broken_json"),
    Fault("* /*", 1, "status", status=503),
    Fault("* /*", 1, "before"),
    Fault("* /*", 1, "after"),
)
"""One broken request each; `nth` is set to where it is."""


@pytest.fixture
def faulty(faulty: FaultWorld) -> FaultWorld:
    faulty.add_foreign()
    return faulty


def nth(fault: Fault, number: int) -> Fault:
    """The same for another request."""
    return Fault(fault.route, number, fault.kind, status=fault.status, seconds=fault.seconds)


@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: fault.kind)
def test_one_broken_request_anywhere_is_reported_and_healed(fault: Fault) -> None:
    """The writes of a deploy, every other one in turn, and some reads.

    Without retries, which would hide it.
    """
    requests = undisturbed("file").requests
    turn = KINDS.index(fault)
    writes = [n for n, sent in enumerate(requests, 1) if sent.writes]
    reads = set(range(1, len(requests) + 1)) - set(writes)
    numbers = sorted({*writes[turn % 2 :: 2], *sorted(reads)[turn :: len(KINDS)]})
    with scratch_folder() as folder:
        for number in thinned(numbers, turn):
            world = world_before("file").copy_to(folder / str(number), idempotency="ignore")
            try:
                checked(world, world.deploy(AFTER, nth(fault, number)))
                deploy_clean(world, AFTER)
                check_invariants(world, AFTER)
            except BaseException as error:
                error.add_note(f"{fault.kind} at request {number}")
                raise
            world.close()


@pytest.mark.parametrize("kind", ["429", "html_502", "after", "truncated"])
@pytest.mark.parametrize("seed", rows(range(3), 0))
def test_many_broken_requests_are_survived(faulty: FaultWorld, kind: str, seed: int) -> None:
    """A third of all requests, with the retries of a real client.

    Three clean attempts at most may be needed for none.
    """
    faulty.retarget(declared={"model": MODEL})
    project = bundle(*(flow(f"w{n}", tags=["t"]) for n in range(8)))
    faulty.behave("ignore")

    fault = Fault("* /*", None, kind, share=0.3, seed=seed)  # type: ignore[arg-type]
    checked(faulty, faulty.deploy(project, fault, max_retries=3))

    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_a_storm_of_429_is_waited_out(faulty: FaultWorld) -> None:
    """Each request is refused twice before it is let through."""
    project = bundle(*(flow(f"w{n}") for n in range(5)))
    storm = [
        Fault("* /*", None, "429", every=2, retry_after="3"),
        Fault("* /*", None, "429", every=3),
    ]

    outcome = checked(faulty, faulty.deploy(project, *storm, max_retries=8))

    assert outcome.status is Status.DONE
    check_invariants(faulty, project)


def test_a_503_on_creation_after_which_it_exists_makes_one(faulty: FaultWorld) -> None:
    """A proxy answers 503, and the service has created the workflow."""
    faulty.gives_up_on = ("POST", 1)
    project = bundle(flow("a"))

    outcome = checked(faulty, faulty.deploy(project))

    assert outcome.status is Status.DONE
    check_invariants(faulty, project)


@pytest.mark.parametrize("lag", rows([2.0, 20.0], 1))
@pytest.mark.parametrize("idempotency", ["honour", "ignore", "expire"])
def test_listing_lag_below_the_settling_time_makes_no_duplicate(
    faulty: FaultWorld, idempotency: str, lag: float
) -> None:
    """The limit is 30 s from the loss of the reply.

    A service that forgets keys and shows a creation later than that cannot be told from one that
    never created.
    """
    project = bundle(flow("a"), flow("b"))
    faulty.behave(idempotency, lag)

    faulty.crash(project, Point("api", 2, "after"))
    checked(faulty, faulty.deploy(project, Fault(CREATE, 1, "after")))

    faulty.behave(idempotency)
    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_when_every_id_is_gone_nothing_is_created(faulty: FaultWorld) -> None:
    """The key of another organisation makes every id 404."""
    project = bundle(*(flow(f"w{n}") for n in range(5)))
    deploy_clean(faulty, project)

    outcome = checked(faulty, faulty.deploy(project, Fault(READ, None, "status", status=404)))

    assert outcome.status in (Status.ACCESS, Status.GUARDED, Status.CONFLICT)
    assert not [each for each in faulty.attempts if each.writes]
    check_invariants(faulty, project)


def test_recovery_finds_a_creation_while_others_edit_the_list(faulty: FaultWorld) -> None:
    """An edit moves a workflow to the top of the list, and another one to the next page."""
    others = [
        str(faulty.post("/v1/workflows", {"name": f"Busy {n}", "main_prompt": "Old."})["id"])
        for n in range(120)
    ]
    project = bundle(flow("a"))
    faulty.crash(project, Point("api", 2, "after"))
    inner, pages = faulty.app, 0

    async def edited(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal pages
        await inner(scope, receive, send)
        if scope["path"] == "/v1/workflows" and scope["method"] == "GET" and pages < 3:
            pages += 1
            async with faulty.client(inner) as client:
                oldest = others[pages]
                await client.workflows.update(
                    oldest, {"main_prompt": f"New {pages}."}, idempotency_key=f"edit-{pages}"
                )

    checked(faulty, faulty.deploy(project, app=edited))

    deploy_clean(faulty, project)
    check_invariants(faulty, project)


def test_what_is_listed_twice_or_late_never_counts_twice(faulty: FaultWorld) -> None:
    """A duplicate of an unknown creation, made before anybody looked, is not taken for it."""
    project = bundle(flow("a"))
    faulty.crash(project, Point("api", 2, "after"))
    original = next(row for row in faulty.workflows() if row.name == "A")
    faulty.duplicate(original.id)

    deploy_clean(faulty, project)

    assert faulty.ids() == {original.id: "workflow.a"}
    check_invariants(faulty, project)


def test_the_deploy_before_was_of_another_source(faulty: FaultWorld) -> None:
    """A dead deploy of an older source does not come back."""
    deploy_clean(faulty, BEFORE)
    faulty.crash(AFTER, Point("api", 24, "after"))
    project = bundle(flow("u1", "Three.", tags=["old"]), flow("u2", "Three."), flow("r_old"))
    faulty.kept = {address for address in faulty.ids().values() if address.startswith("workflow.c")}

    outcome = checked(faulty, faulty.deploy(project))
    assert {each.outcome for each in outcome.results} == {"performed"}
    assert outcome.status is Status.PARTIAL, "what it was about to send may still come"
    assert all("may still come" in line for line in outcome.messages)
    faulty.wait(GIVEN_UP.total_seconds())
    deploy_clean(faulty, project)

    faulty.kept = set(faulty.ids().values()) - {f"workflow.{w.name}" for w in project.workflows}
    check_invariants(faulty, project)
