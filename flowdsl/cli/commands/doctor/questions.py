"""The questions of `flowdsl doctor --live`: what is assumed of the platform, asked of it.

Each question is a row of docs/assumptions.md, by its key. Those in `READING` send GETs alone. With
`--writes` a workflow is made, which answers `idempotent-replay`; those in `WRITING` are asked of
it; deleting it answers `delete-not-found`. An answer says what was seen, so that whoever has a key
can report a difference without anybody else's.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic, time
from typing import Any
from uuid import uuid4

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, RequestRefused
from flowdsl.cyberdesk.models.workflow import PostRunCheckUpsert, WorkflowCreate, WorkflowPatch
from flowdsl.cyberdesk.pace import UNIX_TIME_FROM
from flowdsl.cyberdesk.replies import REQUEST_ID_HEADERS
from flowdsl.deploy.comparison.versions import versions_of
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.source.failure import FlowdslError
from flowdsl.source.record import replace

from ...runtime.command_line.options import TimeLimit
from ...runtime.console import Console
from ...runtime.engine.deployment import open_deployment, use_service
from ...runtime.interrupts import Interrupts
from .machine import DoctorResult, Outcome

TEMPORARY = "flowdsl doctor: made for a check, may be deleted"
"""The name of the workflow that the writing questions are asked on."""

LISTED_WITHIN = 30.0
"""Seconds after which a created workflow must be in the list (`created-is-listed`)."""

_LISTS = ("workflows", "machines", "pools", "run-attachments", "trajectories", "runs")

Answer = tuple[Outcome, str]
"""The outcome and what was seen.

