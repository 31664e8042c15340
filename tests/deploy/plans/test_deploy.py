"""What a deploy sends and keeps, against the emulator."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from flowdsl.codegen.artifacts import ImageFile, ModelAlias, ModelName, Template
from flowdsl.cyberdesk.models.model_configuration import ModelConfigurationCreate
from flowdsl.cyberdesk.models.tag import TagCreate, TagGroupCreate
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.deploy.outcome import Status
from flowdsl.deploy.planning.plan import Action
from flowdsl.deploy.resources.mark import mark_in
from tests.deploy.deploy_world import World, bundle, flow, image_prompt

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def check(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "run_attachment_exists",
        "file_target_mode": "exact",
        "file_names": [f"{name}.pdf"],
        **fields,
    }


def picture(content: bytes = PNG) -> ImageFile:
    return ImageFile(sha256(content).hexdigest(), "png", "image/png", content)


def test_first_deploy_creates_each_workflow_with_its_mark(world: World) -> None:
    schema = json.dumps({"type": "object", "properties": {"mrn": {"type": "string"}}})

    outcome = world.deploy(bundle(flow("look_up", input_schema=schema), flow("enter")))

    assert outcome.status is Status.DONE
    created = world.workflow("Look Up")
    mark = mark_in(created.input_schema)
    assert mark is not None
    assert (mark.project, mark.environment, mark.address) == ("prj_1", "test", "workflow.look_up")
    assert next(iter(json.loads(created.input_schema or ""))) == "$comment"
    assert mark_in(world.workflow("Enter").input_schema) is not None
    state = world.state()
    assert state.resources["workflow.look_up"].id == created.id
    assert state.pending == () and state.lease is None
    assert state.organization_id == created.organization_id


def test_second_deploy_writes_nothing_anywhere(world: World) -> None:
    project = bundle(
        flow(
            "look_up",
            tags=["ehr"],
            output_schema='{ "type": "object" ,"properties":{"a":{"const":1.0}}}',
            terminal_command_allowlist=["b", "a"],
            includes_file_exports=False,
            post_run_checks=[check("a"), check("b", allow_missing_attachments=True)],
        )
    )
    world.begin(project)
    before = world.state_text()

    outcome = world.deploy(project)

    assert outcome.status is Status.NOTHING_TO_DO
    assert outcome.plan is not None and outcome.plan.is_empty
    assert world.writes == []
    assert world.state_text() == before


def test_an_update_sends_only_the_changed_field(world: World) -> None:
    world.begin(bundle(flow("look_up", "One.", output_schema="{}"), flow("other")))
    world.edit("Look Up", is_webhooks_enabled=True)

    outcome = world.deploy(bundle(flow("look_up", "Two.", output_schema="{}"), flow("other")))

    assert outcome.status is Status.DONE
    workflow_id = world.workflow("Look Up").id
    assert [(r.method, r.path) for r in world.writes] == [("PATCH", f"/v1/workflows/{workflow_id}")]
    changed = world.workflow("Look Up")
    assert changed.main_prompt == "Two."
    assert changed.is_webhooks_enabled is True, "a field the source does not declare is not ours"
    assert mark_in(changed.input_schema) is not None
    versions = world.ask(lambda client: client.workflows.versions(workflow_id))
    assert len(versions) == 2, "one for the edit, one for the deploy"


def test_a_dropped_field_is_reset_once_and_then_left_alone(world: World) -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {}}})
    world.begin(bundle(flow("a", is_webhooks_enabled=True, input_schema=schema)))

    world.deploy(bundle(flow("a")))

    cleared = world.workflow("A")
    assert cleared.is_webhooks_enabled is False
    assert "properties" not in json.loads(cleared.input_schema or "")
    assert mark_in(cleared.input_schema) is not None, "a mark survives the clearing of its schema"
    world.edit("A", is_webhooks_enabled=True)
    assert world.deploy(bundle(flow("a"))).status is Status.NOTHING_TO_DO
    assert world.workflow("A").is_webhooks_enabled is True


def test_checks_keep_their_ids_and_what_is_not_ours(world: World) -> None:
    world.begin(bundle(flow("a", post_run_checks=[check("x"), check("y"), check("z")])))
    before = {c.name: c.id for c in world.workflow("A").post_run_checks or ()}

    world.deploy(
        bundle(flow("a", post_run_checks=[check("z"), check("y", description="new"), check("w")]))
    )

    after = world.workflow("A").post_run_checks or []
    ids = {c.name: c.id for c in after}
    assert [c.name for c in after] == ["z", "y", "w"]
    assert (ids["y"], ids["z"]) == (before["y"], before["z"])
    assert ids["w"] not in before.values()
    assert world.state().resources["workflow.a"].children == ids


def test_a_check_renamed_in_the_dashboard_keeps_its_id(world: World) -> None:
    project = bundle(flow("a", post_run_checks=[check("x")]))
    world.begin(project)
    original = (world.workflow("A").post_run_checks or [])[0]
    world.edit("A", post_run_checks=[check("renamed", id=original.id)])

    outcome = world.deploy(project, on_drift="overwrite")

    assert outcome.status is Status.DONE
    assert [(c.id, c.name) for c in world.workflow("A").post_run_checks or ()] == [
        (original.id, "x")
    ]


def test_tags_are_managed_three_way(world: World) -> None:
    world.retarget(every_workflow_tags=("team",))
    world.begin(bundle(flow("a", tags=["old", "stays"])))
    tag = world.ask(
        lambda client: client.tags.create(TagCreate(name="by hand"), idempotency_key="1")
    )
    workflow_id = world.workflow("A").id
    world.ask(lambda client: client.workflows.add_tags(workflow_id, [tag.id], idempotency_key="2"))

    outcome = world.deploy(bundle(flow("a", tags=["stays", "new"])))

    assert outcome.status is Status.DONE
    names = {tag.name for tag in world.workflow("A").tags or ()}
    assert names == {"team", "stays", "new", "by hand"}
    assert world.state().resources["workflow.a"].tags == ("new", "stays", "team")


def test_a_tag_that_somebody_else_put_there_is_never_taken_off(world: World) -> None:
    world.begin(bundle(flow("a")))
    tag = world.ask(lambda client: client.tags.create(TagCreate(name="t"), idempotency_key="1"))
    workflow_id = world.workflow("A").id
    world.ask(lambda client: client.workflows.add_tags(workflow_id, [tag.id], idempotency_key="2"))

    world.deploy(bundle(flow("a", tags=["t"])))
    world.deploy(bundle(flow("a")))

    assert [tag.name for tag in world.workflow("A").tags or ()] == ["t"]


def test_declared_groups_tags_and_models_are_made_in_order_and_kept_up_to_date(
    world: World,
) -> None:
    world.retarget(
        declared={
            "tag": {"urgent": {"color": "red", "group": "priority"}},
            "tag_group": {"priority": {"description": "how soon"}},
            "model": {"Reader": {"provider": "anthropic", "model": "m1"}},
        },
        models={"reader": "Reader"},
    )
    project = bundle(
        flow(
            "a", tags=["urgent"], model_metadata={"cache_detection_model_id": ModelAlias("reader")}
        )
    )

    assert world.deploy(project).status is Status.DONE
    assert world.deploy(project).status is Status.NOTHING_TO_DO
    (tag,) = world.ask(lambda client: client.tags.list())
    assert tag.group is not None and tag.group.name == "priority"
    models = {m.name: m.id for m in world.ask(lambda client: client.model_configurations.list())}
    metadata = world.workflow("A").model_metadata or {}
    assert metadata["cache_detection_model_id"] == models["Reader"]

    world.retarget(
        declared={
            "tag": {"urgent": {"group": "priority"}},
            "tag_group": {"priority": {"description": "how soon"}},
            "model": {"Reader": {"provider": "anthropic", "model": "m2"}},
        }
    )
    outcome = world.deploy(project)
    assert outcome.status is Status.DONE
    assert sorted(request.method for request in world.writes) == ["PATCH", "PATCH"]
    (tag,) = world.ask(lambda client: client.tags.list())
    assert tag.color is None, "a dropped field is put back"
    assert world.deploy(project).status is Status.NOTHING_TO_DO


def test_a_picture_is_uploaded_once_and_found_again(world: World) -> None:
    item = picture()
    first = flow("a", image_prompt(item), images=(item.sha256,))
    second = flow("b", image_prompt(item), images=(item.sha256,))

    world.begin(bundle(first, images=[item]))
    world.deploy(bundle(first, second, images=[item]))

    stored = world.ask(lambda client: client.prompt_images.list())
    assert [row.filename for row in stored] == [f"flowdsl-{item.sha256}.png"]
    assert stored[0].supabase_url in world.workflow("B").main_prompt
    assert world.deploy(bundle(first, second, images=[item])).status is Status.NOTHING_TO_DO


def test_models_are_resolved_by_display_name(world: World) -> None:
    own = world.ask(
        lambda client: client.model_configurations.create(
            ModelConfigurationCreate(
                name="Claude (EHR)", provider="anthropic", model="m", is_computer_use_model=True
            ),
            idempotency_key="1",
        )
    )
    world.retarget(models={"main": "Claude (EHR)"})
    prompt = Template(('Read it. model="', ModelName("main"), '"'))

    outcome = world.deploy(
        bundle(flow("a", prompt, model_metadata={"main_agent_model_id": ModelAlias("main")}))
    )

    assert outcome.status is Status.DONE
    deployed = world.workflow("A")
    assert deployed.main_prompt == 'Read it. model="Claude (EHR)"'
    assert deployed.model_metadata == {
        "main_agent_model_id": own.id,
        "cache_detection_model_id": None,
        "fallback_model_1_id": None,
        "fallback_model_2_id": None,
    }


def test_a_concrete_default_written_by_the_dashboard_is_no_drift(world: World) -> None:
    project = bundle(flow("a", model_metadata={"main_agent_model_id": ModelAlias("any")}))
    world.begin(project)
    metadata = dict(world.workflow("A").model_metadata or {})
    other = world.ask(lambda client: client.model_configurations.list())[0].id
    world.edit("A", model_metadata={**metadata, "fallback_model_1_id": other})

    assert world.deploy(project).status is Status.NOTHING_TO_DO
    world.deploy(
        bundle(flow("a", "Other.", model_metadata=project.workflows[0].payload["model_metadata"]))
    )
    assert (world.workflow("A").model_metadata or {})["fallback_model_1_id"] == other


def test_a_model_that_the_service_names_otherwise_than_by_a_uuid_is_sent_back(world: World) -> None:
    """In the service's own copy of the models, which is replaced as a whole."""
    world.begin(bundle(flow("a")))
    own = world.ask(lambda client: client.model_configurations.list())[0].id

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def rewritten(message: Message) -> None:
            if (body := message.get("body")) and scope["path"].startswith("/v1/workflows/"):
                message["body"] = body.replace(f'"{own}"'.encode(), f'"{"gpt":<36}"'.encode())
            await send(message)

        await world.app(scope, receive, rewritten)

    world.edit("A", model_metadata={"main_agent_model_id": own})
    other = bundle(flow("a", model_metadata={"fallback_model_1_id": ModelAlias("any")}))
    outcome = world.deploy(other, app=app)
    assert outcome.results[0].outcome == "failed", "the service refuses what it sent itself"


