"""Compile post-run checks to the items of `post_run_checks`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from flowdsl.ir import nodes
from flowdsl.prompt.text import spell_text, spell_variable, without_marks

from .artifacts import model_reference

NAME_LENGTH = 100
"""The length to which derived names are truncated; the service states no limit."""

TYPES = {
    "file": "run_attachment_exists",
    "image": "run_attachment_image_check",
    "schema": "output_data_passes_schema_validation",
    "output": "output_data_agentic_check",
}


def emit_checks(checks: tuple[nodes.PostRunCheck, ...]) -> list[dict[str, Any]]:
    """Return the items, in source order.

    Their names are unique in the workflow, and stable while a check keeps its text.
    """
    used: Counter[str] = Counter(check.name for check in checks if check.name)
    items: list[dict[str, Any]] = []
    for check in checks:
        name = check.name or _free_name(_derive_check_name(check), used)
        items.append(_render_check(check, name))
    return items


def read_stored_checks(text: str) -> dict[str, Any]:
    """Return the fields in a file of `checks from`, unchanged but with model aliases open."""
    fields: dict[str, Any] = json.loads(text)
    for item in fields.get("post_run_checks", ()):
        if isinstance(item.get("model"), str):
            item["model"] = model_reference(item["model"])
    return fields


def _free_name(wanted: str, used: Counter[str]) -> str:
    name, number = wanted, 1
    while used[name]:
        number += 1
        name = f"{wanted} ({number})"
    used[name] += 1
    return name


def _derive_check_name(check: nodes.PostRunCheck) -> str:
    target = _target_words(check.target) if check.target else ""
    statement = spell_text(without_marks(check.statement))
    match check.kind:
        case "file":
            name = f"{target} exists"
        case "image":
            name = f"{target} shows {statement}"
        case "schema":
            name = "output matches schema"
        case "output":
            name = f"output satisfies {statement}"
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 3].rstrip()}..."


def _target_words(target: nodes.FileTarget) -> str:
    match target.mode:
        case "exact":
            return ", ".join(spell_text(name) for name in target.names)
        case "regex":
            return f"files matching {target.pattern}"
        case "loop_items":
            return f"each {spell_text(target.template)}"


def _render_check(check: nodes.PostRunCheck, name: str) -> dict[str, Any]:
    item: dict[str, Any] = {"name": name, "type": TYPES[check.kind]}
    if check.description:
        item["description"] = check.description
    if check.target is not None:
        item |= _render_file_target(check.target)
    if check.statement:
        item["check_prompt"] = spell_text(check.statement)
    if check.model is not None:
        item["model"] = model_reference(check.model)
    item["allow_missing_attachments"] = check.if_present
    return {**item, **check.extra}


def _render_file_target(target: nodes.FileTarget) -> dict[str, Any]:
    """Return a file target's fields (assumptions `check-variables`, `check-list-reference`)."""
    fields: dict[str, Any] = {"file_target_mode": target.mode}
    match target.mode:
        case "exact":
            fields["file_names"] = [spell_text(name) for name in target.names]
        case "regex":
            fields["file_name_regex"] = target.pattern
            if target.count is not None:
                fields["expected_match_count"] = target.count
            if target.count_from is not None:
                fields["expected_match_count_ref"] = spell_variable(target.count_from)
        case "loop_items":
            assert target.items is not None
            fields["loop_input"] = spell_variable(target.items)
            fields["loop_item_filename_template"] = spell_text(target.template)
    return fields
