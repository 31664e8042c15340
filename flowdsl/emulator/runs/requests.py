"""The requests that create runs, one or many; `chains` creates those of a chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from sqlalchemy import Row, insert

from flowdsl.emulator.context import Rules
from flowdsl.emulator.errors import Location, invalid_request, not_found
from flowdsl.emulator.resources.machines import MACHINES, parameters_of
from flowdsl.emulator.resources.model_configurations import refuse_unusable_models
from flowdsl.emulator.resources.rows import new_aliases
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.attachments import NewFile, decode_content, insert_attachment
from flowdsl.emulator.runs.rows import RUNS, get_run
from flowdsl.emulator.runs.run_plans import (
    PlanSources,
    find_input_problems,
    insert_results,
    run_plan_of,
)
from flowdsl.emulator.runs.schedule import (
    MachinePlacement,
    place_run,
    queue_run,
    replan_waiting_runs,
    reschedule,
)
from flowdsl.emulator.runs.views import run_replies
from flowdsl.emulator.simulation.rules import Effects
from flowdsl.emulator.simulation.schemas import SchemaProblem
from flowdsl.emulator.simulation.variables import Path, Values, find_references
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import machines, runs
from flowdsl.emulator.wire.models import (
    AttachmentType,
    FileInput,
    RunBulkCreate,
    RunBulkCreateResponse,
    RunCreate,
    RunResponse,
    WorkflowModelMetadata,
)

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=StoreRoute)


@dataclass(frozen=True, slots=True)
class RunTarget:
    """Where runs are executed: in a session, on a machine, or on one in all of the pools."""

    session_id: str | None
    machine_id: str | None
    pool_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewRun:
    """The values of a run to be created, except its machine and its position in the order.

    `secrets` are names only.
    """

    workflow: Row[Any]
    target: RunTarget
    input_values: dict[str, JsonValue] | None = None
    secrets: tuple[str, ...] | None = None
    files: tuple[NewFile, ...] = ()
    is_priority: bool = False
    main_prompt: str | None = None
    model_metadata: dict[str, Any] | None = None
    session_alias: str | None = None
    release_session_after: bool | None = None


@router.post("", status_code=201)
async def create_run(transaction: Current, body: RunCreate, tally: Rules) -> RunResponse:
    """A new run, waiting. 404 for unknown ids, 422 for refused inputs and unusable models."""
    workflow = WORKFLOWS.row(transaction, body.workflow_id)
    target = find_target(transaction, body.session_id, body.machine_id, body.pool_ids)
    refuse_unusable_models(transaction, body.model_metadata, ("body", "model_metadata"))
    main_agent = WorkflowModelMetadata(main_agent_model_id=body.main_agent_model_id)
    refuse_unusable_models(transaction, main_agent, ("body",))
    new = NewRun(
        workflow=workflow,
        target=target,
        input_values=body.input_values,
        secrets=_secret_names(body.sensitive_input_values),
        files=decode_files(body.file_inputs, ("body", "file_inputs")),
        is_priority=body.is_priority,
        main_prompt=body.main_prompt,
        model_metadata=_model_metadata(body),
        session_alias=body.session_alias,
        release_session_after=body.release_session_after,
    )
    refuse_inputs(transaction, new, ("body", "input_values"), ("body", "sensitive_input_values"))
    refuse_references(transaction, new, ("body", "input_values"))
    effects = tally.effects(workflow.name, body.input_values or {})
    run_id = insert_run(transaction, new, effects, starts_session=bool(body.start_session))
    return get_run(transaction, run_id)


@router.post("/bulk", status_code=201)
async def bulk_create_runs(
    transaction: Current, body: RunBulkCreate, tally: Rules
) -> RunBulkCreateResponse:
    """`count` runs with the same inputs; the ones a scenario refuses are counted as failed.

    Refused inputs refuse the whole request.
    """
    new = NewRun(
        workflow=WORKFLOWS.row(transaction, body.workflow_id),
        target=find_target(transaction, body.session_id, body.machine_id, body.pool_ids),
        input_values=body.input_values,
        secrets=_secret_names(body.sensitive_input_values),
        files=decode_files(body.file_inputs, ("body", "file_inputs")),
        is_priority=body.is_priority,
    )
    refuse_inputs(transaction, new, ("body", "input_values"), ("body", "sensitive_input_values"))
    refuse_references(transaction, new, ("body", "input_values"))
    made: list[str] = []
    errors: list[str] = []
    session_id, machine_id = new.target.session_id, new.target.machine_id
    placement = None
    if machine_id is None and session_id is None:
        placement = MachinePlacement(transaction, new.target.pool_ids)
    sources = PlanSources(transaction, new.workflow)
    machines_used: dict[str, None] = {}
    for position in range(body.count):
        effects = tally.effects(new.workflow.name, body.input_values or {})
        if effects.refuse is not None:
            errors.append(f"run {position + 1}: {effects.refuse}")
            continue
        run_id = transaction.new_id()
        if body.start_session and session_id is None:
            session_id = run_id
            machine_id = machine_id or (None if placement is None else placement.next())
            placement = None
        chosen = machine_id if placement is None else placement.next()
        _insert_run(transaction, run_id, new, effects, sources, chosen, session_id, position)
        made.append(run_id)
        if chosen is not None:
            machines_used[chosen] = None
    for used in machines_used:
        reschedule(transaction, used)
    return RunBulkCreateResponse(
        created_runs=run_replies(transaction, RUNS.named(transaction, made)[::-1]),
        failed_count=len(errors),
        errors=errors,
    )


def find_target(
    transaction: Transaction,
    session_id: UUID | None,
    machine_id: UUID | None,
    pool_ids: Iterable[UUID] | None,
) -> RunTarget:
    """Return the target of a request: the session, else the machine, else the pools.

    404 for an unknown session, machine or pool; the ones that are overridden are not checked.
    """
    if session_id is not None:
        return session_target(transaction, session_id)
    if machine_id is not None:
        return RunTarget(None, str(MACHINES.row(transaction, machine_id).id))
    # Unknown pools are detected when a machine is looked for.
    return RunTarget(None, None, tuple(str(pool_id) for pool_id in pool_ids or ()))


def session_target(transaction: Transaction, session_id: UUID | str) -> RunTarget:
    """Return a session with its machine: that of its last run, else the one reserved for it."""
    in_session = runs.c.session_id == str(session_id)
    last = RUNS.rows(transaction, in_session, columns=[runs.c.machine_id])
    if last:
        return RunTarget(str(session_id), last[0].machine_id)
    reserved = MACHINES.rows(transaction, machines.c.reserved_session_id == str(session_id))
    if not reserved:
        raise not_found("session", session_id)
    return RunTarget(str(session_id), str(reserved[0].id))


def session_aliases(transaction: Transaction, session_id: str | None) -> set[str]:
    """Return the aliases of the session's runs so far; empty without a session."""
    if session_id is None:
        return set()
    in_session = (runs.c.session_id == session_id, runs.c.session_alias.is_not(None))
    rows = RUNS.rows(transaction, *in_session, columns=[runs.c.session_alias])
    return {str(row.session_alias) for row in rows}


