"""Prompts as they were when somebody looked at them last, in files beside the flows.

flows/patient_lookup.flow   ->   flows/__snapshots__/patient_lookup.prompt.md
"""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .cases import Case

FOLDER = "__snapshots__"
ENDING = ".prompt.md"


class Snapshot(Record):
    """Where the prompt of a workflow is kept, and what stands there; None where there is none.

    `unreadable` is why it cannot be read, or empty.
    """

    path: str
    prompt: str | None
    unreadable: str = ""


def snapshot_path(case: Case) -> str:
    """The project path of the snapshot of a workflow: beside the flow that declares it."""
    folder, slash, _ = case.workflow.module.source.path.rpartition("/")
    return f"{folder}{slash}{FOLDER}/{case.workflow.name}{ENDING}"


def snapshot_paths(cases: Iterable[Case]) -> dict[str, Case]:
    """The paths of all snapshots that tests name, each with a case of its workflow."""
    return {
        snapshot_path(case): case
        for case in cases
        if any(isinstance(node, ast.PromptMatches) for item in case.items for node in walk(item))
    }


def difference(old: str, new: str) -> tuple[str, ...]:
    """What changed from one prompt to another, as a unified difference."""
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), "snapshot", "prompt", lineterm="", n=1)
    return tuple(lines)
