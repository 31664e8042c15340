"""Edits of sections that consist of texts: post-run checks, the clean-up, standing rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.ir import nodes
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from ..checks import ReadChecks, read_checks
from ..model import Payload, PromptProgram
from ..payload import CLEANUP, ImportProblem, is_model_id, read_workflow
from ..shapes import read_hints
from ..writing.type_names import Unspeakable, doc_lines
from ..writing.value_text import Consts, ValueWriter, check_entries
from ..writing.writer import format_section_lines
from .attempts import SETTINGS, Choices, EditContext, Edits, SourceVariant
from .editing import Edit, doc_start
from .sections import rewrite_item
from .settings import model_name, raw_id_note


def attempt_checks(context: EditContext) -> Iterator[SourceVariant]:
    """Return attempts for the section of checks; a file of checks is written by `files`."""
    open_fields = context.open_fields
    is_open = any(
        path in (CHECKS, CLEANUP) or path.startswith(f"{CHECKS}.") for path in open_fields
    )
    if not is_open or context.symbol.checks_from is not None:
        return
    wanted = _write_checks_section(context, context.payload_to_reach())
    if wanted is not None:
        have = _write_checks_section(context, context.payload_as_built())
        for edits in rewrite_item(context, ast.ChecksSection, have, wanted):
            yield from context.attempt(SETTINGS, edits, *_note_model_ids(context, edits))


def _note_model_ids(context: EditContext, edits: Edits) -> Iterator[str]:
    """Add a note for each model that is named by its id."""
    checks = context.payload_to_reach().get(CHECKS) or ()
    for model in sorted({str(check["model"]) for check in checks if check.get("model")}):
        if any(f'"{model}"' in each.text for each in edits):
            yield raw_id_note(context, model)


def _write_checks_section(context: EditContext, payload: Payload) -> list[str] | None:
    """Return the section for the checks of a payload; None if source cannot express one of them."""
    try:
        stored = read_workflow(payload, "the workflow")
    except ImportProblem:
        return None
    read = read_checks(stored, read_hints(stored, context.pictures()))
    if not isinstance(read, ReadChecks):
        return None
    checks = tuple(_name_model_by_alias(context, check) for check in read.checks or ())
    try:
        values = ValueWriter(context.scope(), Consts())
        entries = list(check_entries(checks, read.cleanup, values))
    except Unspeakable:
        return None
    if read.cleanup is not None:
        entries.insert(_place_of_cleanup(context, entries), entries.pop())
    return format_section_lines("item", ["checks {", *entries, "}"])


def _name_model_by_alias(context: EditContext, check: nodes.PostRunCheck) -> nodes.PostRunCheck:
    """Return a check that names its model by an alias, if there is one."""
    if check.model is None or not is_model_id(check.model):
        return check
    return replace(check, model=model_name(context, check.model, "model"))


def _place_of_cleanup(context: EditContext, entries: Sequence[str]) -> int:
    """Return the position of the clean-up among the checks: as in the source, else last."""
    section = context.item(ast.ChecksSection)
    checks = section.checks if isinstance(section, ast.ChecksSection) else ()
    for number, check in enumerate(checks):
        if isinstance(check.body, ast.CleanupCheck):
            return min(number, len(entries) - 1)
    return len(entries) - 1


# Standing rules and the description, which are part of the prompt


def rule_edits(context: EditContext, have: PromptProgram, wanted: PromptProgram) -> Choices:
    """Return edits of the standing rules that differ."""
    if have.rules == wanted.rules:
        return []
    lines = _write_rule_lines(context, wanted)
    if lines is None:
        return []
    return rewrite_item(context, ast.AlwaysSection, _write_rule_lines(context, have), lines)


def _write_rule_lines(context: EditContext, program: PromptProgram) -> list[str] | None:
    values = ValueWriter(context.scope(), Consts())
    try:
        rules = [values.text(rule) for rule in program.rules]
    except Unspeakable:
        return None
    return format_section_lines("item", ["always {", *rules, "}"]) if rules else []


def description_edits(context: EditContext, have: PromptProgram, wanted: PromptProgram) -> Choices:
    """Return an edit of the doc comment of the workflow."""
    if have.description == wanted.description:
        return []
    declaration = context.symbol.declaration
    first = min((each.start for each in declaration.annotations), default=declaration.start)
    try:
        lines = [] if wanted.description is None else doc_lines(wanted.description)
    except Unspeakable:
        return []
    start = doc_start(context.source, min(first, declaration.start))
    new = "".join(f"{line}\n" for line in lines)
    return [(Edit(context.path, start, min(first, declaration.start), new),)]