The outcome is `ok` if it is as assumed, `problem` if not, and `unknown` if the organisation does
not show it.
"""


def ask_questions(
    environment: str, arguments: argparse.Namespace, console: Console
) -> Sequence[DoctorResult]:
    """Ask every question of the service of an environment; the writing ones with `--writes`.

    Each result is of the section `<environment>: assumptions`. A failure of the client is one
    result more, `questions`.
    """
    deployment = open_deployment(environment, console)
    answers: list[DoctorResult] = []

    async def ask(client: CyberdeskClient) -> None:
        for key, question in READING.items():
            answers.append(await _ask_one(key, question(client)))
        if arguments.writes:
            await _ask_writing(client, answers)

    try:
        use_service(
            arguments,
            console,
            deployment.environment,
            deployment.target.root,
            ask,
            interrupts=Interrupts(lambda: bool(arguments.writes), console.err),
            # A workflow that was made has to be deleted, whatever the time.
            limit=TimeLimit(None if arguments.writes else arguments.patience),
        )
    except FlowdslError as failure:
        answers.append(DoctorResult("questions", "problem", str(failure)))
    return [replace(each, environment=f"{environment}: assumptions") for each in answers]


async def _ask_one(key: str, question: Awaitable[Answer]) -> DoctorResult:
    """Ask a question; a failing service leaves its answer open, and the others go on."""
    try:
        outcome, seen = await question
    except CyberdeskError as failure:
        return DoctorResult(key, "unknown", str(failure))
    advice = f"please report it: `{key}` in docs/assumptions.md is wrong then"
    return DoctorResult(key, outcome, seen, advice if outcome == "problem" else "")


def _judge(is_as_assumed: bool, seen: str) -> Answer:
    return ("ok" if is_as_assumed else "problem"), seen


async def _ask_list_limit(client: CyberdeskClient) -> Answer:
    refused = []
    for name in _LISTS:
        reply = await client.read(f"/v1/{name}", {"limit": 1000})
        if reply.status != 200:
            refused.append(f"{name} ({reply.status})")
    return _judge(not refused, f"refused: {', '.join(refused)}" if refused else "1000 is taken")


async def _read_rows(client: CyberdeskClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """The rows of a list that are objects: none if the reply is of another shape."""
    items = (await client.read(path, query)).mapping().get("items")
    return [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []


async def _ask_list_order(client: CyberdeskClient) -> Answer:
    rows = await _read_rows(client, "/v1/workflows", limit=100)
    moments = [str(row.get("updated_at") or "") for row in rows]
    if len(set(moments)) < 2:
        return "unknown", f"{format_count(len(rows), 'workflow')} tell nothing"
    is_sorted = moments == sorted(moments, reverse=True)
    return _judge(is_sorted, f"{len(rows)} rows by `updated_at`")


async def _ask_run_order(client: CyberdeskClient) -> Answer:
    async def read_ids(skip: int, limit: int) -> list[Any]:
        order = {"sort_mode": "created_at_desc", "skip": skip, "limit": limit}
        return [row.get("id") for row in await _read_rows(client, "/v1/runs", **order)]

    whole = await read_ids(0, 20)
    if len(whole) < 2:
        return "unknown", f"{format_count(len(whole), 'run')} tell nothing"
    pages = await read_ids(0, 10) + await read_ids(10, 10)
    return _judge(whole == pages, "two pages of ten against one of twenty")


async def _ask_rate_limit(client: CyberdeskClient) -> Answer:
    reply = await client.read("/v1/workflows", {"limit": 1})
    text = reply.headers.get("x-ratelimit-reset")
    if text is None:
        return "unknown", "the reply names no `X-RateLimit-Reset`"
    try:
        value = float(text)
    except ValueError:
        return "problem", f"`X-RateLimit-Reset: {text[:40]}`"
    seconds = value - time() if value >= UNIX_TIME_FROM else value
    return _judge(0 <= seconds <= 86_400, f"`X-RateLimit-Reset: {text[:40]}`")


async def _ask_request_id(client: CyberdeskClient) -> Answer:
    headers = (await client.read("/v1/workflows", {"limit": 1})).headers
    found = next((name for name in REQUEST_ID_HEADERS if name in headers), None)
    return _judge(found is not None, f"`{found}`" if found else "none of the known headers")


async def _ask_not_found(client: CyberdeskClient) -> Answer:
    reply = await client.read(f"/v1/workflows/{uuid4()}")
    has_detail = reply.status == 404 and "detail" in reply.mapping()
    return _judge(
        has_detail, f"status {reply.status} {'with' if has_detail else 'without'} `detail`"
    )


async def _ask_error_detail(client: CyberdeskClient) -> Answer:
    reply = await client.read("/v1/workflows", {"limit": 0})
    body = reply.mapping() if reply.status in (400, 422) else {}
    detail = body.get("detail")
    parts = detail if isinstance(detail, list) else []
    known = isinstance(detail, str | dict | list) and all(
        isinstance(each, dict) and {"loc", "msg"} <= each.keys() for each in parts
    )
    return _judge(
        reply.status == 422 and known, f"status {reply.status}, `detail` is {type(detail).__name__}"
    )


async def _ask_versions(client: CyberdeskClient) -> Answer:
    for row in (await client.workflows.list(limit=20)).items:
        raw = (await client.read(f"/v1/workflows/{row.id}")).mapping().get("old_versions")
        if raw:
            number = len(raw) if isinstance(raw, list) else 1
            known = len(versions_of(raw)) if isinstance(raw, list) else 0
            return _judge(known == number, f"{known} of {format_count(number, 'version')} read")
    return "unknown", "no workflow has a version"


async def _ask_run_values(client: CyberdeskClient) -> Answer:
    rows = await _read_rows(client, "/v1/runs", limit=1)
    if not rows:
        return "unknown", "the organisation has no run"
    run = (await client.read(f"/v1/runs/{rows[0].get('id')}")).mapping()
    missing = {"input_values", "created_at", "alias"} - set(run)
    return _judge(not missing, f"a run lacks {', '.join(sorted(missing))}" if missing else "listed")


READING: Mapping[str, Callable[[CyberdeskClient], Awaitable[Answer]]] = {
    "list-limit": _ask_list_limit,
    "list-order": _ask_list_order,
    "run-order": _ask_run_order,
    "rate-limit-reset": _ask_rate_limit,
    "request-id": _ask_request_id,
    "not-found-is-json": _ask_not_found,
    "error-detail": _ask_error_detail,
    "version-content": _ask_versions,
    "run-comes-back-as-sent": _ask_run_values,
}
"""Questions that only read, by the key of their row."""


async def _ask_writing(client: CyberdeskClient, answers: list[DoctorResult]) -> None:
    """Make a workflow, ask the writing questions of it, and delete it, whatever happens."""
    made: list[str] = []
    try:
        answers.append(await _ask_one("idempotent-replay", _ask_replay(client, made)))
        for key, question in WRITING.items():
            if made:
                answers.append(await _ask_one(key, question(client, made[0])))
            else:
                answers.append(DoctorResult(key, "unknown", "no workflow was made to ask it of"))
    finally:
        for workflow_id in made:
            answers.append(await _ask_one("delete-not-found", _delete(client, workflow_id)))


async def _ask_replay(client: CyberdeskClient, made: list[str]) -> Answer:
    new = WorkflowCreate(main_prompt="Do nothing, and end the task.", name=TEMPORARY)
    key = str(uuid4())
    for _ in range(2):
        created = await client.workflows.create(new, idempotency_key=key)
        if created.id not in made:
            made.append(created.id)
    return _judge(len(made) == 1, f"one key sent twice made {format_count(len(made), 'workflow')}")


async def _ask_listed(client: CyberdeskClient, workflow_id: str) -> Answer:
    begun = monotonic()
    while True:
        page = await client.workflows.list(limit=20)
        seconds = monotonic() - begun
        if any(row.id == workflow_id for row in page.items):
            return "ok", f"after {seconds:.1f} s"
        if seconds > LISTED_WITHIN:
            return "problem", f"not within {LISTED_WITHIN:.0f} s"
        await asyncio.sleep(1.0)


async def _ask_empty_patch(client: CyberdeskClient, workflow_id: str) -> Answer:
    before = len(await client.workflows.versions(workflow_id))
    same = WorkflowPatch(name=TEMPORARY)
    await client.workflows.update(workflow_id, same, idempotency_key=str(uuid4()))
    after = len(await client.workflows.versions(workflow_id))
    return _judge(
        after == before + 1, f"a PATCH that changes nothing: {before} to {after} versions"
    )


async def _ask_unknown_keys(client: CyberdeskClient, workflow_id: str) -> Answer:
    patch = WorkflowPatch(name=TEMPORARY).copy_passing({"flowdsl_doctor": "unknown"})
    try:
        await client.workflows.update(workflow_id, patch, idempotency_key=str(uuid4()))
    except RequestRefused as refusal:
        return "problem", str(refusal)
    raw = (await client.read(f"/v1/workflows/{workflow_id}")).mapping()
    return _judge("flowdsl_doctor" not in raw, "the key was taken, and is not in the workflow")


async def _ask_refused(client: CyberdeskClient, workflow_id: str) -> Answer:
    patch = WorkflowPatch(name=TEMPORARY + ".", input_schema="{")
    try:
        await client.workflows.update(workflow_id, patch, idempotency_key=str(uuid4()))
    except RequestRefused:
        name = (await client.workflows.get(workflow_id)).name
        return _judge(name == TEMPORARY, "a refused PATCH changed nothing")
    return "unknown", "a PATCH with an `input_schema` that is no JSON was not refused"


async def _ask_checks(client: CyberdeskClient, workflow_id: str) -> Answer:
    async def put(checks: list[PostRunCheckUpsert]) -> list[Any]:
        patch = WorkflowPatch(post_run_checks=checks)
        await client.workflows.update(workflow_id, patch, idempotency_key=str(uuid4()))
        found = await client.workflows.get(workflow_id, include=["post_run_checks"])
        return list(found.post_run_checks or ())

    wanted = {"type": "run_attachment_exists", "name": "a file", "file_names": ["a.txt"]}
    first = await put([PostRunCheckUpsert.model_validate(wanted)])
    if not first:
        return "problem", "a check that was sent is not there"
    again = await put([PostRunCheckUpsert.model_validate({**wanted, "id": str(first[0].id)})])
    gone = await put([])
    same = [str(each.id) for each in again] == [str(each.id) for each in first]
    seen = "keeps its id" if same else "gets another id"
    return _judge(
        same and not gone, f"a check {seen}, and {'stays' if gone else 'goes'} if left out"
    )


async def _delete(client: CyberdeskClient, workflow_id: str) -> Answer:
    try:
        there = [
            await client.workflows.delete(workflow_id, idempotency_key=str(uuid4()))
            for _ in range(2)
        ]
    except CyberdeskError as failure:
        return "problem", f"delete the workflow {workflow_id} (`{TEMPORARY}`) yourself: {failure}"
    return _judge(there == [True, False], "a workflow that is deleted again is not found")


WRITING: Mapping[str, Callable[[CyberdeskClient, str], Awaitable[Answer]]] = {
    "created-is-listed": _ask_listed,
    "empty-patch-versions": _ask_empty_patch,
    "unknown-keys-dropped": _ask_unknown_keys,
    "refused-means-undone": _ask_refused,
    "check-reconcile": _ask_checks,
}
"""Questions asked of the workflow that is made for them, by the key of their row."""