def test_in_local_an_unmapped_alias_means_a_default_model_and_says_so(world: World) -> None:
    outcome = world.deploy(
        bundle(flow("a", model_metadata={"main_agent_model_id": ModelAlias("claude")}))
    )

    assert outcome.status is Status.DONE
    assert outcome.plan is not None and "`claude`" in outcome.plan.notes[0]


def test_a_project_that_cannot_be_satisfied_writes_nothing(world: World) -> None:
    world.retarget(local=False, models={"known": "No Such Model"})
    project = bundle(
        flow("a", model_metadata={"main_agent_model_id": ModelAlias("unknown")}),
        flow("b", model_metadata={"main_agent_model_id": ModelAlias("known")}),
        flow("c", updated_at="2026-01-01"),
    )

    outcome = world.deploy(project)

    assert outcome.status is Status.INVALID
    assert world.writes == []
    text = "\n".join(outcome.messages)
    assert "`unknown`" in text and "Emulator Computer Use" in text
    assert "`No Such Model`" in text and "`updated_at`" in text


def test_two_tags_of_one_group_are_refused(world: World) -> None:
    async def make(client: Any) -> None:
        group = await client.tag_groups.create(TagGroupCreate(name="g"), idempotency_key="1")
        for name in ("x", "y"):
            tag = TagCreate(name=name, group_id=group.id)
            await client.tags.create(tag, idempotency_key=name)

    world.ask(make)

    outcome = world.deploy(bundle(flow("a", tags=["x", "y"])))

    assert outcome.status is Status.INVALID
    assert "`x`" in outcome.messages[0] and "`y`" in outcome.messages[0]


