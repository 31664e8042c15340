from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_client.cyberdesk_cloud_client import models as sdk
from pydantic import ValidationError

from flowdsl.cyberdesk.models.machine import (
    Connection,
    Machine,
    MachineCreate,
    MachinePatch,
    MachinesHealth,
    Pool,
    PoolCreate,
    PoolPatch,
)
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfigurationCreate,
    ModelConfigurationPatch,
)
from flowdsl.cyberdesk.models.run import (
    TERMINAL_STATUSES,
    BulkCreated,
    ChainCreate,
    ChainStep,
    FileInput,
    Run,
    RunBulkCreate,
    RunCreate,
    RunPatch,
    RunRetry,
)
from flowdsl.cyberdesk.models.run_attachment import (
    RunAttachment,
    RunAttachmentCreate,
    RunAttachmentUpdate,
)
from flowdsl.cyberdesk.models.tag import TagCreate, TagGroupCreate, TagGroupPatch, TagPatch
from flowdsl.cyberdesk.models.trajectory import Trajectory, TrajectoryPatch
from flowdsl.cyberdesk.models.usage import UsageAggregate
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.models.workflow import (
    ModelMetadata,
    PostRunCheck,
    PostRunCheckUpsert,
    Workflow,
    WorkflowCreate,
    WorkflowPatch,
)
from flowdsl.cyberdesk.redaction import secrets_in
from tests.support.rows import in_rows

UUID_A = "0b9f3c52-7a41-4d0e-9a55-3f1c2d4e5f60"
UUID_B = "7c1d2e3f-4a5b-4c6d-8e7f-901a2b3c4d5e"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
UUIDS = st.uuids().map(str)


def some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


CHECKS = st.builds(
    lambda required, rest: {**required, **rest},
    st.fixed_dictionaries(
        {
            "name": TEXT,
            "type": st.sampled_from([kind.value for kind in sdk.PostRunCheckType]),
        }
    ),
    some_of(
        description=st.none() | TEXT,
        file_target_mode=st.none()
        | st.sampled_from([mode.value for mode in sdk.PostRunCheckFileTargetMode]),
        file_names=st.none() | st.lists(TEXT, max_size=3),
        file_name_regex=st.none() | TEXT,
        expected_match_count=st.none() | st.integers(1, 9),
        expected_match_count_ref=st.none() | TEXT,
        loop_input=st.none() | TEXT,
        loop_item_filename_template=st.none() | TEXT,
        allow_missing_attachments=st.booleans(),
        check_prompt=st.none() | TEXT,
        model=st.none() | UUIDS,
        id=st.none() | UUIDS,
    ),
)
MODELS = some_of(
    main_agent_model_id=st.none() | UUIDS,
    cache_detection_model_id=st.none() | UUIDS,
    fallback_model_1_id=st.none() | UUIDS,
    fallback_model_2_id=st.none() | UUIDS,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.none() | TEXT,
    "input_schema": st.none() | TEXT,
    "output_schema": st.none() | TEXT,
    "includes_file_exports": st.booleans(),
    "is_webhooks_enabled": st.booleans(),
    "terminal_command_allowlist": st.none() | st.lists(TEXT, max_size=3),
    "model_metadata": st.none() | MODELS,
    "post_run_check_failure_cleanup_prompt": st.none() | TEXT,
    "post_run_checks": st.lists(CHECKS, max_size=3),
}
CREATES = st.builds(
    lambda prompt, rest: {"main_prompt": prompt, **rest}, TEXT.filter(bool), some_of(**FIELDS)
)


@given(CREATES)
def test_a_create_is_what_the_official_sdk_would_send(fields: dict[str, Any]) -> None:
    wire = WorkflowCreate.model_validate(fields).to_wire()
    parsed = sdk.WorkflowCreate.from_dict(wire)
    assert parsed.to_dict() == wire
    assert parsed.additional_properties == {}
    for check in parsed.post_run_checks or []:
        assert isinstance(check, sdk.WorkflowPostRunCheckUpsert)
        assert check.additional_properties == {}


def test_the_smallest_create_equals_the_smallest_of_the_sdk() -> None:
    check = {"name": "c", "type": "output_data_passes_schema_validation"}
    theirs = sdk.WorkflowCreate(
        main_prompt="p",
        post_run_checks=[
            sdk.WorkflowPostRunCheckUpsert(
                name="c", type_=sdk.PostRunCheckType.OUTPUT_DATA_PASSES_SCHEMA_VALIDATION
            )
        ],
    )
    ours = WorkflowCreate.model_validate({"main_prompt": "p", "post_run_checks": [check]})
    assert ours.to_wire() == theirs.to_dict()


