"""Fields newer than this version, which the source passes through with `extra`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.cyberdesk.models.workflow import WorkflowCreate, WorkflowPatch
from flowdsl.deploy.outcome import Outcome, Status
from tests.deploy.deploy_world import Crash, World, bundle, flow, world_app

KNOWN = frozenset(WorkflowCreate.model_fields)


def check(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": "run_attachment_exists", **fields}


class KeepingApp:
    """A service of next year.

    It keeps the fields that the emulator does not know, and answers with them.

    What a check does not carry in a request falls back to nothing, as the contract leaves open.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.kept: dict[str, dict[str, Any]] = {}
        self.kept_in_checks: dict[str, dict[str, dict[str, Any]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent, reply = bytearray(), bytearray()
        start: Message = {}

        async def overhear() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                reply.extend(message.get("body", b""))

        await self._app(scope, overhear, collect)
        value = json.loads(reply) if reply else None
        if scope["path"].startswith("/v1/workflows") and isinstance(value, dict):
            if scope["method"] in ("POST", "PATCH") and "main_prompt" in value:
                self._keep(value["id"], json.loads(sent))
            for row in value.get("items", [value]):
                self._add_kept(row)
            reply[:] = json.dumps(value).encode()
        start["headers"] = [
            (name, str(len(reply)).encode() if name == b"content-length" else text)
            for name, text in start["headers"]
        ]
        await send(start)
        await send({"type": "http.response.body", "body": bytes(reply)})

    def _keep(self, workflow_id: str, body: dict[str, Any]) -> None:
        newer = {key: value for key, value in body.items() if key not in KNOWN}
        self.kept.setdefault(workflow_id, {}).update(newer)
        if "post_run_checks" in body:
            self.kept_in_checks[workflow_id] = {
                item["name"]: {key: item[key] for key in item if key.startswith("new_")}
                for item in body["post_run_checks"]
            }

    def _add_kept(self, row: dict[str, Any]) -> None:
        row.update(self.kept.get(row.get("id", ""), {}))
        for item in row.get("post_run_checks") or ():
            item.update(self.kept_in_checks.get(row["id"], {}).get(item["name"], {}))


@pytest.fixture
def keeping(world: World) -> KeepingApp:
    return KeepingApp(world_app(world.emulator, strict=False))


def remarks(outcome: Outcome) -> list[str]:
    return [result.message for result in outcome.results if result.message]


def test_a_field_the_service_drops_is_said_once_and_never_sent_again(world: World) -> None:
    world.app = world_app(world.emulator, strict=False)
    project = bundle(flow("a", new_speed="fast", post_run_checks=[check("c", new_level=3)]))

    first = world.deploy(project)

    assert first.status is Status.DONE
    assert remarks(first) == [
        "the service dropped `new_speed`, `post_run_checks.c.new_level`, which it does not know"
    ]
    before = world.state_text()
    again = world.deploy(project)
    assert again.status is Status.NOTHING_TO_DO
    assert (world.writes, remarks(again), world.state_text()) == ([], [], before)


def test_another_change_does_not_repeat_what_was_said(world: World) -> None:
    world.app = world_app(world.emulator, strict=False)
    world.deploy(bundle(flow("a", "One.", new_speed="fast")))

    prompt_only = world.deploy(bundle(flow("a", "Two.", new_speed="fast")))
    assert (prompt_only.status, remarks(prompt_only)) == (Status.DONE, [])

    other_value = world.deploy(bundle(flow("a", "Two.", new_speed="slow")))
    assert (other_value.status, len(remarks(other_value))) == (Status.DONE, 1)
    assert world.deploy(bundle(flow("a", "Two."))).status is Status.NOTHING_TO_DO
    assert world.state().resources["workflow.a"].dropped == {}


def test_a_field_the_service_keeps_is_managed_like_any_other(
    world: World, keeping: KeepingApp
) -> None:
    one = bundle(flow("a", new_speed={"steps": [1, 2.0]}, new_mode=None))
    outcome = world.deploy(one, app=keeping)
    workflow_id = world.workflow("A").id

    assert (outcome.status, remarks(outcome)) == (Status.DONE, [])
    assert keeping.kept[workflow_id]["new_speed"] == {"steps": [1, 2.0]}
    assert world.deploy(one, app=keeping).status is Status.NOTHING_TO_DO

    two = bundle(flow("a", new_speed={"steps": [3]}))
    assert world.deploy(two, app=keeping).status is Status.DONE
    assert keeping.kept[workflow_id]["new_speed"] == {"steps": [3]}

    keeping.kept[workflow_id]["new_speed"] = "by hand"
    drifted = world.deploy(two, app=keeping)
    assert drifted.status is Status.CONFLICT
    assert "`new_speed` of `workflow.a`" in drifted.messages[0]
    assert world.deploy(two, app=keeping, on_drift="overwrite").status is Status.DONE

    none = bundle(flow("a"))
    assert world.deploy(none, app=keeping).status is Status.DONE
    assert keeping.kept[workflow_id]["new_speed"] is None, "a field that left the source is reset"
    keeping.kept[workflow_id]["new_speed"] = "by hand"
    assert world.deploy(none, app=keeping).status is Status.NOTHING_TO_DO, "and then left alone"


def test_a_check_passes_fields_through_and_keeps_what_the_service_has(
    world: World, keeping: KeepingApp
) -> None:
    def project(*checks: dict[str, Any]) -> Any:
        return bundle(flow("a", post_run_checks=list(checks)))

    def kept() -> dict[str, dict[str, Any]]:
        return keeping.kept_in_checks[world.workflow("A").id]

    world.deploy(project(check("c", new_level=1), check("d. e")), app=keeping)
    kept()["d. e"]["new_by_dashboard"] = True
    assert (
        world.deploy(project(check("c", new_level=1), check("d. e")), app=keeping).status
        is Status.NOTHING_TO_DO
    )

    world.deploy(project(check("c", new_level=2), check("d. e")), app=keeping)
    assert kept() == {"c": {"new_level": 2}, "d. e": {"new_by_dashboard": True}}

    world.deploy(project(check("c"), check("d. e", new_level=1)), app=keeping)
    assert kept() == {"c": {"new_level": None}, "d. e": {"new_by_dashboard": True, "new_level": 1}}
    last = project(check("c"))
    assert world.deploy(last, app=keeping).status is Status.DONE
    assert world.deploy(last, app=keeping).status is Status.NOTHING_TO_DO


def test_a_service_that_learns_a_field_gets_it_without_a_false_alarm(
    world: World, keeping: KeepingApp
) -> None:
    project = bundle(flow("a", new_speed="fast"))
    world.app = world_app(world.emulator, strict=False)
    world.deploy(project)
    workflow_id = world.workflow("A").id
    keeping.kept[workflow_id] = {"new_speed": None}

    outcome = world.deploy(project, app=keeping)

    assert outcome.status is Status.DONE, "a default of the service is nobody's edit"
    assert keeping.kept[workflow_id] == {"new_speed": "fast"}
    assert world.deploy(project, app=keeping).status is Status.NOTHING_TO_DO
    assert world.state().resources["workflow.a"].dropped == {}


@pytest.mark.parametrize("field", sorted(WorkflowCreate.never_sent))
def test_what_belongs_to_the_service_is_refused_by_name(world: World, field: str) -> None:
    artifact = flow("a")
    artifact.payload[field] = "x"

    outcome = world.deploy(bundle(artifact))

    assert outcome.status is Status.INVALID
    assert f"the field `{field}` belongs to the service" in outcome.messages[0]
    assert world.writes == []


@pytest.mark.parametrize(
    "field", ["id", "order", "organization_id", "user_id", "created_at", "updated_at"]
)
def test_what_belongs_to_the_service_in_a_check_is_refused_by_name(
    world: World, field: str
) -> None:
    outcome = world.deploy(bundle(flow("a", post_run_checks=[check("c", **{field: "x"})])))

    assert outcome.status is Status.INVALID
    assert f"the field `{field}` of the check `c` belongs to the service" in outcome.messages[0]


def test_a_crash_around_a_passed_field_is_healed(world: World) -> None:
    """Killed after the creation: the next deploy ends with nothing left to say or send."""
    world.app = world_app(world.emulator, strict=False)
    project = bundle(flow("a", new_speed="fast"))
    with pytest.raises(Crash):
        world.deploy(project, crash_api=(2, True))

    assert world.deploy(project).status is Status.DONE
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    assert len(world.workflows()) == 1


def test_our_own_bodies_stay_closed() -> None:
    for model in (WorkflowCreate, WorkflowPatch):
        with pytest.raises(ValueError, match="main_promtp"):
            model.model_validate({"main_prompt": "x", "main_promtp": "y"})
        body = model.model_validate({"main_prompt": "x"})
        with pytest.raises(ValueError, match="`main_prompt`"):
            body.copy_passing({"main_prompt": "y"})
        with pytest.raises(ValueError, match="`tags`"):
            body.copy_passing({"tags": []})
        assert body.copy_passing({"new": 1}).to_wire()["new"] == 1
        assert "new" not in body.to_wire()