def test_a_workflow_that_left_the_source_is_kept(world: World) -> None:
    world.begin(bundle(flow("a"), flow("b")))

    outcome = world.deploy(bundle(flow("a")))

    assert outcome.status is Status.NOTHING_TO_DO
    assert outcome.plan is not None
    assert [c.address for c in outcome.plan.of(Action.KEEP)] == ["workflow.b"]
    assert [w.name for w in world.workflows()] == ["A", "B"]
    assert "workflow.b" in world.state().resources


def test_renaming_in_source_moves_the_address_and_changes_the_title(world: World) -> None:
    world.begin(bundle(flow("old")))
    workflow_id = world.workflow("Old").id

    outcome = world.deploy(bundle(flow("new", renamed_from="old")))

    assert outcome.status is Status.DONE
    assert world.workflow("New").id == workflow_id
    assert list(world.state().resources) == ["workflow.new"]
    assert world.deploy(bundle(flow("new", renamed_from="old"))).status is Status.NOTHING_TO_DO


def test_a_title_change_alone_is_a_rename(world: World) -> None:
    world.begin(bundle(flow("a", title="One")))

    outcome = world.deploy(bundle(flow("a", title="Two")))

    assert outcome.plan is not None
    assert [c.action for c in outcome.plan.changes] == [Action.RENAME]


