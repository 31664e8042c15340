"""What happens when somebody else edited, deleted or owns what we deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowdsl.deploy.outcome import Status
from flowdsl.deploy.planning.plan import Action
from flowdsl.state.document import FORMAT
from tests.deploy.deploy_world import Ui, World, bundle, flow
from tests.deploy.ops_world import of_another_organization


def test_an_edit_in_the_dashboard_stops_the_deploy(world: World) -> None:
    world.begin(bundle(flow("a", "One."), flow("b")))
    world.edit("A", main_prompt="By hand.")

    outcome = world.deploy(bundle(flow("a", "One."), flow("b", "Other.")))

    assert outcome.status is Status.CONFLICT
    assert world.writes == []
    assert "`main_prompt` of `workflow.a`" in outcome.messages[0]
    assert world.ui.plans, "the difference is shown"


@pytest.mark.parametrize(("on_drift", "prompt"), [("overwrite", "One."), ("skip", "By hand.")])
def test_drift_can_be_overwritten_or_skipped(world: World, on_drift: str, prompt: str) -> None:
    world.begin(bundle(flow("a", "One."), flow("b")))
    world.edit("A", main_prompt="By hand.")

    outcome = world.deploy(bundle(flow("a", "One."), flow("b", "Other.")), on_drift=on_drift)

    assert outcome.status is Status.DONE
    assert world.workflow("A").main_prompt == prompt
    assert world.workflow("B").main_prompt == "Other."


def test_on_a_terminal_drift_is_a_question(world: World) -> None:
    world.begin(bundle(flow("a", "One.")))
    world.edit("A", main_prompt="By hand.")

    outcome = world.deploy(bundle(flow("a", "Two.")), on_drift=None, ui=Ui(on_drift="overwrite"))

    assert outcome.status is Status.DONE
    assert world.workflow("A").main_prompt == "Two."


def test_the_same_edit_made_in_both_places_is_no_drift(world: World) -> None:
    world.begin(bundle(flow("a", "One.")))
    world.edit("A", main_prompt="Two.")

    outcome = world.deploy(bundle(flow("a", "Two.")))

    assert outcome.status is Status.NOTHING_TO_DO
    assert world.writes == []
    world.edit("A", main_prompt="By hand.")
    assert world.deploy(bundle(flow("a", "Three."))).status is Status.CONFLICT


def test_taking_our_tag_off_is_drift(world: World) -> None:
    project = bundle(flow("a", tags=["t"]))
    world.begin(project)
    found = world.workflow("A")
    tag_id = (found.tags or [])[0].id
    world.ask(lambda client: client.workflows.remove_tag(found.id, tag_id, idempotency_key="1"))

    outcome = world.deploy(project)

    assert outcome.status is Status.CONFLICT
    assert "`tags` of `workflow.a`" in outcome.messages[0]


def test_a_deleted_workflow_is_a_conflict_and_can_be_recreated(world: World) -> None:
    project = bundle(flow("a"), flow("b"))
    world.begin(project)
    gone = world.workflow("A").id
    world.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))

    outcome = world.deploy(project)
    assert outcome.status is Status.CONFLICT
    assert world.writes == []
    assert gone in outcome.messages[0] and "--recreate workflow.a" in outcome.messages[0]

    outcome = world.deploy(project, recreate=frozenset({"workflow.a"}))
    assert outcome.status is Status.DONE
    assert world.state().resources["workflow.a"].generation == 2
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_a_workflow_deleted_on_both_sides_is_forgotten(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    gone = world.workflow("B").id
    world.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.NOTHING_TO_DO
    assert list(world.state().resources) == ["workflow.a"]


def test_a_key_of_another_organisation_never_lets_the_only_workflow_go(world: World) -> None:
    """Every id is 404 there.

    A workflow that also left the source would be taken for deleted and dropped from state.
    """
    world.begin(bundle(flow("a")))
    theirs = of_another_organization(world)

    outcome = world.deploy(bundle(flow("b")), app=theirs)

    assert outcome.status is Status.ACCESS
    assert world.writes == []
    assert "workflow.a" in world.state().resources


def test_an_empty_organisation_that_is_not_the_one_named_gets_one_workflow_at_most(
    world: World,
) -> None:
    """Nothing in it says whose it is before the first creation."""
    world.retarget(organization="org_expected")

    outcome = world.deploy(bundle(*(flow(name) for name in "abcdef")))

    assert outcome.status is Status.ACCESS
    assert len(world.workflows()) == 1
    message = next(r.message for r in outcome.results if r.outcome == "failed")
    assert "`org_local`" in message and "`org_expected`" in message
    state = world.state()
    assert (state.resources, state.pending, state.organization_id) == ({}, (), None)


def test_a_key_of_another_organisation_that_has_workflows_is_named(world: World) -> None:
    world.begin(bundle(flow("a")))
    theirs = of_another_organization(world)
    second = World.__new__(World)
    second.__dict__.update(world.__dict__)
    second.root = world.root / "second"
    second.app = theirs
    second.deploy(bundle(flow("x")))

    outcome = world.deploy(bundle(flow("a", "New.")), app=theirs)

    assert outcome.status is Status.ACCESS
    assert "`org_other`" in outcome.messages[0] and "`org_local`" in outcome.messages[0]


def test_one_workflow_is_not_given_to_two_addresses(world: World) -> None:
    world.begin(bundle(flow("a")))
    world.retarget(adopted={"workflow.b": world.workflow("A").id})

    for project, way in (
        (bundle(flow("a"), flow("b")), "take out the entry"),
        (bundle(flow("b")), 'renamed_from = "a"'),
    ):
        outcome = world.deploy(project)
        assert outcome.status is Status.CONFLICT
        assert "`workflow.a`" in outcome.messages[0] and way in outcome.messages[0]
        assert world.writes == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "not JSON"),
        (
            lambda text: json.dumps(json.loads(text) | {"format": FORMAT + 1, "min_cli": "9.1"}),
            "9.1",
        ),
        (lambda text: json.dumps(json.loads(text) | {"project": "prj_9"}), "prj_9"),
        (lambda text: json.dumps(json.loads(text) | {"environment": "prod"}), "prod"),
        (lambda text: json.dumps(json.loads(text) | {"more": 1}), "more"),
        (lambda text: json.dumps(json.loads(text) | {"api_base": "https://x.test"}), "x.test"),
        (lambda text: "[]", "no JSON object"),
    ],
)
def test_state_that_cannot_be_trusted_stops_everything(
    world: World, change: object, words: str
) -> None:
    world.begin(bundle(flow("a")))
    path: Path = world.root / ".flowdsl/state/test.json"
    path.write_text(change(path.read_text()))  # type: ignore[operator]

    outcome = world.deploy(bundle(flow("a", "New.")))

    assert outcome.status is Status.STATE
    assert world.requests == []
    assert words in outcome.messages[0]


def test_an_edit_to_a_workflow_that_is_orphaned_is_nobodys_business(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    world.edit("B", main_prompt="By hand.")

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.NOTHING_TO_DO
    assert outcome.plan is not None and outcome.plan.of(Action.KEEP)