def insert_run(
    transaction: Transaction,
    new: NewRun,
    effects: Effects,
    *,
    position: int = 0,
    starts_session: bool = False,
) -> str:
    """Create a run with its run plan and its times; return its id."""
    run_id = transaction.new_id()
    target = new.target
    session_id = run_id if starts_session and target.session_id is None else target.session_id
    machine_id = target.machine_id
    if machine_id is None and target.session_id is None:
        machine_id = place_run(transaction, target.pool_ids)
    sources = PlanSources(transaction, new.workflow)
    _insert_run(transaction, run_id, new, effects, sources, machine_id, session_id, position)
    queue_run(transaction, run_id)
    if session_id is not None and new.release_session_after:
        # Only now is it known when the session releases its machine.
        replan_waiting_runs(transaction)
    return run_id


def _insert_run(
    transaction: Transaction,
    run_id: str,
    new: NewRun,
    effects: Effects,
    sources: PlanSources,
    machine_id: str | None,
    session_id: str | None,
    position: int,
) -> None:
    """Store a run with its run plan and its files, but without times."""
    aliases = None if new.secrets is None else dict.fromkeys(new.secrets, "")
    values = {
        "id": run_id,
        "organization_id": transaction.organization_id,
        "created_at": transaction.now,
        "queued_at": transaction.now,
        "position": position,
        "attempt": 0,
        "workflow_id": new.workflow.id,
        "machine_id": machine_id,
        "session_id": session_id,
        "session_alias": new.session_alias,
        "release_session_after": new.release_session_after,
        "is_priority": new.is_priority,
        "main_prompt": new.main_prompt,
        "model_metadata": new.model_metadata,
        "pool_ids": list(new.target.pool_ids) or None,
        "input_values": new.input_values,
        "sensitive_input_aliases": new_aliases(transaction, aliases),
        "effects": effects.model_dump(mode="json", exclude_defaults=True) or None,
    }
    run = SimpleNamespace(**values)
    decision = run_plan_of(transaction, run, sources)
    transaction.connection.execute(insert(runs).values(**values, **decision.columns))
    for file in new.files:
        insert_attachment(transaction, run_id, file, AttachmentType.INPUT)
    insert_results(transaction, run, sources, decision)