@given(
    st.builds(lambda a, b: {**a, **b}, some_of(main_prompt=TEXT.filter(bool)), some_of(**FIELDS))
)
def test_a_patch_sends_what_was_set_and_nothing_else(fields: dict[str, Any]) -> None:
    wire = WorkflowPatch.model_validate(fields).to_wire()
    assert wire.keys() == fields.keys()
    assert {key for key, value in wire.items() if value is None} == {
        key for key, value in fields.items() if value is None
    }
    assert sdk.WorkflowUpdate.from_dict(wire).to_dict() == wire


@in_rows(
    ("ours", "theirs"),
    [
        (WorkflowCreate, sdk.WorkflowCreate),
        (WorkflowPatch, sdk.WorkflowUpdate),
        (PostRunCheckUpsert, sdk.WorkflowPostRunCheckUpsert),
        (ModelMetadata, sdk.WorkflowModelMetadata),
        (TagCreate, sdk.WorkflowTagCreate),
        (TagPatch, sdk.WorkflowTagUpdate),
        (TagGroupCreate, sdk.WorkflowTagGroupCreate),
        (TagGroupPatch, sdk.WorkflowTagGroupUpdate),
        (ModelConfigurationCreate, sdk.ModelConfigurationCreate),
        (ModelConfigurationPatch, sdk.ModelConfigurationUpdate),
        (MachineCreate, sdk.MachineCreate),
        (PoolCreate, sdk.PoolCreate),
        (PoolPatch, sdk.PoolUpdate),
        (FileInput, sdk.FileInput),
        (RunCreate, sdk.RunCreate),
        (RunBulkCreate, sdk.RunBulkCreate),
        (ChainStep, sdk.ChainStep),
        (ChainCreate, sdk.WorkflowChainCreate),
        (RunRetry, sdk.RunRetry),
        (RunAttachmentCreate, sdk.RunAttachmentCreate),
        (RunAttachmentUpdate, sdk.RunAttachmentUpdate),
        (Machine, sdk.MachineResponseWithIncludes),
        (Pool, sdk.PoolResponseWithIncludes),
        (Connection, sdk.ConnectionResponse),
        (Run, sdk.RunResponseWithIncludes),
        (RunAttachment, sdk.RunAttachmentResponse),
        (Trajectory, sdk.TrajectoryResponseWithIncludes),
        (UsageAggregate, sdk.UsageAggregateResponse),
        (MachinesHealth, sdk.MachinesHealthCheckResponse),
        (BulkCreated, sdk.RunBulkCreateResponse),
        (Workflow, sdk.WorkflowResponseWithIncludes),
        (PostRunCheck, sdk.WorkflowPostRunCheckResponse),
    ],
)
def test_the_fields_are_those_of_the_sdk(ours: Any, theirs: Any) -> None:
    # attrs names a field `type_` where the wire has `type`.
    fields = {field.name.rstrip("_") for field in theirs.__attrs_attrs__}
    dashboard_only = {"workflow_metadata"} if ours is WorkflowPatch else set()
    assert set(ours.model_fields) == fields - {"additional_properties"} - dashboard_only


@in_rows(
    ("ours", "theirs"),
    [
        (MachinePatch, sdk.MachineUpdate),
        (RunPatch, sdk.RunUpdate),
        (TrajectoryPatch, sdk.TrajectoryUpdate),
    ],
)
def test_what_the_platform_writes_is_refused_by_name(ours: Any, theirs: Any) -> None:
    fields = {field.name.rstrip("_") for field in theirs.__attrs_attrs__}
    left_out = fields - {"additional_properties"} - set(ours.model_fields)
    assert left_out
    assert set(ours.model_fields) <= fields
    for name in left_out:
        with pytest.raises(ValidationError):
            ours.model_validate({name: None})
        with pytest.raises(ValueError, match="cannot be passed through"):
            ours().copy_passing({name: None})


@in_rows(
    ("patch", "wire"),
    [
        (MachinePatch(name=None), {"name": None}),
        (MachinePatch(reserved_session_id=None), {"reserved_session_id": None}),
        (MachinePatch(machine_sensitive_parameters={}), {"machine_sensitive_parameters": {}}),
        (
            PoolPatch(description=None, pool_parameters={}),
            {"description": None, "pool_parameters": {}},
        ),
        (TrajectoryPatch(is_approved=False), {"is_approved": False}),
        (TrajectoryPatch(name=None, is_main=True), {"name": None, "is_main": True}),
        (RunPatch(status="cancelled"), {"status": "cancelled"}),
        (RunPatch(release_session_after=None), {"release_session_after": None}),
        (RunRetry(), {}),
        (
            RunRetry(session_id=None, reuse_session=False),
            {"session_id": None, "reuse_session": False},
        ),
        (RunAttachmentUpdate(), {"expires_at": None}),
        (MachinePatch(), {}),
    ],
)
def test_absent_and_null_differ_in_every_patch(patch: Any, wire: dict[str, Any]) -> None:
    assert patch.to_wire() == wire


