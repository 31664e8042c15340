"""What the prompts of a bundle cost, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, plain
from flowdsl.prompt.cost import SECTIONS, Calls, PromptCost, prompt_cost

from ...views.table import Column, render_table

FORMAT_VERSION = 1


def stats_text(bundle: Bundle) -> str:
    """A row for each workflow, and below it one for an entry of each of its loops."""

    def number(value: Any) -> str:
        return "" if value is None else f"{value:,}"

    columns = (
        Column("WORKFLOW", "name"),
        Column("FOCUSED CALLS", "focused_calls", number),
        Column("BACKGROUND READINGS", "background_readings", number),
        Column("TOKENS", "all", number),
        *(Column(section.upper(), section, number) for section in SECTIONS),
    )
    return render_table(columns, _rows(bundle))


def _rows(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for workflow in bundle.workflows:
        cost = _cost(workflow)
        yield {"name": workflow.name, **_calls(cost.calls), **_tokens(cost)}
        for loop in cost.loops:
            yield {"name": f"  an entry of {loop.items}", **_calls(loop.calls)}


def stats_json(bundle: Bundle) -> str:
    """One object with the figures of every workflow."""
    items = [_item(workflow) for workflow in bundle.workflows]
    whole = {"format_version": FORMAT_VERSION, "items": items, "total": len(items)}
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _item(workflow: WorkflowArtifact) -> dict[str, Any]:
    cost = _cost(workflow)
    loops = [{"items": loop.items, **_calls(loop.calls)} for loop in cost.loops]
    return {
        "workflow": workflow.name,
        **_calls(cost.calls),
        "loops": loops,
        "tokens": _tokens(cost),
    }


def _cost(workflow: WorkflowArtifact) -> PromptCost:
    return prompt_cost(str(plain(workflow.payload["main_prompt"])))


def _calls(calls: Calls) -> dict[str, int]:
    return {"focused_calls": calls.focused, "background_readings": calls.readings}


def _tokens(cost: PromptCost) -> dict[str, int]:
    return {"all": cost.all_tokens, **cost.tokens}
