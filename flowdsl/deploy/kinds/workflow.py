"""Workflows: which fields are ours to write, how they compare, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.workflow import (
    ModelMetadata,
    PostRunCheckUpsert,
    Workflow,
    WorkflowCreate,
    WorkflowPatch,
)
from flowdsl.deploy.mark import Mark, mark_in, with_mark
from flowdsl.deploy.policy import FieldPolicy
from flowdsl.deploy.resource import Desired, Live

NAME = "workflow"
MODELS = "model_metadata"
CHECKS = "post_run_checks"
MODEL_ROLES = frozenset((*ModelMetadata.always_sent, "model"))
"""Keys of a payload under which the id of a model configuration stands."""

_CHECK_FIELDS: Mapping[str, FieldPolicy] = {
    "name": FieldPolicy("matches a check of the source with one of the service"),
    "type": FieldPolicy("required by the contract"),
    "description": FieldPolicy("null when absent"),
    "file_target_mode": FieldPolicy("null when absent"),
    "file_names": FieldPolicy("null when absent"),
    "file_name_regex": FieldPolicy("null when absent"),
    "expected_match_count": FieldPolicy("null when absent"),
    "expected_match_count_ref": FieldPolicy("null when absent"),
    "loop_input": FieldPolicy("null when absent"),
    "loop_item_filename_template": FieldPolicy("null when absent"),
    "allow_missing_attachments": FieldPolicy(
        "default false, stated since SDK 2.2.61", default=False
    ),
    "check_prompt": FieldPolicy("null when absent"),
    "model": FieldPolicy("null is the service's default model"),
}

POLICIES: Mapping[str, FieldPolicy] = {
    "name": FieldPolicy("the display name; not unique and always declared"),
    "main_prompt": FieldPolicy(
        "always declared; compared letter by letter because the agent reads it"
    ),
    "input_schema": FieldPolicy(
        "a string of JSON on the wire; our mark is in its `$comment`; null clears", json_text=True
    ),
    "output_schema": FieldPolicy(
        "a string of JSON, or of Cyberdesk's short notation; null clears", json_text=True
    ),
    "includes_file_exports": FieldPolicy(
        "null in an update has no documented meaning, so false clears", False, default=False
    ),
    "is_webhooks_enabled": FieldPolicy(
        "null in an update has no documented meaning, so false clears", False, default=False
    ),
    "terminal_command_allowlist": FieldPolicy(
        "a set of exact commands; null and `[]` are both documented as no restriction",
        [],
        unordered=True,
    ),
    **{
        f"{MODELS}.{key}": FieldPolicy(
            "null is the service's default; each id is compared by itself because the dashboard writes concrete ids "
            "for the ones nobody chose"
        )
        for key in ModelMetadata.always_sent
    },
    "post_run_check_failure_cleanup_prompt": FieldPolicy("null clears (SDK)"),
    CHECKS: FieldPolicy(
        "reconciled as a whole list whose order counts; ids, `order`, owner and times are the service's",
        [],
        item=_CHECK_FIELDS,
    ),
}
"""Every field that can be ours. A field that is not here is never compared and never sent: ids, times and owner are the
service's, `workflow_metadata` is the dashboard's, and `tags` change through routes of their own."""


def declared_values(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The declared fields of a payload, each model id under a path of its own.

    A null model id is not a declaration: it means the service's default, which the dashboard replaces by a concrete id.
    """
    values = {path: value for path, value in payload.items() if path != MODELS}
    for key, model in (payload.get(MODELS) or {}).items():
        if model is not None:
            values[f"{MODELS}.{key}"] = model
    return values