@in_rows(
    ("status", "live"),
    [
        *[(status.value, True) for status in sdk.RunStatus if "ing" in status.value],
        ("success", False),
        ("task_failed", False),
        ("error", False),
        ("cancelled", False),
        ("paused_for_review", True),
        ("", True),
        ("Success", True),
    ],
)
def test_a_run_is_live_until_it_is_known_to_have_ended(status: str, live: bool) -> None:
    assert Run.model_validate({"id": UUID_A, "status": status}).is_live is live


def test_the_known_statuses_are_those_of_the_sdk() -> None:
    ended = {
        status.value for status in sdk.RunStatus if not status.value.endswith(("ing", "checks"))
    }
    assert ended == TERMINAL_STATUSES


def test_one_run_of_a_new_status_leaves_the_list_readable() -> None:
    rows = [{"id": UUID_A, "status": "success"}, {"id": UUID_B, "status": "hibernating"}]
    page = ListPage[Run].model_validate({"items": rows, "total": 2})
    assert [run.is_live for run in page.items] == [False, True]


SECRET = "hunter2-canary"


@in_rows(
    "request_body",
    [
        RunCreate(workflow_id=UUID_A, sensitive_input_values={"pin": SECRET}),
        RunRetry(sensitive_input_values={"pin": {"deep": [SECRET]}}),
        ChainCreate(
            steps=[ChainStep(workflow_id=UUID_A, sensitive_inputs={"pin": SECRET})],
            shared_sensitive_inputs={"pin": SECRET},
        ),
        MachinePatch(machine_sensitive_parameters={"pin": SECRET}),
        PoolCreate(name="p", pool_sensitive_parameters={"pin": SECRET}),
        RunAttachmentCreate(
            run_id=UUID_A,
            filename="a",
            content=SECRET,
            content_type="text/plain",
            attachment_type="input",
        ),
    ],
    ids=lambda body: type(body).__name__,
)
def test_secrets_are_sent_and_not_shown(request_body: Any) -> None:
    assert SECRET in str(request_body.to_wire())
    assert SECRET not in repr(request_body)


@in_rows(
    ("body", "secrets"),
    [
        ({"sensitive_input_values": {"a": "x", "b": {"c": [1, True, None, "y"]}}}, ("x", "1", "y")),
        ({"steps": [{"sensitive_inputs": {"a": "x"}, "inputs": {"b": "open"}}]}, ("x",)),
        ({"machine_parameters": {"a": "open"}, "machine_sensitive_parameters": None}, ()),
        ({"api_key": "x", "api_key_alias": "open"}, ("x",)),
        (None, ()),
    ],
)
def test_what_counts_as_a_secret_of_a_request(body: Any, secrets: tuple[str, ...]) -> None:
    assert secrets_in(body) == secrets


@in_rows(
    ("model", "fields"),
    [
        (MachinePatch, {"machine_parameters": None}),
        (MachinePatch, {"is_available": None}),
        (PoolPatch, {"name": None}),
        (TrajectoryPatch, {"is_main": None}),
        (TrajectoryPatch, {"name": "n" * 256}),
        (RunPatch, {"status": "success"}),
        (RunCreate, {"workflow_id": "w"}),
        (RunCreate, {"workflow_id": UUID_A, "inputs": {}}),
        (RunBulkCreate, {"workflow_id": UUID_A, "count": 0}),
        (RunBulkCreate, {"workflow_id": UUID_A, "count": 1001}),
        (RunBulkCreate, {"workflow_id": UUID_A, "count": 1, "main_prompt": "p"}),
        (ChainCreate, {"steps": []}),
        (WorkflowCreate, {"main_prompt": "p", "description": "x"}),
        (WorkflowCreate, {"main_prompt": ""}),
        (WorkflowCreate, {}),
        (WorkflowCreate, {"main_prompt": "p", "name": "n" * 256}),
        (WorkflowPatch, {"workflow_metadata": None}),
        (WorkflowPatch, {"main_prompt": None}),
        (WorkflowPatch, {"main_prompt": ""}),
        (WorkflowPatch, {"is_webhooks_enabled": None}),
        (WorkflowPatch, {"post_run_checks": None}),
        (WorkflowPatch, {"tags": []}),
        (PostRunCheckUpsert, {"name": "c", "type": "run_atachment_exists"}),
        (PostRunCheckUpsert, {"name": "c", "type": "run_attachment_exists", "order": 1}),
        (ModelMetadata, {"main_agent_model_id": "fast"}),
        (TagCreate, {"name": ""}),
        (TagCreate, {"name": "t", "color": "c" * 21}),
        (TagPatch, {"name": None}),
        (ModelConfigurationCreate, {"name": "n", "provider": "p" * 51, "model": "m"}),
    ],
)
def test_a_request_refuses_what_the_service_would_drop_or_misread(model: Any, fields: Any) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(fields)


