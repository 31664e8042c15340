"""Workflows: the managed fields, and how they are compared and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import Any

from pydantic import ValidationError

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.workflow import (
    ModelMetadata,
    PostRunCheck,
    PostRunCheckUpsert,
    Workflow,
    WorkflowCreate,
    WorkflowPatch,
)
from flowdsl.deploy.resources.mark import Mark, insert_mark, mark_in
from flowdsl.deploy.resources.policy import FieldPolicy, Policies, normalise_value
from flowdsl.deploy.resources.resource import Desired, Live
from flowdsl.prompt.reading.normal_form import normalise_prompt
from flowdsl.prompt.reading.output_sources import says_the_same_outputs
from flowdsl.prompt.reading.own_lines import says_the_same
from flowdsl.source.refused_texts import normalise_inputs

UNTITLED = "Untitled workflow"
"""The title in source of a workflow that has no name in the service."""

MODELS = "model_metadata"
CHECKS = "post_run_checks"
MODEL_PATHS = frozenset(
    (*(f"{MODELS}.{key}" for key in ModelMetadata.always_sent), f"{CHECKS}.model")
)
"""Paths in a payload that hold the id of a model configuration; items of a list share one."""

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


def _accept_same_inputs(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    first, second = (
        normalise_inputs(normalise_value(POLICIES["input_schema"], each.get("input_schema")))
        for each in (one, other)
    )
    return bool(first == second)


def _accept_same_outputs(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    policy = POLICIES["output_schema"]
    return says_the_same_outputs(
        *(normalise_value(policy, each.get("output_schema")) for each in (one, other))
    )


POLICIES = Policies(
    {
        "name": FieldPolicy(
            "the display name; not unique and always declared; an import declares `UNTITLED` "
            "where there is none",
            default=UNTITLED,
        ),
        "main_prompt": FieldPolicy(
            "always declared; compared letter by letter because the agent reads it, apart from the "
            "numbers of lines, blanks at their ends and the HTML of an editor",
            normalise=normalise_prompt,
            says_the_same=says_the_same,
        ),
        "input_schema": FieldPolicy(
            "a string of JSON on the wire; our mark is in its `$comment`; null clears",
            json_text=True,
            says_the_same=_accept_same_inputs,
        ),
        "output_schema": FieldPolicy(
            "a string of JSON, or of Cyberdesk's short notation; null clears",
            json_text=True,
            says_the_same=_accept_same_outputs,
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
            is_set=True,
        ),
        **{
            f"{MODELS}.{key}": FieldPolicy(
                "null is the service's default; each id is compared by itself because the "
                "dashboard writes concrete ids for the ones nobody chose"
            )
            for key in ModelMetadata.always_sent
        },
        "post_run_check_failure_cleanup_prompt": FieldPolicy("null clears (SDK)"),
        CHECKS: FieldPolicy(
            "reconciled as a whole list whose order counts; ids, `order`, "
            "owner and times are the service's",
            [],
            item=_CHECK_FIELDS,
        ),
    },
    open=True,
)
"""Every field that this version knows.

Others are managed only if the source names them in `extra`: those of the workflow under their name,
those of a check under `post_run_checks.<label>.<field>`, with the label of `label_checks`.
"""


def collect_declared_values(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared fields of a payload by path.

    Each model id, and each field that a check passes through, has a path of its own. A null model
    id is not a declaration: it selects the service's default, which the dashboard replaces by a
    concrete id.
    """
    values = {path: value for path, value in payload.items() if path != MODELS}
    for label, check in label_checks(payload.get(CHECKS) or ()):
        values |= {_check_path(label, field): value for field, value in _newer_fields(check)}
    for key, model in (payload.get(MODELS) or {}).items():
        if model is not None:
            values[f"{MODELS}.{key}"] = model
    return values


def find_refusals(values: Mapping[str, Any]) -> Iterator[str]:
    """Return the reasons why `values` cannot be sent, each as the end of a sentence."""
    never = "belongs to the service and is never sent; take it out of `extra`"
    for path in sorted(values.keys() & WorkflowCreate.never_sent):
        yield f"the field `{path}` {never}"
    for path in sorted(values.keys() - POLICIES.keys()):
        if path.startswith(f"{MODELS}.") or ("." in path and not path.startswith(f"{CHECKS}.")):
            yield f"this version cannot send the field `{path}`"
    checks = values.get(CHECKS) or ()
    fields = [(check["name"], field) for check in checks for field, _ in _newer_fields(check)]
    for name, field in fields:
        if field == "id" or field in PostRunCheckUpsert.never_sent:
            yield f"the field `{field}` of the check `{name}` {never}"
        elif "." in field:
            yield f"this version cannot send the field `{field}` of the check `{name}`"
    try:
        plain = [
            {key: check[key] for key in check.keys() & _CHECK_FIELDS.keys()} for check in checks
        ]
        WorkflowCreate.model_validate(_build_known_body(values, {}, plain, {}))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            place = ".".join(str(part) for part in problem["loc"])
            yield f"`{place}`: {problem['msg']}"


def live_workflow(workflow: Workflow) -> Live:
    """Convert the reply to `GET /v1/workflows/{id}`."""
    remote = workflow.as_sent()
    return Live(
        id=workflow.id,
        name=workflow.name or "",
        values=collect_live_values(remote),
        remote=remote,
        organization_id=workflow.organization_id and intern(workflow.organization_id),
        # Thousands of workflows have the same tags, and checks of the same names.
        tags={intern(tag.name): intern(tag.id) for tag in workflow.tags or ()},
        children={
            intern(label): check["id"] for label, check in label_checks(remote.get(CHECKS) or ())
        },
    )


