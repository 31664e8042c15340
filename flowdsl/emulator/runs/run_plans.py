"""Decides how a run goes: collects the input of the simulation and stores its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Row, delete

from flowdsl.emulator.resources.checks import checks_of_workflows
from flowdsl.emulator.resources.machines import Parameters, existing_pools, parameters_of
from flowdsl.emulator.resources.workflows import WORKFLOWS
from flowdsl.emulator.runs.attachments import NewFile, insert_attachment
from flowdsl.emulator.runs.rows import RUNS
from flowdsl.emulator.runs.trajectories import (
    drop_recording,
    find_approved_trajectories,
    insert_recording,
)
from flowdsl.emulator.runs.views import status_of
from flowdsl.emulator.simulation.checks import CheckOutcome
from flowdsl.emulator.simulation.files import content_of
from flowdsl.emulator.simulation.plans import DIMENSIONS, Attachment, PlayedRun
from flowdsl.emulator.simulation.rules import Effects
from flowdsl.emulator.simulation.run_plan import play
from flowdsl.emulator.simulation.schemas import SchemaProblem, input_problems, read_schema
from flowdsl.emulator.simulation.variables import UnresolvedError, resolve_inputs, resolved
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import run_attachments, runs
from flowdsl.emulator.wire.models import (
    AttachmentType,
    RunPostRunCheckSnapshot,
    RunStatus,
    WorkflowPostRunCheckResponse,
)
from flowdsl.emulator.wire.values import OpenObject

RUN_IMAGES = "supabase://run-images/"
_SNAPSHOT_VERSION = 1

_SNAPSHOT_FIELDS = (
    RunPostRunCheckSnapshot.model_fields.keys() & WorkflowPostRunCheckResponse.model_fields.keys()
)


def find_input_problems(
    workflow: Row[Any],
    inputs: Mapping[str, JsonValue] | None,
    secrets: Sequence[str],
    parameters: Parameters,
    *,
    unresolved: Sequence[str] = (),
    machine_known: bool = True,
) -> list[SchemaProblem]:
    """Return what the workflow's `input_schema` refuses in a run's inputs merged over `parameters`.

    A schema that cannot be read refuses nothing (assumption `schemas-unparsed`).
    """
    schema = read_schema(workflow.input_schema)
    if schema is None:
        return []
    return input_problems(
        schema,
        resolve_inputs(inputs, parameters.values),
        [*secrets, *parameters.sensitive_aliases],
        unresolved=unresolved,
        machine_known=machine_known,
    )


class PlanSources:
    """The data from which the runs of one workflow are played, read once."""

    def __init__(self, transaction: Transaction, workflow: Row[Any]) -> None:
        self.workflow = workflow
        checks = checks_of_workflows(transaction, [workflow.id])[workflow.id]
        self.definitions = [check.model_dump(mode="json") for check in checks]
        replayed = find_approved_trajectories(transaction, workflow.id, DIMENSIONS)
        self.trajectory_id = replayed[0].id if replayed else None
        self._recorded = replayed[0].trajectory_data if replayed else ()
        self._transaction = transaction
        self._parameters: dict[tuple[str | None, tuple[str, ...]], Parameters] = {}

    def recorded(self, prompt: str) -> tuple[str, ...]:
        """Return the lines of this prompt to replay; none if the recording is of another prompt."""
        digest = _digest_prompt(prompt)
        if any(step.get("prompt") != digest for step in self._recorded):
            return ()
        return tuple(str(step.get("line")) for step in self._recorded)

    def parameters(self, machine_id: str | None, pool_ids: Sequence[str]) -> Parameters:
        """Return the parameters of a machine and of the pools that still exist, read once."""
        key = (machine_id, tuple(pool_ids))
        if key not in self._parameters:
            pools = existing_pools(self._transaction, pool_ids)
            self._parameters[key] = parameters_of(self._transaction, machine_id, pools)
        return self._parameters[key]


@dataclass(frozen=True, slots=True)
class DecidedRun:
    """The decided run: columns of its run plan, its files, and the steps it will record."""

    columns: dict[str, Any]
    attachments: Sequence[Attachment]
    recorded: Sequence[OpenObject]


def decide_run_plan(transaction: Transaction, run_id: str) -> None:
    """Play a run from the current state of its workflow and store the run plan.

    `schedule` sets the times. A run is decided again when its machine becomes known, when a run
    whose outputs it reads changes, and when it is retried.
    """
    row = RUNS.row(transaction, run_id)
    sources = PlanSources(transaction, WORKFLOWS.row(transaction, row.workflow_id))
    decision = run_plan_of(transaction, row, sources)
    RUNS.change(transaction, run_id, **decision.columns)
    columns = run_attachments.c
    transaction.connection.execute(
        delete(run_attachments).where(
            columns.run_id == row.id, columns.attachment_type == AttachmentType.OUTPUT.value
        )
    )
    drop_recording(transaction, run_id)
    insert_results(transaction, row, sources, decision)


def run_plan_of(transaction: Transaction, row: Any, sources: PlanSources) -> DecidedRun:
    """Return the decision for a run; `row` has the columns that the decision does not compute.

    Only a success is recorded, and not one that replays a trajectory (assumption
    `recorded-success`).
    """
    inputs, obstacle = _inputs_of(transaction, row, sources)
    workflow = sources.workflow
    prompt = row.main_prompt or workflow.main_prompt
    run_plan = play(
        PlayedRun(
            seed=f"{row.id}/{row.attempt}",
            prompt=prompt,
            inputs=inputs,
            output_schema=workflow.output_schema,
            checks=sources.definitions,
            effects=Effects.model_validate(row.effects or {}),
            obstacle=obstacle,
            cleanup_prompt=(
                None if row.session_id is None else workflow.post_run_check_failure_cleanup_prompt
            ),
            trajectory_id=sources.trajectory_id,
            recorded=sources.recorded(prompt),
            input_schema=workflow.input_schema,
            images=f"{RUN_IMAGES}{transaction.organization_id}/{row.id}/",
        )
    )
    messages = [message for _, message in run_plan.messages]
    values = {
        "running_ms": run_plan.running_ms,
        "checking_ms": run_plan.checking_ms,
        "held": run_plan.held,
        "outcome": run_plan.outcome,
        "error": run_plan.error,
        "output_data": run_plan.output_data,
        "run_message_history": messages,
        "message_ms": [milliseconds for milliseconds, _ in run_plan.messages],
        "usage_metadata": dict(run_plan.usage),
        "post_run_checks": _render_snapshots(transaction, sources, run_plan.checks),
    }
    is_recorded = run_plan.outcome == RunStatus.SUCCESS and sources.trajectory_id is None
    steps = _collect_tool_steps(messages, run_plan.recorded, prompt) if is_recorded else ()
    return DecidedRun(values, run_plan.attachments, steps)


def blocks_of(message: OpenObject) -> list[dict[str, Any]]:
    """Return the blocks of a message of the history; none if its content is plain text."""
    content = message.get("content")
    return (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )


def _collect_tool_steps(
    history: Sequence[OpenObject], lines: Mapping[str, str] | None, prompt: str
) -> list[OpenObject]:
    """Return one step for each tool call of the run, or only for the calls in `lines`.

    A step for a call in `lines` has the line and the digest of its prompt, which are the emulator's
    own fields: a replay finds the step by them.
    """
    steps: list[OpenObject] = []
    for block in (block for message in history for block in blocks_of(message)):
        if block.get("type") != "tool_use":
            continue
        step: OpenObject = {
            "func_name": block.get("tool_name"),
            "args": [],
            "kwargs": block.get("tool_input"),
            "pre_check_snapshot": None,
            "result": "done",
        }
        if lines is not None:
            line = lines.get(str(block.get("tool_use_id")))
            if line is None:
                continue
            step |= {"line": line, "prompt": _digest_prompt(prompt)}
        steps.append(step)
    return steps


def _digest_prompt(prompt: str) -> str:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()


def _inputs_of(
    transaction: Transaction, row: Any, sources: PlanSources
) -> tuple[dict[str, JsonValue], str | None]:
    """Return the run's inputs merged over its parameters, and why it cannot begin, or None."""
    parameters = sources.parameters(row.machine_id, row.pool_ids or ())
    given: dict[str, JsonValue] = row.input_values or {}
    obstacle = None
    try:
        given = resolved(given, lambda alias: _outputs_of(transaction, row, alias))
    except UnresolvedError as error:
        obstacle = str(error)
    inputs = resolve_inputs(given, parameters.values)
    if obstacle is None:
        problems = find_input_problems(
            sources.workflow,
            given,
            list(row.sensitive_input_aliases or ()),
            parameters,
            machine_known=row.machine_id is not None,
        )
        if problems:
            obstacle = f"the inputs do not fit input_schema: {problems[0].message}"
    return inputs, obstacle