def test_a_refused_key_is_not_repeated_and_a_taken_one_not_shown() -> None:
    secret = "sk-canary"
    with pytest.raises(ValidationError) as caught:
        ModelConfigurationCreate.model_validate({"name": "n", "api_key": [secret]})
    assert secret not in str(caught.value)
    taken = ModelConfigurationCreate(name="n", provider="p", model="m", api_key=secret)
    assert secret not in repr(taken)
    assert taken.to_wire()["api_key"] == secret


REMOTE_CHECK = {
    "id": UUID_A,
    "name": "receipt",
    "type": "run_attachment_exists",
    "order": 3,
    "organization_id": "org_northwind",
    "user_id": None,
    "created_at": "t0",
    "updated_at": "t1",
    "file_target_mode": "by_moon_phase",
    "allow_missing_attachments": True,
    "severity": {"level": 2},
}


def test_a_check_laid_over_the_services_copy_keeps_what_is_not_owned() -> None:
    remote = PostRunCheck.model_validate(REMOTE_CHECK)
    owned = {"name": "receipt", "type": "run_attachment_image_check", "check_prompt": None}
    patch = WorkflowPatch(post_run_checks=[PostRunCheckUpsert.lay_over(remote.as_sent(), owned)])
    assert patch.to_wire() == {
        "post_run_checks": [
            {
                "id": UUID_A,
                "name": "receipt",
                "type": "run_attachment_image_check",
                "check_prompt": None,
                "file_target_mode": "by_moon_phase",
                "allow_missing_attachments": True,
                "severity": {"level": 2},
            }
        ]
    }
    assert (
        PostRunCheckUpsert.lay_over(
            REMOTE_CHECK, {**owned, "allow_missing_attachments": False}
        ).to_wire()["allow_missing_attachments"]
        is False
    )


def test_model_metadata_always_names_all_four_models() -> None:
    assert ModelMetadata(main_agent_model_id=UUID_A.upper()).to_wire() == {
        "main_agent_model_id": UUID_A,
        "cache_detection_model_id": None,
        "fallback_model_1_id": None,
        "fallback_model_2_id": None,
    }
    remote = {"fallback_model_1_id": UUID_B, "fallback_model_3_id": UUID_B}
    assert ModelMetadata.lay_over(remote, {"main_agent_model_id": UUID_A}).to_wire() == {
        "main_agent_model_id": UUID_A,
        "cache_detection_model_id": None,
        "fallback_model_1_id": UUID_B,
        "fallback_model_2_id": None,
        "fallback_model_3_id": UUID_B,
    }


def test_a_reply_from_a_newer_or_older_service_is_readable() -> None:
    newer = Workflow.model_validate(
        {
            "id": UUID_A,
            "main_prompt": "p",
            "updated_at": "t",
            "post_run_checks": [{"id": UUID_B, "name": "c", "type": "telepathy", "why": 1}],
            "priority": "high",
        }
    )
    assert newer.unknown_fields() == {"priority": "high"}
    assert newer.post_run_checks is not None
    assert newer.post_run_checks[0].type == "telepathy"
    assert newer.post_run_checks[0].unknown_fields() == {"why": 1}
    assert newer.as_sent().keys() == {
        "id",
        "main_prompt",
        "updated_at",
        "post_run_checks",
        "priority",
    }
    assert newer.tags is None
    assert "tags" not in newer.model_fields_set


@given(CREATES)
def test_a_reply_is_kept_as_it_was_sent(fields: dict[str, Any]) -> None:
    checks = [{"id": UUID_A, **check, "x": 1} for check in fields.pop("post_run_checks", [])]
    for check in checks:
        check["id"] = check["id"] or UUID_A
    sent = {**fields, "id": UUID_A, "updated_at": "t", "post_run_checks": checks}
    assert Workflow.model_validate(sent).as_sent() == sent


def test_models_and_errors_do_not_load_the_http_library() -> None:
    code = (
        "import sys, flowdsl.cyberdesk.errors, flowdsl.cyberdesk.trust\n"
        "assert not {'httpx', 'pydantic'} & set(sys.modules)\n"
        "import flowdsl.cyberdesk.models.workflow\n"
        "assert 'httpx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