def collect_live_values(remote: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a reply by path: all with a policy, and those newer than this client."""
    models = remote.get(MODELS) or {}
    values = {path: value for path, value in remote.items() if path not in Workflow.model_fields}
    for label, check in label_checks(remote.get(CHECKS) or ()):
        values |= {
            _check_path(label, field): value
            for field, value in check.items()
            if field not in PostRunCheck.model_fields
        }
    values |= {path: remote.get(path) for path in POLICIES if not path.startswith(MODELS)}
    values |= {f"{MODELS}.{key}": models.get(key) for key in ModelMetadata.always_sent}
    return values


async def read(client: CyberdeskClient, workflow_id: str) -> Live:
    """Read the current workflow; raises `NotFound` among other `CyberdeskError`s."""
    return live_workflow(await client.workflows.get(workflow_id))


async def create(client: CyberdeskClient, desired: Desired, *, mark: Mark, key: str) -> str:
    """Create the workflow with its mark and return its id; tags are a second step."""
    body = _build_known_body(desired.values, {}, desired.values.get(CHECKS), {})
    body["input_schema"] = insert_mark(body.get("input_schema"), mark)
    request = WorkflowCreate.model_validate(body).copy_passing(
        _collect_newer_fields(desired.values)
    )
    # Repeated only by callers that have looked for it first: how long the service remembers a key
    # is not documented.
    created = await client.workflows.create(request, idempotency_key=key, once=True)
    return created.id


async def update(
    client: CyberdeskClient,
    live: Live,
    changes: Mapping[str, Any],
    *,
    desired: Desired,
    children: Mapping[str, str],
    key: str,
) -> None:
    """Send exactly the fields in `changes`; the present mark stays.

    A change of one check sends all checks. `children` are the ids of the checks as last applied, by
    which a check that somebody renamed keeps its id.
    """
    checks: Iterable[Mapping[str, Any]] | None = changes.get(CHECKS)
    if any(path.startswith(f"{CHECKS}.") for path in changes):
        # A field that left the source is null in `changes`, but may be in the service's copy.
        checks = [
            {**_find_passed_through_fields(changes, label), **check}
            for label, check in label_checks(desired.values.get(CHECKS) or ())
        ]
    body = _build_known_body(
        changes, live.remote.get(MODELS) or {}, checks, _surviving_checks(live, children)
    )
    if "input_schema" in body:
        body["input_schema"] = insert_mark(
            body["input_schema"], mark_in(live.values["input_schema"])
        )
    request = WorkflowPatch.model_validate(body).copy_passing(_collect_newer_fields(changes))
    await client.workflows.update(live.id, request, idempotency_key=key)


def _build_known_body(
    values: Mapping[str, Any],
    remote_models: Mapping[str, Any],
    checks: Iterable[Mapping[str, Any]] | None,
    remote_checks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the part of a body that this version knows.

    `checks` are all of them when they are sent. A value that the service replaces as a whole is
    merged into the service's own copy.
    """
    body: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for path, value in values.items():
        key = path.removeprefix(f"{MODELS}.")
        if key != path:
            models[key] = value
        elif path in POLICIES and path != CHECKS:
            body[path] = value
    if checks is not None or CHECKS in values:
        body[CHECKS] = [
            _build_check(item, remote_checks.get(label, {}))
            for label, item in label_checks(checks or ())
        ]
    if models:
        # All four keys are sent, because it is unknown whether a partial object is merged or
        # replaces.
        body[MODELS] = ModelMetadata.lay_over(remote_models, models)
    return body


def _build_check(declared: Mapping[str, Any], remote: Mapping[str, Any]) -> PostRunCheckUpsert:
    """Return a check to send: compared fields as declared, others as the service has them."""
    owned = {
        name: declared.get(name, policy.default)
        for name, policy in _CHECK_FIELDS.items()
        if name in declared or name in remote
    }
    return PostRunCheckUpsert.lay_over(remote, owned).copy_passing(dict(_newer_fields(declared)))


def _collect_newer_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workflow's own fields in `values` that this version does not know."""
    return {
        path: value
        for path, value in values.items()
        if path not in POLICIES and not path.startswith((f"{CHECKS}.", f"{MODELS}."))
    }


def _newer_fields(check: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the fields of a declared check that this version does not know."""
    return ((field, value) for field, value in check.items() if field not in _CHECK_FIELDS)


def _find_passed_through_fields(changes: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the fields in `changes` that a check passes through or has to clear."""
    split = ((path.rpartition("."), value) for path, value in changes.items())
    return {field: value for (of, _, field), value in split if of == f"{CHECKS}.{label}"}


def label_checks(checks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Pair each check with a unique label: its name, with a number from the second of a name on.

    The number is on a line of its own.
    """
    seen: Counter[str] = Counter()
    for check in checks:
        name = str(check["name"])
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}\n{seen[name]}"), check


def _check_path(label: str, field: str) -> str:
    return f"{CHECKS}.{label}.{field}"


def _surviving_checks(live: Live, children: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Return the service's checks by the labels that the source has for them."""
    checks = live.values.get(CHECKS) or ()
    by_id = {check["id"]: check for check in checks}
    by_name = dict(label_checks(checks))
    renamed = {
        name: by_id[check_id]
        for name, check_id in children.items()
        if name not in by_name and check_id in by_id
    }
    return renamed | by_name