def refusals(values: Mapping[str, Any]) -> Iterator[str]:
    """What in `values` cannot be sent, as ends of a sentence.

    A field this version does not know is refused here, because the service drops it silently.
    """
    for path in sorted(values.keys() - POLICIES.keys()):
        yield f"this version cannot send the field `{path}`"
    for check in values.get(CHECKS) or ():
        for field in sorted(check.keys() - _CHECK_FIELDS.keys()):
            yield f"this version cannot send the field `{field}` of the check `{check.get('name')}`"
    names = [check.get("name") for check in values.get(CHECKS) or ()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two checks are called `{name}`, and a check is found again by its name"
    known = {path: value for path, value in values.items() if path in POLICIES}
    try:
        WorkflowCreate.model_validate(_nested(known, {}, {}))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            place = ".".join(str(part) for part in problem["loc"])
            yield f"`{place}`: {problem['msg']}"


def live_workflow(workflow: Workflow) -> Live:
    """The workflow in a reply to `GET /v1/workflows/{id}`."""
    remote = workflow.as_sent()
    models = remote.get(MODELS) or {}
    values = {path: remote.get(path) for path in POLICIES if not path.startswith(MODELS)}
    values |= {f"{MODELS}.{key}": models.get(key) for key in ModelMetadata.always_sent}
    return Live(
        id=workflow.id,
        name=workflow.name or "",
        values=values,
        remote=remote,
        organization_id=workflow.organization_id,
        tags={tag.name: tag.id for tag in workflow.tags or ()},
        children={check.name: check.id for check in reversed(workflow.post_run_checks or ())},
    )


async def read(client: CyberdeskClient, workflow_id: str) -> Live:
    """The workflow as it is now; raises `NotFound` among other `CyberdeskError`s."""
    return live_workflow(await client.workflows.get(workflow_id))


async def create(client: CyberdeskClient, desired: Desired, *, mark: Mark, key: str) -> str:
    """Create the workflow with its mark and return its id; tags are a second step."""
    body = _nested(desired.values, {}, {})
    body["input_schema"] = with_mark(body.get("input_schema"), mark)
    created = await client.workflows.create(
        WorkflowCreate.model_validate(body), idempotency_key=key
    )
    return created.id


async def update(
    client: CyberdeskClient,
    live: Live,
    changes: Mapping[str, Any],
    *,
    children: Mapping[str, str],
    key: str,
) -> None:
    """Send exactly the fields in `changes`; the mark that is there stays.

    `children` are the ids of the checks as last applied: by them a check that somebody renamed keeps its id.
    """
    body = _nested(changes, live.remote.get(MODELS) or {}, _surviving_checks(live, children))
    if "input_schema" in body:
        body["input_schema"] = with_mark(body["input_schema"], mark_in(live.values["input_schema"]))
    await client.workflows.update(live.id, WorkflowPatch.model_validate(body), idempotency_key=key)


def _nested(
    values: Mapping[str, Any],
    remote_models: Mapping[str, Any],
    remote_checks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The body for `values`; what the service replaces whole is laid over the service's own copy of it."""
    body: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for path, value in values.items():
        key = path.partition(".")[2]
        if key:
            models[key] = value
        elif path == CHECKS:
            body[path] = [_check(item, remote_checks.get(item["name"], {})) for item in value or ()]
        else:
            body[path] = value
    if models:
        # All four keys are sent, because it is not known whether a partial object merges or replaces.
        known = {key: remote_models.get(key) for key in ModelMetadata.always_sent}
        body[MODELS] = ModelMetadata.over(remote_models, known | models)
    return body


def _check(declared: Mapping[str, Any], remote: Mapping[str, Any]) -> PostRunCheckUpsert:
    """A check to send: every field we compare as declared or at its default, everything else as the service has it."""
    owned = {
        name: declared.get(name, policy.default)
        for name, policy in _CHECK_FIELDS.items()
        if name in declared or name in remote
    }
    return PostRunCheckUpsert.over(remote, owned)


def _surviving_checks(live: Live, children: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The service's checks by the name the source has for them."""
    checks = live.values.get(CHECKS) or ()
    by_id = {check["id"]: check for check in checks}
    # Where the dashboard made two checks of one name, the first keeps its id and the other goes.
    by_name = {check["name"]: check for check in reversed(checks)}
    renamed = {
        name: by_id[check_id]
        for name, check_id in children.items()
        if name not in by_name and check_id in by_id
    }
    return renamed | by_name
