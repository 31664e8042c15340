"""Post-run checks: the files that they require, and their results for a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from flowdsl.emulator.simulation.files import base_name
from flowdsl.emulator.simulation.prompts import loop_items
from flowdsl.emulator.simulation.rules import CheckResult
from flowdsl.emulator.simulation.schemas import Schema, find_schema_problems
from flowdsl.emulator.simulation.variables import (
    Values,
    parse_path,
    render_text,
    show_path,
    value_at,
)
from flowdsl.source.matching_text import matching_text
from flowdsl.source.patterns import may_match, syntax_problem

Definition = Mapping[str, Any]
"""The fields of a check as a workflow stores it."""

_FILE_TYPES = ("run_attachment_exists", "run_attachment_image_check")
_MAX_COUNT = 100


@dataclass(frozen=True, slots=True)
class CheckedFacts:
    """The facts about a run that checks examine."""

    inputs: Values
    runtime: Values
    filenames: Sequence[str]
    output_data: JsonValue
    output_schema: Schema | None


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The result of a check; `message` explains why it did not succeed."""

    status: str
    message: str | None = None
    matched: tuple[str, ...] = ()


def find_wanted_files(check: Definition, facts: CheckedFacts) -> list[str]:
    """Return the names a run must attach besides `facts.filenames` for the check to succeed."""
    if check["type"] not in _FILE_TYPES or check.get("allow_missing_attachments"):
        return []
    if check.get("file_target_mode") == "regex":
        pattern = check.get("file_name_regex") or ""
        present = _find_matching_names(pattern, facts.filenames)
        count = _count_expected_matches(check, facts)
        missing = (1 if count is None else min(count, _MAX_COUNT)) - len(present or ())
        text = matching_text(pattern, at_least=1)
        if present is None or text is None:
            return []
        return _make_distinct_names(pattern, text, missing)
    return [name for name in _names_of_target(check, facts) if name not in facts.filenames]


def evaluate(
    check: Definition, facts: CheckedFacts, forced: CheckResult | None = None
) -> CheckOutcome:
    """Evaluate a check on `facts`; `forced` overrides the result."""
    if forced is not None:
        return CheckOutcome(forced, f"the scenario lets check `{check['name']}` end as {forced}")
    match check["type"]:
        case "output_data_passes_schema_validation":
            return _schema_result(facts)
        case "output_data_agentic_check":
            return CheckOutcome("success")
        case _:
            return _file_result(check, facts)


def _file_result(check: Definition, facts: CheckedFacts) -> CheckOutcome:
    is_image_check = check["type"] == "run_attachment_image_check"
    if check.get("file_target_mode") != "regex":
        names = _names_of_target(check, facts)
        matched = tuple(name for name in names if name in facts.filenames)
        missing = [name for name in names if name not in facts.filenames]
        if missing and not check.get("allow_missing_attachments"):
            return CheckOutcome("failed", f"no attachment is named `{missing[0]}`", matched)
        return CheckOutcome("success", None, matched)
    pattern = check.get("file_name_regex") or ""
    present = _find_matching_names(pattern, facts.filenames)
    if present is None:
        return CheckOutcome("infra_error", f"`{pattern}` is no regular expression")
    count = _count_expected_matches(check, facts)
    if not present and check.get("allow_missing_attachments"):
        return CheckOutcome("success")
    if count is not None and count != len(present) and not is_image_check:
        message = f"{len(present)} attachments match `{pattern}`, expected are {count}"
        return CheckOutcome("failed", message, tuple(present))
    if count is None and not present:
        return CheckOutcome("failed", f"no attachment matches `{pattern}`")
    return CheckOutcome("success", None, tuple(present))


def _schema_result(facts: CheckedFacts) -> CheckOutcome:
    if facts.output_schema is None:
        return CheckOutcome("infra_error", "the workflow has no output schema")
    problems = find_schema_problems(facts.output_schema, facts.output_data)
    if not problems:
        return CheckOutcome("success")
    place = show_path(problems[0].path) or "output_data"
    return CheckOutcome("failed", f"`{place}`: {problems[0].message}")


def _names_of_target(check: Definition, facts: CheckedFacts) -> list[str]:
    """Return the file names of an exact target, or of a target with one file per item of a list."""
    if check.get("file_target_mode") == "loop_items":
        template = check.get("loop_item_filename_template") or ""
        items = loop_items(check.get("loop_input") or "", facts.inputs, facts.runtime)
        return [
            base_name(render_text(template, facts.inputs, {**facts.runtime, "loop_item": item}))
            for item in items
        ]
    return [
        base_name(render_text(name, facts.inputs, facts.runtime))
        for name in check.get("file_names") or ()
    ]


def _find_matching_names(pattern: str, filenames: Sequence[str]) -> list[str] | None:
    """Return the names that contain a match of the pattern (assumption `check-regex-search`)."""
    if syntax_problem(pattern) is not None:
        return None
    return [name for name in filenames if may_match(pattern, name)]


def _count_expected_matches(check: Definition, facts: CheckedFacts) -> int | None:
    fixed = check.get("expected_match_count")
    if isinstance(fixed, int):
        return fixed
    written = str(check.get("expected_match_count_ref") or "").strip()
    path = parse_path(written.strip("{}"))
    if path is None:
        return None
    value = value_at(facts.runtime if written.startswith("{{") else facts.inputs, path)
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else None


def _make_distinct_names(pattern: str, text: str, count: int) -> list[str]:
    """Return `count` names that match, distinct as far as the pattern allows."""
    names = [text]
    stem, dot, ending = text.rpartition(".")
    for number in range(2, count + 1):
        candidates = (
            f"{stem}{number}{dot}{ending}",
            f"{stem}-{number}{dot}{ending}",
            f"{text}{number}",
        )
        fitting = [name for name in candidates if may_match(pattern, name)]
        names.append(fitting[0] if fitting else text)
    return names[: max(count, 0)]
