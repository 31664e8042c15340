"""Bringing a saved version back.

Only what differs, through the policies of the fields, and nothing that it does not tell of.
"""

from __future__ import annotations

import json
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.comparison.versions import parse_saved_versions
from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.resources.mark import mark_in
from flowdsl.deploy.restore import NoSuchVersion, Shelf, read_shelf, restore
from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import Ui, World, bundle, flow
from tests.deploy.ops_world import (
    Before,
    die_everywhere,
    nothing_secret,
    of_another_organization,
    perform,
)
from tests.support.effort import every

PATCH = "PATCH /v1/workflows/{id}"
SCHEMA = json.dumps({"type": "object", "properties": {"mrn": {"type": "string"}}})


def check(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": "run_attachment_exists", "file_names": [f"{name}.pdf"]} | fields


FIRST = bundle(
    flow("a", "One.", input_schema=SCHEMA, post_run_checks=[check("x"), check("y")], tags=["t"])
)
SECOND = bundle(
    flow("a", "Two.", title="Second", post_run_checks=[check("x", description="d")], tags=["t"])
)


def restored(world: World, number: int, *faults: Fault, **more: Any) -> Outcome:
    return perform(world, lambda job: restore(job, "workflow.a", number), *faults, **more)


def shelf_of(world: World, address: str = "workflow.a", **more: Any) -> Shelf:
    return perform(world, lambda job: read_shelf(job, address), **more)


@pytest.fixture
def deployed(world: World) -> World:
    world.begin(FIRST, SECOND)
    return world


def test_the_versions_are_listed_with_what_differs(deployed: World) -> None:
    deployed.edit("Second", main_prompt="Three.")

    shelf = shelf_of(deployed)

    assert [each.number for each in shelf.versions] == [1, 2]
    first, second = ([c.path for c in shelf.changes(each)] for each in shelf.versions)
    assert first == ["input_schema", "main_prompt", "name", "post_run_checks"]
    assert second == ["main_prompt"]
    assert deployed.writes == [] and deployed.state().lease is None


def test_a_version_comes_back_and_only_what_differs_is_sent(deployed: World) -> None:
    before = deployed.state()
    kept = {each.name: each.id for each in deployed.workflow("Second").post_run_checks or ()}

    outcome = restored(deployed, 1)

    assert outcome.status is Status.DONE
    assert [request.method for request in deployed.writes] == ["PATCH"]
    row = deployed.workflow("A")
    assert row.main_prompt == "One."
    assert json.loads(row.input_schema or "")["properties"] == {"mrn": {"type": "string"}}
    mark = mark_in(row.input_schema)
    assert mark is not None and mark.address == "workflow.a"
    assert (row.input_schema or "").count("flowdsl:") == 1, "one mark, not that of the version, too"
    checks = row.post_run_checks or []
    assert [each.name for each in checks] == ["x", "y"]
    assert checks[0].id == kept["x"] and checks[0].description is None
    assert [tag.name for tag in row.tags or ()] == ["t"]
    after = deployed.state()
    assert after.resources == before.resources and after.lease is None
    assert after.serial == before.serial + 2, "the lease, and its end"
    nothing_secret(deployed, outcome)
    assert "checkpoint" not in dict(deployed.ui.events), "nothing was recorded"


def test_the_next_deploy_calls_it_an_edit_and_the_end_says_so(deployed: World) -> None:
    outcome = restored(deployed, 1)

    (said,) = outcome.messages
    assert "`flowdsl pull workflow.a --env test`" in said and "`main_prompt`" in said
    assert "--on-drift overwrite" in said
    assert deployed.deploy(SECOND).status is Status.CONFLICT
    assert deployed.deploy(SECOND, on_drift="overwrite").status is Status.DONE
    assert deployed.deploy(SECOND).status is Status.NOTHING_TO_DO


def test_undoing_an_edit_of_the_dashboard_is_no_drift(deployed: World) -> None:
    deployed.edit("Second", main_prompt="By hand.")

    outcome = restored(deployed, 2)

    assert outcome.messages == ("`workflow.a` is as it was last deployed",)
    assert deployed.deploy(SECOND).status is Status.NOTHING_TO_DO


def test_a_check_that_was_renamed_since_keeps_its_id(world: World) -> None:
    world.begin(bundle(flow("a", post_run_checks=[check("x"), check("y")])))
    x, y = world.workflow("A").post_run_checks or []
    world.edit("A", post_run_checks=[{**check("renamed"), "id": x.id}, {**check("y"), "id": y.id}])

    assert restored(world, 1).status is Status.DONE
    checks = world.workflow("A").post_run_checks or []
    assert [(each.name, each.id) for each in checks] == [("x", x.id), ("y", y.id)]


def test_what_a_version_does_not_tell_of_stays_and_is_named(deployed: World) -> None:
    models = {"main_agent_model_id": None}
    default = deployed.ask(lambda client: client.model_configurations.list())[0].id
    deployed.edit(
        "Second",
        model_metadata={**models, "main_agent_model_id": default},
        is_webhooks_enabled=True,
    )

    restored(deployed, 1)

    row = deployed.workflow("A")
    assert row.is_webhooks_enabled is True
    assert (row.model_metadata or {})["main_agent_model_id"] == default
    (plan,) = deployed.ui.plans
    assert "`is_webhooks_enabled`" in plan.notes[0] and "`model_metadata`" in plan.notes[0]


def test_a_version_that_is_there_already_is_nothing_to_do(deployed: World) -> None:
    restored(deployed, 1)
    before = deployed.state_text()

    assert restored(deployed, 1).status is Status.NOTHING_TO_DO
    assert deployed.writes == [] and deployed.state_text() == before


@pytest.mark.parametrize("number", [2, 9])
def test_a_number_that_no_version_has(deployed: World, number: int) -> None:
    with pytest.raises(NoSuchVersion, match="there is 1 only"):
        restored(deployed, number)
    deployed.edit("Second", main_prompt="Three.")
    with pytest.raises(NoSuchVersion, match="there are 1 to 2"):
        restored(deployed, 9)


def test_an_address_that_is_not_tracked(deployed: World) -> None:
    with pytest.raises(NoSuchAddress, match=r"`workflow.a` exists"):
        perform(deployed, lambda job: restore(job, "workflow.aa", 1))
    with pytest.raises(NoSuchAddress, match=r"`tag.t` is no address"):
        perform(deployed, lambda job: restore(job, "tag.t", 1))


def test_declining_changes_nothing(deployed: World) -> None:
    before = deployed.state_text()

    assert restored(deployed, 1, ui=Ui(answer=False)).status is Status.DECLINED
    assert deployed.writes == [] and deployed.state_text() == before


def test_a_workflow_that_is_gone_takes_its_versions_along(deployed: World) -> None:
    deployed.deploy(bundle(*SECOND.workflows, flow("other")))
    gone = deployed.workflow("Second").id
    deployed.ask(lambda client: client.workflows.delete(gone, idempotency_key="1"))

    outcome = restored(deployed, 1)

    assert outcome.status is Status.CONFLICT and "--recreate workflow.a" in outcome.messages[0]


async def by_hand(client: Any) -> None:
    (row,) = await client.workflows.list_all()
    patch = {"main_prompt": "By hand."}
    await client.workflows.update(row.id, patch, idempotency_key="by hand")


def test_an_edit_after_it_was_shown_is_not_overwritten(deployed: World) -> None:
    app = Before(deployed, "GET", 3, 2, by_hand)

    outcome = restored(deployed, 1, app=app)

    assert outcome.status is Status.CONFLICT
    assert "`main_prompt` of `workflow.a` was edited" in outcome.results[0].message
    assert deployed.workflow("Second").main_prompt == "By hand."
    assert deployed.state().lease is None


def test_an_edit_between_reading_and_writing_is_said_and_can_be_brought_back(
    deployed: World,
) -> None:
    app = Before(deployed, "PATCH", 3, 1, by_hand)

    outcome = restored(deployed, 1, app=app)

    assert outcome.status is Status.CONFLICT
    (result,) = outcome.results
    assert result.reason == "lost_update" and "--version 3" in result.message
    assert restored(deployed, 3).status is Status.DONE
    assert deployed.workflow("Second").main_prompt == "By hand."


@pytest.mark.parametrize(
    ("kind", "max_retries"),
    every(3, list(product(["before", "after", "html_502", "truncated", "status"], [0, 3]))),
)
def test_a_broken_patch_is_healed_by_running_again(
    deployed: World, kind: str, max_retries: int
) -> None:
    first = restored(deployed, 1, Fault(PATCH, 1, kind), max_retries=max_retries)  # type: ignore[arg-type]

    assert first.status in (Status.DONE, Status.PARTIAL, Status.UNKNOWN)
    if kind == "after":
        assert first.status is Status.DONE, "it is looked up at once"
    again = restored(deployed, 1)
    assert again.status is (Status.NOTHING_TO_DO if first.status is Status.DONE else Status.DONE)
    assert deployed.workflow("A").main_prompt == "One."
    assert deployed.state().lease is None


def test_a_write_that_cannot_be_read_again_is_never_called_nothing(deployed: World) -> None:
    outcome = restored(deployed, 1, Fault("GET /v1/workflows/{id}", 3, "before"))

    assert outcome.status is Status.PARTIAL
    assert deployed.workflow("A").main_prompt == "One."


def test_a_refusal(deployed: World) -> None:
    outcome = restored(deployed, 1, Fault(PATCH, 1, "status", status=422))

    assert outcome.status is Status.PARTIAL
    assert deployed.workflow("Second").main_prompt == "Two."


def test_a_crash_at_any_call_is_healed_by_running_again(deployed: World, folder: Path) -> None:
    for again in die_everywhere(deployed, partial(restored, number=1), folder):
        assert restored(again, 1).status in (Status.DONE, Status.NOTHING_TO_DO)
        assert again.workflow("A").main_prompt == "One."
        assert again.deploy(SECOND, on_drift="overwrite").status is Status.DONE
        assert again.state().lease is None


def test_a_key_of_another_organisation(deployed: World) -> None:
    outcome = restored(deployed, 1, app=of_another_organization(deployed))

    assert outcome.status is Status.ACCESS
    assert deployed.writes == []


def test_a_stop_before_the_write(deployed: World) -> None:
    outcome = restored(deployed, 1, stop=lambda: "the deploy is interrupted")

    assert outcome.status is Status.INTERRUPTED
    assert deployed.writes == [] and deployed.state().lease is None


def test_what_the_dashboard_owns_stays(deployed: World) -> None:
    deployed.retarget(ignored=frozenset({"name"}))

    assert restored(deployed, 1).status is Status.DONE
    assert deployed.workflow("Second").main_prompt == "One."


def test_a_model_that_is_gone_is_said_before_anything_is_written(deployed: World) -> None:
    gone = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    checks = [{**check("z"), "type": "output_data_agentic_check", "model": gone}]
    deployed.edit("Second", post_run_checks=checks)
    deployed.edit("Second", post_run_checks=[])

    outcome = restored(deployed, 3)

    assert outcome.status is Status.CONFLICT and gone in outcome.messages[0]
    assert deployed.writes == []


USELESS: list[tuple[dict[str, Any], str]] = [
    ({}, "no field"),
    ({"id": "x", "tags": [], "version": 3}, "no field"),
    ({"main_prompt": ""}, "`main_prompt`"),
    ({"main_prompt": None}, "`main_prompt`"),
    ({"main_prompt": ["One."]}, "`main_prompt`"),
    ({"name": "x" * 300}, "`name`"),
    ({"input_schema": {"type": "object"}}, "`input_schema`"),
    ({"terminal_command_allowlist": [1]}, "`terminal_command_allowlist.0`"),
    ({"post_run_checks": "none"}, "not a list of objects"),
    ({"post_run_checks": ["x"]}, "not a list of objects"),
    ({"post_run_checks": [{"type": "run_attachment_exists"}]}, "`post_run_checks.0.name`"),
    ({"post_run_checks": [{"name": "x", "type": "human_review"}]}, "`post_run_checks.0.type`"),
    ({"model_metadata": "default"}, "not an object"),
    ({"model_metadata": {"main_agent_model_id": "no id"}}, "model_metadata.main_agent_model_id"),
]


@pytest.mark.parametrize(("fields", "words"), USELESS)
def test_a_version_of_another_shape_is_named_and_cannot_be_brought_back(
    fields: dict[str, Any], words: str
) -> None:
    (restorable,) = parse_saved_versions([{**fields, "updated_at": "2026-01-01T00:00:00Z"}])

    assert words in restorable.problem and restorable.values == {}


@pytest.mark.parametrize("raw", [None, "x", 3, {}, [1, None, "x"], [[]]])
def test_a_reply_of_another_shape_holds_no_versions(raw: object) -> None:
    assert parse_saved_versions(raw) == ()


def test_null_says_nothing_of_what_it_cannot_clear() -> None:
    (restorable,) = parse_saved_versions(
        [{"main_prompt": "x", "is_webhooks_enabled": None, "post_run_checks": None, "name": None}]
    )

    assert restorable.values == {"main_prompt": "x", "name": None}


def test_nothing_that_is_read_only_is_ever_sent(deployed: World) -> None:
    sent: list[dict[str, Any]] = []

    class Recording:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["method"] != "PATCH":
                await deployed.app(scope, receive, send)
                return
            message = await receive()
            sent.append(json.loads(message["body"]))

            left = [message]

            async def again() -> Any:
                return left.pop() if left else await receive()

            await deployed.app(scope, again, send)

    restored(deployed, 1, app=Recording())

    (body,) = sent
    assert body.keys() == {"main_prompt", "name", "input_schema", "post_run_checks"}
    for item in body["post_run_checks"]:
        assert item.keys().isdisjoint(
            {"order", "organization_id", "user_id", "created_at", "updated_at"}
        )


@pytest.mark.parametrize(
    "content",
    [
        {"post_run_checks": "none"},
        {"post_run_checks": [1]},
        {"terminal_command_allowlist": [{}]},
        {"terminal_command_allowlist": 3},
        {"input_schema": {"a": []}},
    ],
)
def test_versions_of_another_shape_stop_no_deploy(deployed: World, content: dict[str, Any]) -> None:
    """The service may save something else than we know, also beside what a deploy looks at."""
    with deployed.emulator.write("org_local") as transaction:
        statement = "UPDATE workflow_versions SET content = ?"
        transaction.connection.exec_driver_sql(statement, (json.dumps(content),))

    outcome = deployed.deploy(FIRST)

    assert outcome.status in (Status.DONE, Status.CONFLICT)
    assert deployed.deploy(FIRST).status is Status.NOTHING_TO_DO
