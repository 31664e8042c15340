"""What the prompts of a bundle cost, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, render_plain_json
from flowdsl.prompt.cost import SECTIONS, Calls, PromptCost, prompt_cost

from ...views.table import Column, items_json, render_table


def stats_text(bundle: Bundle) -> str:
    """A row for each workflow, and below it one for one entry of each of its loops."""

    def number(value: Any) -> str:
        return "" if value is None else f"{value:,}"

    columns = (
        Column("WORKFLOW", "name"),
        Column("FOCUSED CALLS", "focused_calls", number),
        Column("BACKGROUND READINGS", "background_readings", number),
        Column("TOKENS", "all", number),
        *(Column(section.upper(), section, number) for section in SECTIONS),
    )
    return render_table(columns, _workflow_rows(bundle))


def _workflow_rows(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for workflow in bundle.workflows:
        cost = _workflow_cost(workflow)
        yield {"name": workflow.name, **_call_counts(cost.calls), **_token_counts(cost)}
        for loop in cost.loops:
            yield {"name": f"  an entry of {loop.items}", **_call_counts(loop.calls)}


def stats_json(bundle: Bundle) -> str:
    return items_json([_workflow_item(workflow) for workflow in bundle.workflows])


def _workflow_item(workflow: WorkflowArtifact) -> dict[str, Any]:
    cost = _workflow_cost(workflow)
    loops = [{"items": loop.items, **_call_counts(loop.calls)} for loop in cost.loops]
    return {
        "workflow": workflow.name,
        **_call_counts(cost.calls),
        "loops": loops,
        "tokens": _token_counts(cost),
    }


def _workflow_cost(workflow: WorkflowArtifact) -> PromptCost:
    return prompt_cost(str(render_plain_json(workflow.payload["main_prompt"])))


def _call_counts(calls: Calls) -> dict[str, int]:
    return {"focused_calls": calls.focused, "background_readings": calls.readings}


def _token_counts(cost: PromptCost) -> dict[str, int]:
    return {"all": cost.all_tokens, **cost.tokens}
