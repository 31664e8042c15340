"""Lost replies, refusals and crashes.

Whatever happens, deploying again brings one workflow per address.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import Bundle, ImageFile
from flowdsl.deploy.outcome import Status
from flowdsl.deploy.recovery.late_writes import GIVEN_UP
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.emulator.faults import Fault
from flowdsl.state.errors import UnsafeStore
from flowdsl.state.stores.file import FileStore
from tests.deploy.deploy_world import CANARY, Crash, World, body_of, bundle, flow, image_prompt
from tests.support.effort import thinned

CREATE = "POST /v1/workflows"
UPDATE = "PATCH /v1/workflows/{id}"
READ = "GET /v1/workflows/{id}"
LIST = "GET /v1/workflow-tags"


def check_converged(world: World, project: Bundle) -> None:
    """What must hold after a clean deploy, whatever came before."""
    state = world.state()
    live = {row.id: row for row in world.workflows()}
    wanted = {f"workflow.{item.name}": item for item in project.workflows}
    assert state.lease is None and state.pending == ()
    assert {a for a in state.resources if a.startswith("workflow.")} == wanted.keys()
    assert {state.resources[address].id for address in wanted} == live.keys()
    marks = Counter(
        mark.address for row in live.values() if (mark := mark_in(row.input_schema)) is not None
    )
    assert marks == Counter(wanted.keys())
    for address, item in wanted.items():
        row = live[state.resources[address].id]
        assert row.main_prompt == item.payload["main_prompt"].render(str)
        assert sorted(tag.name for tag in row.tags or ()) == list(item.tags)
        assert set(state.resources[address].tags) == set(item.tags)
    assert CANARY not in world.state_text()
    again = world.deploy(project)
    assert again.status is Status.NOTHING_TO_DO
    assert world.writes == []


@pytest.mark.parametrize("max_retries", [0, 3])
def test_a_creation_whose_reply_is_lost_makes_one_workflow(world: World, max_retries: int) -> None:
    project = bundle(flow("a", tags=["t"]), flow("b"))

    outcome = world.deploy(project, Fault(CREATE, 1, "after"), max_retries=max_retries)

    assert outcome.status is Status.DONE
    check_converged(world, project)


def test_a_creation_that_stays_unknown_is_said_and_settled_by_the_next_deploy(
    world: World,
) -> None:
    project = bundle(*(flow(f"w{n}") for n in range(6)))

    outcome = world.deploy(
        project,
        Fault(CREATE, None, "after"),
        Fault("GET /v1/workflows", 2, "html_502"),
        concurrency=1,
    )

    assert outcome.status is Status.UNKNOWN
    outcomes = Counter(result.outcome for result in outcome.results)
    assert outcomes == {"unknown": 1, "not_attempted": 5}, "nothing begins after an unknown outcome"
    message = next(r.message for r in outcome.results if r.outcome == "unknown")
    assert "`flowdsl recover workflow.w0 --env test`" in message
    assert [intent.address for intent in world.state().pending] == ["workflow.w0"]
    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


def test_an_unknown_creation_is_settled_although_the_source_moved_on(world: World) -> None:
    world.deploy(
        bundle(flow("a", "One.")),
        Fault(CREATE, None, "after"),
        Fault("GET /v1/workflows", 2, "html_502"),
    )
    project = bundle(flow("a", "Two."))

    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


def test_an_unknown_creation_of_a_workflow_that_left_the_source_is_tracked(world: World) -> None:
    world.deploy(
        bundle(flow("a")), Fault(CREATE, None, "after"), Fault("GET /v1/workflows", 2, "html_502")
    )

    outcome = world.deploy(bundle())

    assert outcome.status is Status.NOTHING_TO_DO
    assert world.state().resources["workflow.a"].id == world.workflow("A").id


def test_an_unknown_creation_is_not_sent_again_without_its_picture(world: World) -> None:
    content = b"\x89PNG\r\n\x1a\npixels"
    item = ImageFile(sha256(content).hexdigest(), "png", "image/png", content)
    project = bundle(flow("a", image_prompt(item), images=(item.sha256,)), images=[item])
    world.deploy(project, Fault(CREATE, None, "before"), Fault("GET /v1/workflows", 2, "html_502"))
    (stored,) = world.ask(lambda client: client.prompt_images.list())
    world.ask(lambda client: client.prompt_images.delete(stored.path, idempotency_key="1"))

    outcome = world.deploy(project, Fault("POST /v1/workflows/prompt-image", None, "html_502"))

    assert outcome.status is Status.PARTIAL
    assert world.workflows() == []
    assert len(world.state().pending) == 1
    assert world.deploy(project).status is Status.DONE
    assert "supabase://" in world.workflow("A").main_prompt
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_a_duplicate_made_in_the_dashboard_is_not_taken_for_the_original(world: World) -> None:
    world.deploy(
        bundle(flow("a")), Fault(CREATE, None, "after"), Fault("GET /v1/workflows", 2, "html_502")
    )
    original = world.workflow("A")

    async def duplicate(client: object) -> None:
        sender = client.workflows._sender  # type: ignore[attr-defined]
        await sender.write("POST", f"/v1/workflows/{original.id}/duplicate", "1", {})

    world.ask(duplicate)
    world.deploy(bundle(flow("a")))

    assert world.state().resources["workflow.a"].id == original.id
    assert len(world.workflows()) == 2


def test_a_store_that_keeps_no_writers_apart_gets_no_first_deploy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: object) -> None:
        raise UnsafeStore("it overwrote a version that it was told not to")

    monkeypatch.setattr(FileStore, "probe", refuse)

    outcome = world.deploy(bundle(flow("a", tags=["t"])))

    assert outcome.status is Status.STATE and "it overwrote" in outcome.messages[0]
    assert world.writes == [] and world.store().load() is None
    monkeypatch.undo()
    assert world.deploy(bundle(flow("a", tags=["t"]))).status is Status.DONE
    monkeypatch.setattr(FileStore, "probe", refuse)
    assert world.deploy(bundle(flow("a", "Two."))).status is Status.DONE, "it is proven once"


def test_a_refused_workflow_does_not_stop_the_others(world: World) -> None:
    project = bundle(flow("a"), flow("b"), flow("c"))

    outcome = world.deploy(project, Fault(CREATE, 2, "status", status=422), concurrency=1)

    assert outcome.status is Status.PARTIAL
    assert Counter(r.outcome for r in outcome.results) == {"performed": 2, "failed": 1}
    failed = next(r for r in outcome.results if r.outcome == "failed")
    assert failed.address == "workflow.b" and "422" in failed.message
    assert world.state().pending == (), "a refusal leaves nothing to look for"
    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


def test_a_refused_update_leaves_nothing_to_look_for(world: World) -> None:
    world.deploy(bundle(flow("a", "One.")))
    project = bundle(flow("a", "Two."))

    outcome = world.deploy(project, Fault(UPDATE, 1, "status", status=422))

    assert outcome.status is Status.PARTIAL
    assert world.state().pending == ()
    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


def test_what_was_made_before_the_service_failed_is_not_called_nothing(world: World) -> None:
    """The tag was created and the list that would show it cannot be read: something was written."""
    project = bundle(flow("a", tags=["t"]))

    outcome = world.deploy(project, Fault(LIST, 2, "html_502"))

    assert outcome.status is Status.PARTIAL
    assert [(r.address, r.outcome) for r in outcome.results] == [("tag.t", "performed")]
    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


def test_a_missing_provider_key_is_said_before_anything_is_written(world: World) -> None:
    class Missing(Exception):
        pass

    def secrets(_address: str) -> dict[str, str]:
        raise Missing

    model = {"Reader": {"provider": "anthropic", "model": "m1"}}
    world.retarget(declared={"model": model}, secrets=secrets)

    with pytest.raises(Missing):
        world.deploy(bundle(flow("a", tags=["t"])))

    assert world.writes == [] and world.store().load() is None


def test_a_key_refused_midway_stops_the_rest(world: World) -> None:
    project = bundle(flow("a"), flow("b"), flow("c"))

    outcome = world.deploy(project, Fault(CREATE, 2, "status", status=401), concurrency=1)

    assert outcome.status is Status.ACCESS
    assert Counter(r.outcome for r in outcome.results) == {
        "performed": 1,
        "failed": 1,
        "not_attempted": 1,
    }
    assert world.deploy(project).status is Status.DONE
    check_converged(world, project)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(READ, None, "status", status=401), Status.ACCESS),
        (Fault(READ, None, "status", status=403), Status.ACCESS),
        (Fault(READ, None, "before"), Status.SERVICE),
        (Fault(READ, None, "html_502"), Status.SERVICE),
        (Fault(READ, None, "status", status=429, retry_after="3600"), Status.SERVICE),
        (Fault(CREATE, None, "status", status=503), Status.UNKNOWN),
    ],
)
def test_what_a_failing_service_ends_in(world: World, fault: Fault, status: Status) -> None:
    world.deploy(bundle(flow("old")))

    outcome = world.deploy(bundle(flow("old"), flow("new")), fault)

    assert outcome.status is status
    assert CANARY not in body_of(outcome)


BEFORE = bundle(flow("u1", "One.", tags=["old"]), flow("u2", "One."))
AFTER = bundle(
    flow("u1", "Two.", tags=["new"]),
    flow("u2", "Two."),
    flow("c1", tags=["new"]),
    flow("c2", input_schema='{"type": "object", "properties": {"a": {}}}'),
    flow("c3"),
)


def world_before(root: Path) -> World:
    """A closed world in which `BEFORE` is deployed, to be copied."""
    root.mkdir()
    world = World(root)
    world.deploy(BEFORE)
    world.close()
    return world


def crash_points(before: World, root: Path) -> tuple[list[tuple[int, bool]], int]:
    """Where a deploy of `AFTER` can die.

    Before each request, and after each that changes something.

    After any other request nothing is different from before the next one. Then the number of store
    calls.
    """
    world = before.copy_to(root)
    assert world.deploy(AFTER, concurrency=1).status is Status.DONE
    world.close()
    api_calls, store_calls = world.crash_counts
    assert api_calls == len(world.requests) > 20 and store_calls > 4
    points = [(number, False) for number in range(1, api_calls + 1)]
    points += [(n, True) for n, sent in enumerate(world.requests, 1) if sent.method != "GET"]
    return points, store_calls


def test_a_crash_followed_by_an_edit_of_the_source_is_no_drift(tmp_path: Path) -> None:
    """What the crashed deploy did get done is not mistaken for somebody else's edit."""
    before = world_before(tmp_path / "before")
    points, _ = crash_points(before, tmp_path / "count")
    later = bundle(*(flow(w.name, "Three.", tags=w.tags) for w in AFTER.workflows))
    for number in thinned(range(1, max(points)[0] + 1, 2)):
        world = before.copy_to(tmp_path / str(number))
        with pytest.raises(Crash):
            world.deploy(AFTER, concurrency=2, crash_api=(number, True))
        outcome = world.deploy(later)
        if outcome.status is Status.PARTIAL:  # what never came might still have
            assert all("may still come" in line for line in outcome.messages)
            world.time.elapsed += GIVEN_UP.total_seconds()
        else:
            assert outcome.status is Status.DONE, number
        assert {each.outcome for each in outcome.results} == {"performed"}
        check_converged(world, later)
        world.close()