def refuse_inputs(
    transaction: Transaction, new: NewRun, values_at: Location, secrets_at: Location
) -> None:
    """Raise a 422 for refused inputs, one entry per location (assumption `input-422`).

    Until the machine is known, a value that it may supply does not count as missing.
    """
    machine_id = new.target.machine_id or place_run(transaction, new.target.pool_ids)
    late = [str(each.place[0]) for each in find_references(new.input_values or {})]
    problems = find_input_problems(
        new.workflow,
        new.input_values,
        new.secrets or (),
        parameters_of(transaction, machine_id, new.target.pool_ids),
        unresolved=late,
        machine_known=machine_id is not None,
    )
    if problems:
        raise RequestValidationError(
            [_render_problem(item, values_at, secrets_at) for item in problems]
        )


def refuse_references(transaction: Transaction, new: NewRun, values_at: Location) -> None:
    """Raise a 422 for an invalid reference, or one that names no earlier run of the session."""
    known = session_aliases(transaction, new.target.session_id)
    for found in find_references(new.input_values or {}):
        location = (*values_at, *found.place)
        if not found.alias:
            raise invalid_request(
                location, f"`{found.text}` is not `alias.outputs.path`", "ref_form"
            )
        if found.alias not in known:
            message = f"no earlier run of the session has the alias `{found.alias}`"
            raise invalid_request(location, message, "ref_alias")


def decode_files(files: Sequence[FileInput] | None, location: Location) -> tuple[NewFile, ...]:
    """Decode the files of a request; 422 for one whose content is not base64."""
    return tuple(
        NewFile(
            filename=file.filename,
            content=decode_content(file.content, (*location, index, "content")),
            target_path=file.target_path,
            cleanup_imports_after_run=file.cleanup_imports_after_run,
        )
        for index, file in enumerate(files or ())
    )


def _render_problem(
    problem: SchemaProblem, values_at: Location, secrets_at: Location
) -> dict[str, Any]:
    path: Path = problem.path
    location = (*values_at, *path)
    if path and str(path[0]).startswith("$"):
        location = (*secrets_at, str(path[0])[1:], *path[1:])
    return {"loc": location, "msg": problem.message, "type": f"input_schema.{problem.keyword}"}


def _model_metadata(body: RunCreate) -> dict[str, Any] | None:
    """Return the models that a run overrides, including `main_agent_model_id`."""
    sent = {} if body.model_metadata is None else body.model_metadata.model_dump(mode="json")
    if body.main_agent_model_id is not None:
        sent["main_agent_model_id"] = str(body.main_agent_model_id)
    return sent or None


def _secret_names(secrets: Values | None) -> tuple[str, ...] | None:
    return None if secrets is None else tuple(secrets)
