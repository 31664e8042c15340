"""What a deploy leaves out stays as it is.

Stopped early, limited to some workflows, or skipping what was edited.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.deploy.job import Job
from flowdsl.deploy.outcome import Status
from flowdsl.deploy.planning.plan import Plan
from flowdsl.emulator.faults import Fault
from flowdsl.state.document import DeployedSource
from tests.deploy import deploy_world
from tests.deploy.deploy_world import Ui, World, bundle, flow

CREATE = "POST /v1/workflows"
EARLIER, LATER = "c" * 40, "d" * 40


@dataclass
class Checkout:
    """The commit that deploys come from."""

    commit: str = EARLIER


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> Checkout:
    found = Checkout()

    def job(*arguments: object, **options: object) -> Job:
        source = DeployedSource(commit=found.commit)
        return Job(*arguments, source=source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(deploy_world, "Job", job)
    return found


def ids(world: World) -> dict[str, str]:
    return {address: each.id for address, each in world.state().resources.items()}


def everything_is_known(world: World) -> bool:
    return set(ids(world).values()) == {row.id for row in world.workflows()}


# Stopped


def test_what_had_not_begun_is_told_and_the_commit_is_not_taken_for_deployed(
    world: World, checkout: Checkout
) -> None:
    world.deploy(bundle(flow("a", "One.")))
    checkout.commit = LATER
    project = bundle(flow("a", "Two."), flow("b"))
    stopped = world.deploy(project, stop=lambda: "the time is over")
    assert stopped.status is Status.PARTIAL
    assert [(each.address, each.outcome, each.message) for each in stopped.results] == [
        ("workflow.a", "not_attempted", "the time is over"),
        ("workflow.b", "not_attempted", "the time is over"),
    ]
    assert stopped.messages == ("not all was begun: the time is over",)
    assert world.writes == [] and world.state().pending == ()
    assert world.state().source == DeployedSource(commit=EARLIER)
    world.deploy(project)
    assert world.state().source == DeployedSource(commit=LATER)


def test_a_tag_that_was_not_begun_is_not_nothing_to_do(world: World) -> None:
    world.retarget(declared={"tag": {"ehr": {}}})
    stopped = world.deploy(bundle(), stop=lambda: "the time is over")
    assert stopped.status is Status.PARTIAL
    assert [(each.address, each.outcome) for each in stopped.results] == [
        ("tag.ehr", "not_attempted")
    ]
    assert world.writes == []


def test_workflows_whose_tag_could_not_be_made_are_not_attempted(world: World) -> None:
    world.retarget(declared={"tag": {"ehr": {}}})
    failed = world.deploy(
        bundle(flow("a", tags=["ehr"])), Fault("POST /v1/workflow-tags", None, "html_502")
    )
    assert [(each.address, each.outcome) for each in failed.results] == [
        ("tag.ehr", "failed"),
        ("workflow.a", "not_attempted"),
    ]


def test_a_commit_of_which_a_part_was_skipped_is_not_the_deployed_one(
    world: World, checkout: Checkout
) -> None:
    world.deploy(bundle(flow("a", "One."), flow("b", "One.")))
    world.edit("A", main_prompt="By hand.")
    checkout.commit = LATER
    project = bundle(flow("a", "Two."), flow("b", "Two."))
    assert world.deploy(project, on_drift="skip").status is Status.DONE
    assert world.state().source == DeployedSource(commit=EARLIER)
    assert world.deploy(project, on_drift="overwrite").status is Status.DONE
    assert world.state().source == DeployedSource(commit=LATER)


# Moves


@dataclass(frozen=True)
class Moves:
    """A project before and after workflows have changed their names."""

    before: Bundle
    after: Bundle


MOVES = {
    "two that change places": Moves(
        bundle(flow("a", "1"), flow("b", "2")),
        bundle(flow("a", "1", renamed_from="b"), flow("b", "2", renamed_from="a")),
    ),
    "a new one under the old name": Moves(
        bundle(flow("a", "1")), bundle(flow("a", "2"), flow("b", "1", renamed_from="a"))
    ),
    "one after the other": Moves(
        bundle(flow("a", "1"), flow("b", "2"), flow("x", "3")),
        bundle(flow("b", "1", renamed_from="a"), flow("c", "2", renamed_from="b"), flow("x", "4")),
    ),
}
NAMES = ("workflow.a", "workflow.b", "workflow.c", "workflow.x")


@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES.keys())
def test_no_choice_of_workflows_loses_one(world: World, tmp_path: Path, moves: Moves) -> None:
    world.begin(moves.before)
    world.close()
    known = {f"workflow.{each.name}" for each in moves.after.workflows}
    choices = [set(some) for n in (1, 2, 3) for some in combinations(sorted(known), n)]
    for number, only in enumerate(choices):
        copy = world.copy_to(tmp_path.parent / f"{tmp_path.name}-{number}")
        before = ids(copy)
        outcome = copy.deploy(moves.after, only=frozenset(only))
        if outcome.status is Status.CONFLICT:
            assert ids(copy) == before and copy.writes == []
            assert "name both with `--only`" in outcome.messages[0]
        else:
            assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO)
            assert everything_is_known(copy), only
        assert copy.deploy(moves.after).status in (Status.DONE, Status.NOTHING_TO_DO)
        assert everything_is_known(copy)
        assert copy.plan(moves.after).is_empty
        copy.close()


@pytest.mark.parametrize("edited", ["A", "B"])
@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES.keys())
def test_what_was_edited_can_be_skipped_without_losing_what_moves(
    world: World, moves: Moves, edited: str
) -> None:
    world.begin(moves.before)
    if edited not in {row.name for row in world.workflows()}:
        return
    world.edit(edited, main_prompt="By hand.")
    before = ids(world)
    world.deploy(moves.after, on_drift="skip")
    assert set(before.values()) <= set(ids(world).values())
    assert everything_is_known(world)
    assert world.deploy(moves.after, on_drift="overwrite").status is Status.DONE
    assert everything_is_known(world)
    assert world.plan(moves.after).is_empty


def test_what_is_left_alone_because_of_a_skipped_one_is_said(world: World) -> None:
    moves = MOVES["one after the other"]
    world.begin(moves.before)
    world.edit("B", main_prompt="By hand.")
    outcome = world.deploy(moves.after, on_drift="skip")
    edited, as_well = outcome.messages
    assert "`main_prompt` of `workflow.c` was edited" in edited
    assert "`workflow.b` is left as it is as well" in as_well and "`workflow.c`" in as_well


# Edits that nobody has seen


class Editing(Ui):
    """Somebody edits a workflow while the question is asked."""

    def __init__(self, edit: Callable[[], None], **how: str) -> None:
        super().__init__(**how)  # type: ignore[arg-type]
        self.edit = edit

    def confirm(self, plan: Plan) -> bool:
        other = threading.Thread(target=self.edit)  # its requests need an event loop of their own
        other.start()
        other.join()
        return True


def test_an_edit_of_what_is_adopted_is_not_overwritten(world: World) -> None:
    world.begin(bundle(flow("a", "By hand.")))
    (row,) = world.workflows()
    (world.root / ".flowdsl/state/test.json").unlink()
    world.retarget(adopted={"workflow.a": row.id})
    ui = Editing(lambda: world.edit("A", main_prompt="Later."))
    outcome = world.deploy(bundle(flow("a", "From source.")), ui=ui)
    assert outcome.status is Status.CONFLICT
    assert world.workflow("A").main_prompt == "Later."


def test_a_second_edit_of_what_is_overwritten_on_purpose_is_not(world: World) -> None:
    world.begin(bundle(flow("a", "One.")))
    world.edit("A", main_prompt="Seen.")
    ui = Editing(lambda: world.edit("A", main_prompt="Not seen."))
    outcome = world.deploy(bundle(flow("a", "Two.")), ui=ui, on_drift="overwrite")
    assert outcome.status is Status.CONFLICT
    assert world.workflow("A").main_prompt == "Not seen."


def test_an_edit_of_a_field_that_is_new_in_the_source_is_not_overwritten(world: World) -> None:
    theirs = '{"type": "object", "properties": {"theirs": {"type": "string"}}}'
    ours = theirs.replace("theirs", "ours")
    world.begin(bundle(flow("a")))
    ui = Editing(lambda: world.edit("A", output_schema=theirs))
    outcome = world.deploy(bundle(flow("a", output_schema=ours)), ui=ui)
    assert outcome.status is Status.CONFLICT
    assert world.workflow("A").output_schema == theirs


# Writes that an earlier deploy left open


def lose_creation(world: World, project: Bundle) -> None:
    outcome = world.deploy(
        project, Fault(CREATE, None, "before"), Fault("GET /v1/workflows", 2, "html_502")
    )
    assert outcome.status is Status.UNKNOWN


def test_a_creation_that_is_not_chosen_is_not_sent_again(world: World) -> None:
    world.begin(bundle(flow("y", "One.")))
    lose_creation(world, bundle(flow("x"), flow("y", "One.")))
    both = bundle(flow("x"), flow("y", "Two."))
    chosen = world.deploy(both, only=frozenset({"workflow.y"}))
    assert chosen.status is Status.DONE
    assert [row.name for row in world.workflows()] == ["Y"]
    assert [each.address for each in world.state().pending] == ["workflow.x"]
    assert world.deploy(both).status in (Status.DONE, Status.NOTHING_TO_DO)
    assert [row.name for row in world.workflows()] == ["X", "Y"]
    assert world.state().pending == () and everything_is_known(world)


def test_a_chosen_workflow_is_found_under_the_name_it_had(world: World) -> None:
    world.begin(bundle(flow("y")))
    outcome = world.deploy(
        bundle(flow("x"), flow("y")),
        Fault(CREATE, None, "after"),
        Fault("GET /v1/workflows", 2, "html_502"),
    )
    assert outcome.status is Status.UNKNOWN
    renamed = bundle(flow("z", title="X", renamed_from="x"), flow("y"))
    chosen = world.deploy(renamed, only=frozenset({"workflow.z"}))
    assert chosen.status in (Status.DONE, Status.NOTHING_TO_DO)
    assert [row.name for row in world.workflows()] == ["X", "Y"]
    assert everything_is_known(world)


def test_what_a_recovered_creation_protects_is_protected(world: World) -> None:
    with pytest.raises(deploy_world.Crash):
        world.deploy(bundle(flow("a", protect=True)), crash_api=(2, True))
    assert [row.name for row in world.workflows()] == ["A"], "the second request creates it"
    world.edit("A", main_prompt="By hand.")
    assert world.deploy(bundle(flow("a", protect=True))).status is Status.CONFLICT
    assert world.state().resources["workflow.a"].protect


def test_two_addresses_cannot_adopt_one_workflow(world: World) -> None:
    world.begin(bundle(flow("a")))
    (row,) = world.workflows()
    (world.root / ".flowdsl/state/test.json").unlink()
    world.retarget(adopted={"workflow.a": row.id, "workflow.b": row.id.upper()})
    outcome = world.deploy(bundle(flow("a"), flow("b")))
    assert outcome.status is Status.CONFLICT
    assert "are both to adopt" in outcome.messages[0]
