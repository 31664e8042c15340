"""A request of a deploy that died, or whose connection did, is carried out late.

Over what was deployed since.

The deploy after it waits as long as for a creation. What comes later than that is known as ours,
mended by the next deploy, and nobody is told before then that all is well.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.deploy import plan_deployment
from flowdsl.deploy.job import Job, JobOptions
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.recovery.late_writes import GIVEN_UP, LATE_WRITES_END
from flowdsl.deploy.resolve import RecoveryVerdict, recover
from tests.deploy.deploy_world import Ui, bundle, flow
from tests.deploy.fault_world import FaultWorld
from tests.deploy.invariants import check_invariants, checked
from tests.deploy.kill_switch import Point
from tests.support.effort import rows

DELAYS = rows((1.0, 5.0, 20.0, 60.0), 2, 3)
"""Seconds; the next deploy waits as long as for all but the last of them."""

WELL = (Status.DONE, Status.NOTHING_TO_DO)


@pytest.fixture
def world(tmp_path: Path) -> FaultWorld:
    world = FaultWorld(tmp_path, idempotency="ignore")
    world.add_foreign()
    return world


def deployed(world: FaultWorld, project: Bundle, **options: object) -> Outcome:
    """One more deploy, which nobody has told what to do about edits: there are none."""
    return checked(world, world.deploy(project, **options))


def spent(world: FaultWorld, since: float) -> float:
    return world.time.elapsed - since


def live(world: FaultWorld) -> dict[str, str]:
    """Names of our workflows to their prompts."""
    rows = [row for row in world.workflows() if row.id not in world.foreign]
    return {str(row.name): row.main_prompt for row in rows}


OLD = bundle(flow("a", "One."), flow("b", "One."))
LATE = bundle(flow("a", "Two."), flow("b", "One."))
NEW = bundle(flow("a", "Three."), flow("b", "One."))


def died_with_an_update_under_way(world: FaultWorld, delay: float) -> None:
    deployed(world, OLD)
    world.late_seconds = delay
    world.crash(LATE, Point("write", 1, "late"))


def converges(
    world: FaultWorld, project: Bundle, delay: float, begun: float | None = None
) -> list[Status]:
    """Deploy until it says that all is well, and only then; what each deploy said.

    The request was sent at `begun`, or now.
    """
    begun = world.time.elapsed if begun is None else begun
    said = []
    while not said or said[-1] not in WELL:
        assert len(said) < 5, said
        if said:
            # What came second may never have been sent.
            rest = delay + 1 - spent(world, begun)
            world.wait(rest if rest > 0 else GIVEN_UP.total_seconds())
        said.append(deployed(world, project).status)
    if delay > LATE_WRITES_END.total_seconds():
        assert spent(world, begun) > delay, "all was well before it had come"
    world.wait(delay)
    check_invariants(world, project)
    return said


@pytest.mark.parametrize("delay", DELAYS)
def test_an_update_that_comes_late_does_not_stay(world: FaultWorld, delay: float) -> None:
    died_with_an_update_under_way(world, delay)

    said = converges(world, NEW, delay)

    waited_for = delay < LATE_WRITES_END.total_seconds()
    assert said == ([Status.DONE] if waited_for else [Status.PARTIAL, Status.DONE])
    assert live(world) == {"A": "Three.", "B": "One."}
    assert world.state().strays == ()


@pytest.mark.parametrize("delay", DELAYS)
def test_a_deletion_that_comes_late_does_not_stay(world: FaultWorld, delay: float) -> None:
    """It was taken out of the source and is back in it."""
    deployed(world, OLD)
    world.late_seconds = delay
    world.retarget(deleted=frozenset({"workflow.a"}))
    world.crash(bundle(flow("b", "One.")), Point("write", 1, "late"))
    world.retarget(deleted=frozenset())

    said = converges(world, OLD, delay)

    waited_for = delay < LATE_WRITES_END.total_seconds()
    assert said == ([Status.DONE] if waited_for else [Status.PARTIAL, Status.DONE])
    assert live(world) == {"A": "One.", "B": "One."}


@pytest.mark.parametrize("delay", DELAYS)
def test_tags_that_come_late_do_not_stay(world: FaultWorld, delay: float) -> None:
    """One is put on, and one is taken off that is wanted again; each request by itself."""
    for number in (1, 2):
        before = bundle(flow("a", "One.", tags=["kept"]), flow("t", tags=["other"]))
        deployed(world, before)
        world.late_seconds = delay
        late = bundle(flow("a", "One.", tags=["other"]), flow("t", tags=["other"]))
        world.crash(late, Point("write", number, "late"))

        converges(world, before, delay)

        tagged = {row.name: [tag.name for tag in row.tags or ()] for row in world.workflows()}
        assert tagged["A"] == ["kept"] and tagged["T"] == ["other"]


@pytest.mark.parametrize("delay", DELAYS)
def test_an_adoption_that_comes_late_does_not_stay(world: FaultWorld, delay: float) -> None:
    made = world.post("/v1/workflows", {"name": "By hand", "main_prompt": "By hand."})
    world.retarget(adopted={"workflow.a": str(made["id"])})
    deployed(world, bundle(flow("b", "One.")), only=frozenset({"workflow.b"}))
    world.late_seconds = delay
    world.crash(LATE, Point("write", 1, "late"))

    converges(world, NEW, delay)

    assert live(world) == {"A": "Three.", "B": "One."}


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("kind", ["change", "deletion"])
def test_a_request_whose_reply_was_lost_is_not_settled_by_one_look(
    world: FaultWorld, delay: float, kind: str
) -> None:
    """The connection dies, the deploy lives: it waits, and says what it does not know."""
    deployed(world, OLD)
    world.late_seconds = delay
    begun = world.time.elapsed
    world.gives_up_on = ("PATCH", 1) if kind == "change" else ("DELETE", 1)
    if kind == "deletion":
        world.retarget(deleted=frozenset({"workflow.a"}))

    first = deployed(world, LATE if kind == "change" else bundle(flow("b", "One.")))

    world.gives_up_on = None
    world.retarget(deleted=frozenset())
    if delay < LATE_WRITES_END.total_seconds():
        assert first.status is Status.DONE and delay < spent(world, begun) < delay + 9
        assert world.state().pending == () == world.state().strays
    else:
        assert first.status is Status.UNKNOWN
        assert (
            LATE_WRITES_END.total_seconds()
            < spent(world, begun)
            < LATE_WRITES_END.total_seconds() + 5
        )
        assert [intent.address for intent in world.state().pending] == ["workflow.a"]
    converges(world, NEW, delay, begun)
    assert live(world) == {"A": "Three.", "B": "One."}


def test_what_never_comes_is_given_up_after_its_time(world: FaultWorld) -> None:
    deployed(world, OLD)
    world.crash(LATE, Point("write", 1, "before"))

    first = deployed(world, NEW)

    assert first.status is Status.PARTIAL
    assert [result.outcome for result in first.results] == ["performed"]
    (line,) = first.messages
    assert "the change of `workflow.a` that was interrupted at" in line
    assert "put its `main_prompt` back" in line
    assert "`flowdsl recover workflow.a --env test --absent`" in line
    (stray,) = world.state().strays
    assert stray.sent.keys() == {"main_prompt"} and world.state().pending == ()
    assert not any(
        "Two." in text for text in world.back_end.contents().values() for text in [text.decode()]
    )

    waited = world.time.elapsed
    assert deployed(world, NEW).status is Status.PARTIAL
    assert spent(world, waited) < 5, "it is waited for once"

    world.wait(GIVEN_UP.total_seconds())
    assert deployed(world, NEW).status is Status.NOTHING_TO_DO
    assert deployed(world, bundle(flow("a", "Four."), flow("b", "One."))).status is Status.DONE
    assert world.state().strays == ()
    assert any("is given up" in str(told) for _, told in world.ui.events)


def test_the_same_source_again_is_well_at_once_and_the_next_one_knows_better(
    world: FaultWorld,
) -> None:
    """What still comes then changes nothing, until something else is deployed."""
    died_with_an_update_under_way(world, 60.0)

    assert deployed(world, LATE).status is Status.DONE
    assert converges(world, NEW, 60.0) == [Status.PARTIAL, Status.DONE]
    assert live(world) == {"A": "Three.", "B": "One."}


def test_many_are_waited_for_together(world: FaultWorld) -> None:
    names = [f"w{number}" for number in range(12)]
    deployed(world, bundle(*(flow(name, "One.") for name in names)))
    late = bundle(*(flow(name, "Two.") for name in names))
    world.crash(late, Point("write", 3, "before"), accepted={"updates": 12})
    begun = world.time.elapsed

    outcome = deployed(
        world, bundle(*(flow(name, "Three.") for name in names)), accepted={"updates": 12}
    )

    assert outcome.status is Status.PARTIAL
    assert spent(world, begun) < LATE_WRITES_END.total_seconds() + 15
    told = [str(details["message"]) for kind, details in world.ui.events if kind == "recovery"]
    (line,) = [each for each in told if each.startswith("waiting up to 30 s")]
    assert " workflows: it may still arrive" in line


def test_who_is_told_to_stop_waits_no_longer(world: FaultWorld) -> None:
    died_with_an_update_under_way(world, 60.0)
    begun = world.time.elapsed

    def over() -> str:
        return "the time is over" if spent(world, begun) > 10 else ""

    outcome = deployed(world, NEW, stop=over)

    assert outcome.status is Status.PARTIAL and "the time is over" in outcome.messages
    assert spent(world, begun) < 20
    assert len(world.state().pending) == 1 and world.state().lease is None
    assert live(world)["A"] == "One.", "nothing is deployed over what is not known"
    converges(world, NEW, 60.0)


def test_only_waits_for_what_it_names(world: FaultWorld) -> None:
    died_with_an_update_under_way(world, 60.0)
    begun = world.time.elapsed

    changed = bundle(flow("a", "Three."), flow("b", "Two."))
    assert deployed(world, changed, only=frozenset({"workflow.b"})).status is Status.DONE
    assert spent(world, begun) < 10
    assert [intent.address for intent in world.state().pending] == ["workflow.a"]
    assert deployed(world, changed, only=frozenset({"workflow.a"})).status is Status.PARTIAL
    assert deployed(world, changed, only=frozenset({"workflow.b"})).status is Status.NOTHING_TO_DO


def test_an_edit_of_somebody_else_is_still_one(world: FaultWorld) -> None:
    deployed(world, OLD)
    world.crash(LATE, Point("write", 1, "before"))
    assert deployed(world, NEW).status is Status.PARTIAL

    world.edit("A", main_prompt="By hand.")

    outcome = deployed(world, NEW)
    assert outcome.status is Status.CONFLICT
    assert "`main_prompt` of `workflow.a` was edited" in outcome.messages[0]


@pytest.mark.parametrize(("before", "nth"), [("GET", 2), ("PATCH", 1), ("GET", 3)])
def test_what_comes_while_the_next_deploy_writes_is_no_edit(
    world: FaultWorld, before: str, nth: int
) -> None:
    """Between plan and reading, between reading and writing, and between writing and looking."""
    deployed(world, OLD)
    world.crash(LATE, Point("write", 1, "before"))
    assert deployed(world, NEW).status is Status.PARTIAL
    newer = bundle(flow("a", "Four."), flow("b", "One."))

    coming = world.editing("A", before=before, nth=nth, main_prompt="Two.")
    outcome = world.deploy(newer, app=coming)

    said = " ".join((*outcome.messages, *(each.message for each in outcome.results)))
    assert "edit" not in said, said
    assert outcome.status is not Status.DONE or world.state().strays == ()
    assert world.deploy(newer).status in (*WELL, Status.PARTIAL)
    assert live(world)["A"] == "Four."


def test_a_plan_shows_what_may_still_come(world: FaultWorld) -> None:
    deployed(world, OLD)
    world.crash(LATE, Point("write", 1, "before"))
    assert deployed(world, NEW).status is Status.PARTIAL

    assert any("may still come and put its `main_prompt` back" in note for note in planned(world))


def planned(world: FaultWorld) -> tuple[str, ...]:
    async def run() -> tuple[str, ...]:
        async with world.client() as client:
            job = Job(NEW, world.target, world.store(), client, JobOptions(), Ui(), world.runtime())
            return (await plan_deployment(job)).plan.notes

    return world.run(run())


def recovering(world: FaultWorld, verdict: RecoveryVerdict | None = None) -> Outcome:
    async def run() -> Outcome:
        async with world.client() as client:
            job = Job(
                LATE, world.target, world.store(), client, JobOptions(), Ui(), world.runtime()
            )
            return await recover(job, ("workflow.a",), lambda _intents: True, verdict)

    return world.run(run())


@pytest.mark.parametrize("comes", [True, False])
def test_recovery_waits_as_well_and_a_person_may_know_better(
    world: FaultWorld, comes: bool
) -> None:
    died_with_an_update_under_way(world, 20.0 if comes else 3600.0)
    begun = world.time.elapsed

    outcome = recovering(world)

    assert outcome.status is Status.DONE
    (result,) = outcome.results
    assert result.outcome == "performed" and world.state().pending == ()
    assert spent(world, begun) < LATE_WRITES_END.total_seconds() + 5
    if comes:
        assert "what was changed is recorded" in result.message and world.state().strays == ()
        assert deployed(world, NEW).status is Status.DONE
        return
    assert "it has not come" in result.message
    assert deployed(world, NEW).status is Status.PARTIAL
    assert recovering(world, RecoveryVerdict(None)).status is Status.DONE
    assert world.state().strays == ()
    assert deployed(world, NEW).status is Status.NOTHING_TO_DO


def test_deletions_of_a_dead_deploy_do_not_delete_what_is_deployed_anew(world: FaultWorld) -> None:
    """Its other deletions were never sent, and nobody knows."""
    deployed(world, OLD)
    world.late_seconds = 20.0
    world.retarget(deleted=frozenset({"workflow.a", "workflow.b"}))
    world.crash(bundle(), Point("write", 1, "late"), concurrency=1)
    assert {intent.action for intent in world.state().pending} == {"delete"}
    world.retarget(deleted=frozenset())

    first = deployed(world, OLD)

    assert first.status is Status.PARTIAL
    (line,) = first.messages
    assert "the deletion of `workflow.b`" in line and "delete the workflow" in line
    assert live(world) == {"A": "One.", "B": "One."}
    world.wait(GIVEN_UP.total_seconds())
    assert deployed(world, OLD).status in WELL
