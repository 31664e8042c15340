"""`/v1/runs/chain`: workflows that run back to back in one session and can read earlier outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from pydantic import JsonValue
from sqlalchemy import Row

from flowdsl.emulator.context import Rules
from flowdsl.emulator.errors import Location, invalid_request
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.requests import (
    NewRun,
    decode_files,
    find_target,
    insert_run,
    refuse_inputs,
    session_aliases,
    session_target,
)
from flowdsl.emulator.simulation.schemas import (
    find_declared_inputs,
    property_schema,
    read_schema,
    types_of,
)
from flowdsl.emulator.simulation.variables import (
    Reference,
    find_references,
    input_names,
    secret_names,
    show_path,
)
from flowdsl.emulator.wire.models import ChainStep, WorkflowChainCreate, WorkflowChainResponse

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=StoreRoute)


@router.post("/chain", status_code=201)
async def create_run_chain(
    transaction: Current, body: WorkflowChainCreate, tally: Rules
) -> WorkflowChainResponse:
    """Makes runs that follow each other in one session: its id, and theirs.

    404 for unknown ids. 422 for an alias used twice, a reference that cannot be resolved or does
    not fit, and inputs that a schema refuses; then no run is made.
    """
    target = find_target(transaction, body.session_id, body.machine_id, body.pool_ids)
    files = decode_files(body.shared_file_inputs, ("body", "shared_file_inputs"))
    producers: dict[str, Row[Any] | None] = dict.fromkeys(
        session_aliases(transaction, target.session_id)
    )
    taken: set[str] = set()
    planned: list[NewRun] = []
    for index, step in enumerate(body.steps):
        place: Location = ("body", "steps", index)
        workflow = WORKFLOWS.row(transaction, step.workflow_id)
        new = NewRun(
            workflow=workflow,
            target=target,
            input_values=_inputs_of(body, step, workflow),
            secrets=_secrets_of(body, step, workflow),
            files=files,
            is_priority=body.is_priority,
            session_alias=step.session_alias,
            release_session_after=(
                index == len(body.steps) - 1 and not body.keep_session_after_completion
            ),
        )
        if step.session_alias is not None:
            if step.session_alias in taken:
                message = f"the alias `{step.session_alias}` is used by an earlier step"
                raise invalid_request((*place, "session_alias"), message, "duplicate_alias")
            taken.add(step.session_alias)
        for found in find_references(new.input_values or {}):
            _refuse_reference(found, producers, workflow, (*place, "inputs"))
        refuse_inputs(transaction, new, (*place, "inputs"), (*place, "sensitive_inputs"))
        if step.session_alias is not None:
            producers[step.session_alias] = workflow
        planned.append(new)
    run_ids: list[str] = []
    for position, new in enumerate(planned):
        effects = tally.effects(new.workflow.name, new.input_values or {})
        if run_ids:
            session = session_target(transaction, target.session_id or run_ids[0])
            new = replace(new, target=replace(session, pool_ids=target.pool_ids))
        run_ids.append(
            insert_run(transaction, new, effects, position=position, starts_session=not run_ids)
        )
    return WorkflowChainResponse(session_id=target.session_id or run_ids[0], run_ids=run_ids)


def _inputs_of(
    body: WorkflowChainCreate, step: ChainStep, workflow: Row[Any]
) -> dict[str, JsonValue] | None:
    """Return the step's inputs merged over the shared inputs that its workflow declares or uses."""
    known = find_declared_inputs(read_schema(workflow.input_schema))
    known |= input_names(workflow.main_prompt)
    shared = {name: value for name, value in (body.shared_inputs or {}).items() if name in known}
    return {**shared, **(step.inputs or {})} or None


def _secrets_of(
    body: WorkflowChainCreate, step: ChainStep, workflow: Row[Any]
) -> tuple[str, ...] | None:
    known = find_declared_inputs(read_schema(workflow.input_schema))
    used = secret_names(workflow.main_prompt)
    shared = [
        name for name in body.shared_sensitive_inputs or () if f"${name}" in known or name in used
    ]
    return tuple(dict.fromkeys([*shared, *(step.sensitive_inputs or ())])) or None


def _refuse_reference(
    found: Reference,
    producers: dict[str, Row[Any] | None],
    consumer: Row[Any],
    values_at: Location,
) -> None:
    """Raise a 422 for a reference that no output of an earlier step can satisfy.

    No such step, no such field, or another type. Of runs before the chain only the alias is known.
    """
    location = (*values_at, *found.place)
    if not found.alias:
        raise invalid_request(location, f"`{found.text}` is not `alias.outputs.path`", "ref_form")
    if found.alias not in producers:
        raise invalid_request(
            location, f"no earlier step has the alias `{found.alias}`", "ref_alias"
        )
    producer = producers[found.alias]
    if producer is None:
        return
    exists, given = property_schema(read_schema(producer.output_schema), found.path)
    if not exists:
        message = f"the outputs of `{found.alias}` have no `{show_path(found.path)}`"
        raise invalid_request(location, message, "ref_path")
    _, wanted = property_schema(read_schema(consumer.input_schema), found.place)
    offered, accepted = types_of(given), types_of(wanted)
    if offered is not None and accepted is not None and not offered & accepted:
        message = f"`{found.text}` is {_join_types(offered)}, expected is {_join_types(accepted)}"
        raise invalid_request(location, message, "ref_type")


def _join_types(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
