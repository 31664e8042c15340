"""Post-run checks and the clean-up, edited one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.ir import nodes
from flowdsl.source.alignment import Effort
from flowdsl.source.record import replace
from flowdsl.syntax import ast

from ...checks import ReadChecks, read_checks
from ...model import Payload
from ...payload import CLEANUP, ImportProblem, is_model_id, read_workflow
from ...shapes import read_hints
from ...writing.check_text import check_entries
from ...writing.type_names import Unspeakable
from ...writing.value_text import ValueWriter
from ..attempts import SETTINGS, Attempt, EditContext
from ..editing import Edit, doc_start, indent_at, insertion_after
from .scopes import no_consts, workflow_scope
from .sections import first_in, insertion, item_removal, joined, replacement, styled
from .settings import model_name, raw_id_note

Entry = tuple[str, ...]
"""The lines of one check."""


def attempts(context: EditContext) -> Iterator[Attempt]:
    """The checks that differ, one by one, then the whole section."""
    open_fields = context.open_fields
    if CLEANUP not in open_fields and not any(
        path == CHECKS or path.startswith(f"{CHECKS}.") for path in open_fields
    ):
        return
    if context.symbol.checks_from is not None:
        return  # A file of checks is written by `files`.
    wanted = _entries(context, context.wanted_payload())
    have = _entries(context, context.built_payload())
    if wanted is None:
        return
    section = context.item(ast.ChecksSection)
    whole = styled("item", ["checks {", *(line for entry in wanted for line in entry), "}"])
    if isinstance(section, ast.ChecksSection):
        if have is not None and len(have) == len(section.checks):
            edits = _edits(context, section, _in_source_order(section, have), wanted)
            yield from _told(context, edits)
        if whole is not None:
            yield from _told(context, [replacement(context, section, whole)])
    elif whole is not None:
        yield from _told(context, [insertion(context, ast.ChecksSection, whole)])


def _told(context: EditContext, edits: list[Edit]) -> Iterator[Attempt]:
    """The attempt, with a note for each model that is named by its id."""
    checks = context.wanted_payload().get(CHECKS) or ()
    models = {str(check["model"]) for check in checks if check.get("model")}
    named = [model for model in sorted(models) if any(f'"{model}"' in each.text for each in edits)]
    yield from context.attempt(SETTINGS, edits, *(raw_id_note(context, model) for model in named))


def _entries(context: EditContext, payload: Payload) -> list[Entry] | None:
    """The checks of a payload as source lines, the clean-up last; None if source cannot say one."""
    try:
        stored = read_workflow(payload, "the workflow")
    except ImportProblem:
        return None
    read = read_checks(stored, read_hints(stored, context.pictures()))
    if not isinstance(read, ReadChecks):
        return None
    checks = tuple(_named(context, check) for check in read.checks or ())
    try:
        values = ValueWriter(workflow_scope(context), no_consts())
        texts = list(check_entries(checks, read.cleanup, values))
    except Unspeakable:
        return None
    laid = [styled("check", text.split("\n")) for text in texts]
    return None if None in laid else [tuple(lines) for lines in laid if lines is not None]


def _named(context: EditContext, check: nodes.PostRunCheck) -> nodes.PostRunCheck:
    """A check that names its model by an alias, if there is one."""
    if check.model is None or not is_model_id(check.model):
        return check
    return replace(check, model=model_name(context, check.model, "model"))


def _in_source_order(section: ast.ChecksSection, have: list[Entry]) -> list[Entry]:
    """The entries in the order of the section, in which the clean-up may stand anywhere."""
    at = next(
        (
            number
            for number, check in enumerate(section.checks)
            if isinstance(check.body, ast.CleanupCheck)
        ),
        None,
    )
    if at is None:
        return have
    return [*have[:at], have[-1], *have[at:-1]]


def _edits(
    context: EditContext, section: ast.ChecksSection, have: Sequence[Entry], wanted: Sequence[Entry]
) -> list[Edit]:
    """Edits of the checks that differ; the others keep their source text."""
    at = next(
        (n for n, c in enumerate(section.checks) if isinstance(c.body, ast.CleanupCheck)), None
    )
    wanted = list(wanted)
    if at is not None and wanted and wanted[-1][0].startswith("on failure"):
        wanted.insert(min(at, len(wanted) - 1), wanted.pop())
    edits: list[Edit] = []
    for tag, i1, i2, j1, j2 in Effort().opcodes(have, wanted):
        if tag == "equal":
            continue
        shared = min(i2 - i1, j2 - j1)
        for number in range(shared):
            edits.append(_replaced(context, section.checks[i1 + number], wanted[j1 + number]))
        for check in section.checks[i1 + shared : i2]:
            edits.append(item_removal(context.source, context.path, check))
        lines = [line for entry in wanted[j1 + shared : j2] for line in entry]
        if lines:
            edits.append(_added(context, section, i1 + shared, lines))
    return edits


def _replaced(context: EditContext, check: ast.Check, entry: Entry) -> Edit:
    start = doc_start(context.source, check.start)
    indent = indent_at(context.source, check.start)
    return Edit(context.path, start, check.end, joined(entry, indent))


def _added(
    context: EditContext, section: ast.ChecksSection, number: int, lines: Sequence[str]
) -> Edit:
    if number:
        before = section.checks[number - 1]
        indent = indent_at(context.source, before.start)
        return insertion_after(context.source, context.path, before.end, lines, indent)
    brace = context.source.index("{", section.start)
    if section.checks:
        indent = indent_at(context.source, section.checks[0].start)
    else:
        indent = indent_at(context.source, section.start) + "  "
    return first_in(context.source, context.path, brace, lines, indent)
