"""Renders a plan as a comment on a pull request, or as the summary of a CI job."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import quote

from flowdsl.config.address import IMAGE, Address
from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.deploy.comparison.edits import edit_behind, way_to_keep
from flowdsl.deploy.comparison.field_diff import (
    DiffRow,
    edit_rows,
    field_rows,
    render_lost_tags,
    render_plain_rows,
    tag_rows,
)
from flowdsl.deploy.plan_file.writer import PlanFacts
from flowdsl.deploy.planning.model_keys import key_routes
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Change, Plan
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import normalise_value
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ...views.difference import DRIFT, EDITED, UNKNOWN_BEFORE
from ...views.markdown import fence_lines, format_code_span, format_prose, html_code
from ...views.plan_words import (
    NOTES,
    accept_guard_option,
    describe_broken_promise,
    describe_cost_change,
    describe_deletion,
    describe_named_deletion,
    describe_open_write,
    describe_replaying,
    find_broken_promises,
    find_named_deletions,
    key_news,
    key_route,
    other_objects,
)

MAX_BYTES = 60_000
"""The default size; a comment on GitHub may have 65,536 characters."""
NAME_WIDTH = 80
SENTENCE_WIDTH = 400
FIELDS_SHOWN = 20
"""The maximum number of fields that one line names."""

_COLUMNS = (
    Action.CREATE,
    Action.UPDATE,
    Action.RENAME,
    Action.ADOPT,
    Action.DELETE,
    Action.FORGET,
    Action.KEEP,
    Action.MISSING,
    Action.UNCHANGED,
)


@dataclass(frozen=True, slots=True)
class _ChangeBlock:
    """A changed object: its heading as HTML, and its difference as a fence, or empty."""

    heading: str
    difference: str


def render_markdown(plan: Plan, facts: PlanFacts, max_bytes: int = MAX_BYTES) -> str:
    """Render the plan in at most `max_bytes` bytes of UTF-8, omitting whole elements only.

    Omitted elements are listed. The least important are omitted first: differences, the largest
    first, then changes, then warnings, and finally everything but the first line, which identifies
    the comment.
    """
    warnings = list(_render_warnings(plan, facts))
    blocks = list(_render_change_blocks(plan))
    by_size = sorted(range(len(blocks)), key=lambda at: -len(blocks[at].difference))
    differences = sum(1 for block in blocks if block.difference)
    items = len(warnings) + len(blocks)

    def attempt(step: int) -> str:
        """Render the comment without the first `step` elements that can be omitted."""
        dropped = set(by_size[: min(step, differences)])
        left = items - max(0, step - differences)
        return _assemble_comment(
            plan,
            facts,
            warnings[: min(left, len(warnings))],
            len(warnings),
            [
                _ChangeBlock(block.heading, "") if at in dropped else block
                for at, block in enumerate(blocks[: max(0, left - len(warnings))])
            ],
            len(blocks),
            len(dropped),
        )

    steps = range(differences + items + 1)
    step = bisect_left(steps, True, key=lambda step: _fits_in_bytes(attempt(step), max_bytes))
    for candidate in (attempt(min(step, steps[-1])), _comment_marker(facts) + "\n"):
        if _fits_in_bytes(candidate, max_bytes):
            return candidate
    return ""


def _fits_in_bytes(text: str, max_bytes: int) -> bool:
    return len(text.encode()) <= max_bytes


def _assemble_comment(
    plan: Plan,
    facts: PlanFacts,
    warnings: Sequence[str],
    warning_count: int,
    blocks: Sequence[_ChangeBlock],
    block_count: int,
    dropped: int,
) -> str:
    parts = [_comment_marker(facts), *_render_heading(plan, facts)]
    if warning_count:
        parts.append("### Look at these first")
        parts.append("\n".join([*warnings, *_omission_lines(warning_count - len(warnings))]))
    if block_count:
        parts.append("### Changes")
        parts += [_render_block(block) for block in blocks]
        parts += _omission_lines(block_count - len(blocks))
    if dropped:
        noun = "difference is" if dropped == 1 else "differences are"
        command = format_code_span(f"flowdsl plan --env {facts.environment}", NAME_WIDTH)
        parts.append(f"{dropped} {noun} left out, to keep this short; {command} shows all of it.")
    return "\n\n".join(parts) + "\n"


def _omission_lines(number: int) -> list[str]:
    return [f"- and {number} more"] if number else []


def _comment_marker(facts: PlanFacts) -> str:
    """The first line of the comment, which identifies it.

    Ids consist of letters, digits, `_` and `-`; anything else is quoted, so that nothing ends the
    HTML comment early.
    """
    project, environment = (quote(part, safe="") for part in (facts.project, facts.environment))
    return f"<!-- flowdsl-plan {project}/{environment} -->"


def _render_heading(plan: Plan, facts: PlanFacts) -> Iterator[str]:
    """Render the heading: the table of numbers, and the sources of the plan."""
    yield f"## Plan for {format_code_span(facts.environment, NAME_WIDTH)}"
    numbers = [len(plan.of(action)) for action in _COLUMNS]
    header = [
        *(action.value for action in _COLUMNS),
        "drifted",
        "other objects",
        "other objects to delete",
    ]
    row = [*numbers, len(plan.drifted), *other_objects(plan)]
    yield "\n".join(
        f"| {' | '.join(str(cell) for cell in cells)} |"
        for cells in (header, ["---:"] * len(header), row)
    )
    if plan.is_empty:
        yield "Nothing to change."
    source = "sources outside a repository"
    if facts.source is not None:
        dirty = " with changes that are not committed" if facts.source.dirty else ""
        source = f"commit {format_code_span(facts.source.commit[:12], NAME_WIDTH)}{dirty}"
    state = "a first deploy" if facts.state is None else f"state of serial {facts.state.serial}"
    yield (
        f"Project {format_code_span(facts.project, NAME_WIDTH)}, {source}, {state}. Made "
        f"{facts.created_at:%Y-%m-%d %H:%M} UTC, good until {facts.expires_at:%Y-%m-%d %H:%M} "
        "UTC."
    )


def _render_warnings(plan: Plan, facts: PlanFacts) -> Iterator[str]:
    """Render warnings and other points to review first, one list item each."""
    for route in key_routes(plan.named):
        if route.news:
            said = f"{key_route(route)}; {key_news(route)}"
            yield f"- \N{WARNING SIGN} **Key of a model provider**: {format_prose(said, len(said))}"
    for change in plan.of(Action.DELETE):
        said = describe_deletion(plan.impact.get(change.address))
        yield f"- **Deletes** {_format_workflow_name(change)}: it {said}"
    for named in find_named_deletions(plan):
        yield f"- **Deletes** {_format_address(named.address)}: it {describe_named_deletion(named)}"
    for change in plan.of(Action.MISSING):
        yield f"- **Missing** {_format_workflow_name(change)}: it {NOTES[Action.MISSING]}"
    for address in sorted(plan.breaking):
        for item in find_broken_promises(plan, address):
            yield (
                f"- **Breaks callers** of {_format_address(address)}: "
                f"{format_prose(describe_broken_promise(item), SENTENCE_WIDTH)}"
            )
    for guard in plan.guards:
        lifted = format_code_span(accept_guard_option(guard), NAME_WIDTH)
        yield (
            f"- **Guard** {format_code_span(guard.name, NAME_WIDTH)}: "
            f"{format_prose(guard.message, SENTENCE_WIDTH)}; {lifted} lets it through"
        )
    for address, paths in sorted(plan.drifted.items()):
        keep = format_prose(way_to_keep([address]), SENTENCE_WIDTH)
        yield (
            f"- **Overwrites edits made elsewhere** in {_format_address(address)}: "
            f"{_format_name_list(sorted(paths))}; {keep}"
        )
    for change in plan.changes:
        if (found := describe_replaying(change, plan.impact.get(change.address))) is not None:
            sentence, names = found
            yield (
                f"- **Recordings** of {_format_address(change.address)}: {sentence}, among them "
                f"{_format_name_list(names)}; `--unapprove-trajectories` un-approves them"
            )
    for intent in facts.pending:
        yield f"- **Pending**: {format_prose(describe_open_write(intent), SENTENCE_WIDTH)}"
    for note in plan.notes:
        yield f"- **Note**: {format_prose(note, SENTENCE_WIDTH)}"


def _render_change_blocks(plan: Plan) -> Iterator[_ChangeBlock]:
    """The changes as blocks, deletions first."""
    every: list[Change | NamedChange] = [*plan.changes, *plan.named]
    for change in sorted(every, key=lambda change: change.action != Action.DELETE):
        if isinstance(change, Change):
            yield from _change_block(change)
        elif change.writes:
            rows = list(_difference_rows(change))
            yield _ChangeBlock(
                f"{change.action} {html_code(change.address, NAME_WIDTH)}",
                fence_lines(rows, "diff") if rows else "",
            )
    if known := [key_route(route) for route in key_routes(plan.named) if not route.news]:
        yield _ChangeBlock("keys of model providers, as before", fence_lines(known, "text"))
    for picture in plan.uploads:
        address = Address(IMAGE, picture.sha256)
        yield _ChangeBlock(f"create {html_code(address, NAME_WIDTH)}", "")


def _change_block(change: Change) -> Iterator[_ChangeBlock]:
    if change.action is Action.UNCHANGED and change.previous_address is None:
        return
    heading = f"{change.action.value} {html_code(change.address, NAME_WIDTH)}"
    heading += f" {html_code(change.name, NAME_WIDTH)}"
    if change.previous_address is not None:
        heading += f", was {html_code(change.previous_address, NAME_WIDTH)}"
    if figures := describe_cost_change(change):
        heading += f": {escape(figures)}"
    rows = list(_change_rows(change))
    yield _ChangeBlock(heading, fence_lines(rows, "diff") if rows else "")


def _render_block(block: _ChangeBlock) -> str:
    if not block.difference:
        return f"<p>{block.heading}</p>"
    return f"<details><summary>{block.heading}</summary>\n\n{block.difference}\n\n</details>"


def _change_rows(change: Change) -> Iterator[str]:
    if change.action is Action.CREATE and change.desired is not None:
        for path, value in change.desired.values.items():
            after = normalise_value(workflow.POLICIES[path], value)
            if after is not None and after is not False and path != "name":
                new = FieldChange(path, None, after, "source", value)
                yield from _render_field_rows(path, field_rows(new, words=False))
        yield from _render_field_rows(
            "tags",
            [DiffRow("+", ((make_printable(tag), ""),)) for tag in sorted(change.desired.tags)],
        )
        return
    yield from _difference_rows(change)


def _difference_rows(change: Change | NamedChange) -> Iterator[str]:
    difference = change.difference
    if difference is None:
        return
    for field in difference.fields:
        edit = edit_behind(field, change.prior, change.live)
        if edit is not None:
            rows = edit_rows(edit, words=False) if edit.known else []
            yield from _render_field_rows(
                field.path, rows, EDITED if edit.known else f"{EDITED}; {UNKNOWN_BEFORE}"
            )
        if edit is None or field.origin == "both":
            yield from _render_field_rows(
                field.path, field_rows(field, words=False), DRIFT[field.origin]
            )
    lost = difference.tags_drifted
    yield from _render_field_rows("tags", render_lost_tags(difference), EDITED)
    yield from _render_field_rows(
        "tags", tag_rows(replace(difference, tags_to_add=difference.tags_to_add - lost))
    )


def _render_field_rows(path: str, rows: Sequence[DiffRow], said: str = "") -> Iterator[str]:
    if rows or UNKNOWN_BEFORE in said:
        yield f"@@ {make_printable(path)} @@" + (f" {said}" if said else "")
    if rows:
        yield from render_plain_rows(rows).split("\n")


def _format_workflow_name(change: Change) -> str:
    return f"{_format_address(change.address)} ({format_code_span(change.name, NAME_WIDTH)})"


def _format_address(address: Address) -> str:
    return format_code_span(address, NAME_WIDTH)


def _format_name_list(names: Sequence[str]) -> str:
    shown = ", ".join(format_code_span(name, NAME_WIDTH) for name in names[:FIELDS_SHOWN])
    more = len(names) - FIELDS_SHOWN
    return f"{shown} and {format_count(more, 'other')}" if more > 0 else shown
