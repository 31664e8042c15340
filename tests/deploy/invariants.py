"""What holds after every fault.

Of a report, compared with what the service saw, and of a world after one clean deploy.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.deploy.outcome import OperationResult, Outcome, Status
from flowdsl.deploy.resources.mark import mark_in, without_mark
from tests.deploy.fault_world import SECRETS, FaultWorld
from tests.deploy.kill_switch import Attempt

NOTHING_WRITTEN = {
    Status.NOTHING_TO_DO,
    Status.SERVICE,
}
"""Statuses that say that the service is as it was."""

PLAN_NOT_CARRIED_OUT = {Status.DECLINED, Status.INVALID, Status.GUARDED}
"""Statuses that say so of this deploy's plan.

What an earlier one left open may have been settled before.
"""


NO_STATE = {"lease": None, "pending": [], "serial": 0, "lineage": None, "resources": {}}
"""What there is where nothing was ever deployed."""


def deploy_clean(world: FaultWorld, project: Bundle, **options: Any) -> Outcome:
    """The one clean deploy after a fault; what it reports is checked."""
    outcome = checked(world, world.deploy(project, **options))
    assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome
    return outcome


def check_invariants(world: FaultWorld, project: Bundle) -> None:
    """What must hold after a clean deploy, whatever came before."""
    kept = dict(world.back_end.contents())
    document = json.loads(kept["state.json"]) if kept else NO_STATE
    assert document["lease"] is None and document["pending"] == []
    assert document["serial"] == world.log.writes, (
        "a write of state was lost, or came from elsewhere"
    )
    assert document["lineage"] == world.lineage or not kept

    rows = {row.id: row for row in world.workflows()}
    state = {
        address: each["id"]
        for address, each in document["resources"].items()
        if address.startswith("workflow.")
    }
    wanted = {f"workflow.{item.name}": item for item in project.workflows}
    assert state.keys() == wanted.keys() | world.kept
    assert set(state.values()) <= rows.keys() and len(set(state.values())) == len(state)
    assert orphans(world, rows, set(state.values())) == []
    for address, item in wanted.items():
        row = rows[state[address]]
        assert is_as_wanted(row, item, exactly=not world.lost_state), (address, row)
    check_named(world, document["resources"])
    assert world.raw_of(world.foreign) == world.foreign, "a workflow that is not ours was touched"

    again = checked(world, world.deploy(project))
    assert again.status is Status.NOTHING_TO_DO, again
    assert not [attempt for attempt in world.attempts if attempt.writes]
    assert world.back_end.contents() == kept, "a deploy of nothing changed the state"
    for text in world.artifacts():
        for secret in SECRETS:
            assert secret not in text


def orphans(world: FaultWorld, rows: Mapping[str, Workflow], tracked: set[str]) -> list[str]:
    """The workflows of ours, by their mark, that state does not know."""
    ours = []
    for row in rows.values():
        mark = mark_in(row.input_schema)
        target = world.target
        if mark and (mark.project, mark.environment) == (target.project, target.environment):
            ours.append(row.id)
    return sorted(set(ours) - tracked - world.foreign.keys())


def check_named(world: FaultWorld, resources: Mapping[str, Any]) -> None:
    """Declared resources exist once, and state knows them."""
    models = Counter(
        row.name
        for row in world.ask(lambda client: client.model_configurations.list())
        if not row.is_system_default
    )
    for name in world.target.declared.get("model", {}):
        assert models[name] == 1, f"{models[name]} model configurations are called {name}"
        assert f"model.{name}" in resources


def is_as_wanted(row: Workflow, item: WorkflowArtifact, *, exactly: bool) -> bool:
    """Whether the service has what the source says.

    Unless `exactly`, with more tags, which count as somebody else's once nobody knows who put them
    there.
    """
    schema = item.payload.get("input_schema")
    own = without_mark(json.loads(row.input_schema)) if row.input_schema else None
    wanted_schema = {"type": "object"} if schema is None else json.loads(schema)
    # A workflow that was adopted carries no mark, and then no schema that only holds one.
    same_schema = own == wanted_schema or (schema is None and own is None)
    prompt = item.payload["main_prompt"]
    same_prompt = bool(item.images) or row.main_prompt == prompt.render(str)
    if item.images:
        same_prompt = "supabase://" in row.main_prompt
    tags = {tag.name for tag in row.tags or ()}
    same_tags = tags == set(item.tags) or (not exactly and tags >= set(item.tags))
    return same_schema and same_prompt and row.name == item.title and same_tags


def checked(world: FaultWorld, outcome: Outcome) -> Outcome:
    """The outcome, once it agrees with what the service saw of this deploy."""
    recovered = any(kind == "recovery" for kind, _ in world.ui.events)
    check_report(outcome, world.attempts, world.ids(), recovered=recovered)
    return outcome


def check_report(
    outcome: Outcome,
    attempts: Sequence[Attempt],
    addresses: Mapping[str, str],
    *,
    recovered: bool = False,
) -> None:
    """Whether results and status say what happened. `addresses` maps ids of workflows to addresses.

    `recovered`: it was told that an earlier deploy's writes were settled.
    """
    known: dict[str, str] = {}
    for attempt in attempts:
        if attempt.took_effect and attempt.path == "/v1/workflows":
            address = attempt.address(known)
            if address is not None:
                known[str(attempt.reply["id"])] = address
    plan = outcome.plan
    for change in () if plan is None else plan.changes:
        if change.prior is not None:
            known[change.prior.id] = change.address
    # A mark keeps the first address, which a workflow may have left.
    known |= addresses
    sent: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.writes and (address := attempt.address(known)) is not None:
            sent.setdefault(address, []).append(attempt)
    results = {result.address: result for result in outcome.results}
    assert len(results) == len(outcome.results), "an address has two results"
    for address, result in results.items():
        if address.startswith("workflow."):
            _check_result(result, sent.get(address, []))
    effective = [attempt for attempt in attempts if attempt.took_effect]
    if outcome.status in NOTHING_WRITTEN or (
        outcome.status in PLAN_NOT_CARRIED_OUT and not recovered
    ):
        assert not effective, (outcome.status, effective)
    outcomes = Counter(result.outcome for result in outcome.results)
    if outcome.status is Status.DONE:
        assert set(outcomes) <= {"performed"}, outcomes
    if outcome.status is Status.UNKNOWN:
        assert not all(attempt.answered for attempt in attempts if attempt.writes)
    if outcomes["unknown"]:
        assert outcome.status in (Status.UNKNOWN, Status.STATE)
    if outcomes["failed"] or outcomes["not_attempted"]:
        assert outcome.status not in (Status.DONE, Status.NOTHING_TO_DO)
    if outcome.status not in (Status.DONE, Status.NOTHING_TO_DO):
        said = outcome.messages or [each.message for each in outcome.results if each.message]
        assert said, "nobody is told what went wrong"


def _check_result(result: OperationResult, writes: Sequence[Attempt]) -> None:
    effective = [attempt for attempt in writes if attempt.took_effect]
    match result.outcome:
        case "performed":
            assert effective, f"{result} was not done"
        case "not_attempted":
            assert not writes, f"{result} was sent: {writes}"
        case "failed" if result.reason != "incomplete":
            assert not effective, f"{result} was done: {effective}"
        case "failed":
            assert effective and result.id, f"{result} left nothing"
        case "unknown":
            assert not all(attempt.answered for attempt in writes), f"{result} was answered"
        case "conflict":
            pass