def _outputs_of(transaction: Transaction, row: Any, alias: str) -> Mapping[str, JsonValue]:
    """Return the outputs of the last run before `row` in the session with this alias."""
    columns = runs.c
    earlier = (columns.created_at < row.created_at) | (
        (columns.created_at == row.created_at) & (columns.position < row.position)
    )
    of_alias = (columns.session_id == row.session_id, columns.session_alias == alias)
    sources = RUNS.rows(transaction, *of_alias, earlier)
    if not sources:
        raise UnresolvedError(f"no earlier run of the session has the alias `{alias}`")
    source = sources[0]
    # If it has not ended yet, its future outcome: this run begins after it.
    outcome = source.outcome if source.status is None else status_of(source, transaction.now)
    if outcome != RunStatus.SUCCESS:
        raise UnresolvedError(f"the run `{alias}`, whose outputs are needed, ended as {outcome}")
    return source.output_data or {}


def _render_snapshots(
    transaction: Transaction, sources: PlanSources, results: Sequence[CheckOutcome]
) -> list[dict[str, Any]]:
    return [
        {
            **{name: value for name, value in check.items() if name in _SNAPSHOT_FIELDS},
            "id": transaction.new_id(),
            "post_run_check_id": check["id"],
            "snapshot_version": _SNAPSHOT_VERSION,
            "status": result.status,
            "error_message": result.message,
            "messages": None if result.message is None else [result.message],
            "matched_filenames": list(result.matched),
            "started_at": None,
            "ended_at": None,
        }
        for check, result in zip(sources.definitions, results, strict=True)
    ]


def insert_results(
    transaction: Transaction, run: Any, sources: PlanSources, decision: DecidedRun
) -> None:
    """Store the files and the trajectory that a run will produce.

    They appear when the run's times are known.
    """
    if decision.recorded:
        insert_recording(
            transaction,
            sources.workflow,
            run.id,
            data=decision.recorded,
            dimensions=DIMENSIONS,
            original_input_values=run.input_values,
            approved=Effects.model_validate(run.effects or {}).approve,
        )
    for position, attachment in enumerate(decision.attachments):
        file = NewFile(attachment.name, content_of(attachment.name))
        insert_attachment(
            transaction,
            run.id,
            file,
            AttachmentType.OUTPUT,
            position=position,
            at_ms=attachment.at_ms,
        )
