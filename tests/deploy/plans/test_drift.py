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


def test_a_key_of_another_organisation_is_refused(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    theirs = of_another_organization(world)

    outcome = world.deploy(bundle(flow("a"), flow("b")), app=theirs)

    assert outcome.status is Status.ACCESS
    assert world.writes == []


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


def test_lost_state_is_never_answered_by_creating_everything_again(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    (world.root / ".flowdsl/state/test.json").unlink()

    outcome = world.deploy(bundle(flow("a"), flow("b")))

    assert outcome.status is Status.STATE
    assert world.writes == []
    assert "2 workflows" in outcome.messages[0] and "workflow.a" in outcome.messages[0]
    assert "`flowdsl state rebuild --env test`" in outcome.messages[1]
    assert len(world.workflows()) == 2


def lose_state(world: World) -> None:
    (world.root / ".flowdsl/state/test.json").unlink()


def test_lost_state_is_rebuilt_from_marks(world: World) -> None:
    checks = [{"name": "c", "type": "run_attachment_exists"}]
    project = bundle(flow("a", tags=["t"], post_run_checks=checks), flow("b", title='"B"\n'))
    world.begin(project)
    ids = {row.name: row.id for row in world.workflows()}
    lose_state(world)
    assert world.rebuild(project) == {"workflow.a": "mark", "workflow.b": "mark"}

    outcome = world.deploy(project)

    assert outcome.status is Status.NOTHING_TO_DO
    assert world.writes == []
    state = world.state()
    assert {state.resources[f"workflow.{name}"].id for name in "ab"} == set(ids.values())
    before = world.state_text()
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    assert world.state_text() == before
    world.edit("A", main_prompt="By hand.")
    assert world.deploy(project).status is Status.CONFLICT, "what was found is watched for drift"


def test_lost_state_after_a_renaming_and_a_removal(world: World) -> None:
    """The mark keeps the first address: the source tells what it was renamed to.

    One without a source is kept.
    """
    world.begin(bundle(flow("old"), flow("gone"), flow("kept")))
    project = bundle(flow("new", renamed_from="old"), flow("kept"))
    world.deploy(project)
    lose_state(world)
    world.rebuild(project)

    outcome = world.deploy(project)

    assert outcome.status is Status.NOTHING_TO_DO and world.writes == []
    assert outcome.plan is not None
    assert [change.address for change in outcome.plan.of(Action.KEEP)] == ["workflow.gone"]
    assert world.state().resources.keys() == {"workflow.new", "workflow.kept", "workflow.gone"}
    assert len(world.workflows()) == 3


def test_a_copy_is_not_taken_for_the_original(world: World) -> None:
    project = bundle(flow("a"))
    world.begin(project)
    original = world.workflow("A").id
    world.ask(lambda client: client.workflows.duplicate(original, idempotency_key="1"))
    lose_state(world)
    world.rebuild(project)

    assert world.state().resources["workflow.a"].id == original
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_an_older_copy_of_state_is_not_answered_by_creating_again(world: World) -> None:
    world.begin(bundle(flow("a")))
    older = world.state_text()
    project = bundle(flow("a"), flow("b"))
    world.deploy(project)
    (world.root / ".flowdsl/state/test.json").write_text(older)

    outcome = world.deploy(project)

    assert outcome.status is Status.STATE and "is an older copy" in outcome.messages[0]
    assert world.writes == [] and len(world.workflows()) == 2
    world.rebuild(project)
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    assert len(world.workflows()) == 2


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


def test_an_edit_between_plan_and_write_is_not_overwritten(world: World) -> None:
    world.begin(bundle(flow("a", "One.")))

    class EditingUi(Ui):
        def confirm(self, plan: object) -> bool:
            self.edited = True
            return True

    class EditingApp:
        """The dashboard saves an edit just before the second reading of the workflow."""

        def __init__(self) -> None:
            self.reads = 0

        async def __call__(self, scope: object, receive: object, send: object) -> None:
            if scope["method"] == "GET" and scope["path"].count("/") == 3:  # type: ignore[index]
                self.reads += 1
                if self.reads == 2:
                    async with world.client() as dashboard:
                        await dashboard.workflows.update(
                            world.state().resources["workflow.a"].id,
                            {"main_prompt": "By hand."},
                            idempotency_key="dashboard",
                        )
            await world.app(scope, receive, send)  # type: ignore[arg-type]

    outcome = world.deploy(bundle(flow("a", "Two.")), app=EditingApp())  # type: ignore[arg-type]

    assert outcome.status is Status.CONFLICT
    assert world.workflow("A").main_prompt == "By hand."
    assert world.state().pending == ()


def test_declining_changes_nothing(world: World) -> None:
    outcome = world.deploy(bundle(flow("a")), ui=Ui(answer=False))

    assert outcome.status is Status.DECLINED
    assert world.writes == []
    assert world.store().load() is None


def test_an_edit_to_a_workflow_that_is_orphaned_is_nobodys_business(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))
    world.edit("B", main_prompt="By hand.")

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.NOTHING_TO_DO
    assert outcome.plan is not None and outcome.plan.of(Action.KEEP)