def test_adopting_takes_over_an_existing_workflow_without_a_mark(world: World) -> None:
    created = world.ask(
        lambda client: client.workflows.create(
            WorkflowCreate(name="By hand", main_prompt="Old."), idempotency_key="1"
        )
    )
    world.retarget(adopted={"workflow.mine": created.id})

    outcome = world.deploy(bundle(flow("mine", "New.", title="By hand")))

    assert outcome.status is Status.DONE
    adopted = world.workflow("By hand")
    assert (adopted.id, adopted.main_prompt) == (created.id, "New.")
    assert adopted.input_schema is None, "adopting adds no mark"
    assert (
        world.deploy(bundle(flow("mine", "New.", title="By hand"))).status is Status.NOTHING_TO_DO
    )


def test_a_workflow_of_another_project_is_not_adopted(world: World) -> None:
    world.begin(bundle(flow("theirs")))
    found = world.workflow("Theirs").id
    world.retarget(project="prj_2", adopted={"workflow.mine": found})
    world.project = "prj_2"
    world.root = world.root / "second"

    outcome = world.deploy(bundle(flow("mine", "Mine now.")))

    assert outcome.status is Status.CONFLICT
    assert "prj_1" in outcome.messages[0]
    assert world.writes == []


def test_checks_of_one_name_are_told_apart_by_their_order(world: World) -> None:
    first = bundle(
        flow("a", post_run_checks=[check("x", check_prompt="One?"), check("x"), check("y")])
    )
    world.begin(first)
    ids = [each.id for each in world.workflow("A").post_run_checks or []]
    assert world.deploy(first).status is Status.NOTHING_TO_DO and world.writes == []

    later = bundle(
        flow("a", post_run_checks=[check("x", check_prompt="Two?"), check("x"), check("y")])
    )
    assert world.deploy(later).status is Status.DONE

    live = world.workflow("A").post_run_checks or []
    assert [each.id for each in live] == ids, "each keeps its id"
    assert [each.check_prompt for each in live] == ["Two?", None, None]
    assert (
        world.deploy(bundle(flow("a", post_run_checks=[check("x"), check("y")]))).status
        is Status.DONE
    )
    assert [each.id for each in world.workflow("A").post_run_checks or []] == [ids[0], ids[2]]


def test_a_model_that_does_not_exist_may_stay_and_is_never_sent(world: World) -> None:
    gone = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    metadata = {"main_agent_model_id": gone}
    refused = world.deploy(bundle(flow("a", model_metadata=metadata)))
    assert refused.status is Status.INVALID and world.writes == []
    assert f"the id `{gone}`" in refused.messages[0] and "`workflow.a`" in refused.messages[0]

    world.deploy(bundle(flow("a")))
    own = ModelConfigurationCreate(name="Old", provider="p", model="m", is_computer_use_model=True)
    gone = world.ask(lambda client: client.model_configurations.create(own, idempotency_key="1")).id
    metadata = {"main_agent_model_id": gone}
    world.edit("A", model_metadata={**metadata, "cache_detection_model_id": None})
    world.ask(lambda client: client.model_configurations.delete(gone, idempotency_key="2"))
    kept = world.deploy(bundle(flow("a", "Two.", model_metadata=metadata)))
    assert kept.status is Status.DONE
    assert world.workflow("A").main_prompt == "Two."


def test_what_our_own_models_refuse_is_said_before_anything_is_written(world: World) -> None:
    outcome = world.deploy(
        bundle(
            flow("a", post_run_checks=[check("x", file_target_mode="nonsense")]),
            flow("c", ""),
        )
    )

    assert outcome.status is Status.INVALID
    assert world.writes == []
    text = "\n".join(outcome.messages)
    assert "`workflow.a`" in text and "`file_target_mode`" in text
    assert "`main_prompt`" in text
