"""Renders a plan for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.config.address import IMAGE, Address
from flowdsl.deploy.comparison.edits import edit_behind
from flowdsl.deploy.planning.model_keys import key_routes
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Change, Plan
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.state.document import Intent

from .difference import render_edit_legend, render_field_change, tag_lines
from .painted import BAD, GOOD, QUIET, WARNED, Part, paint_lines
from .plan_words import (
    NOTES,
    accept_guard_option,
    describe_broken_promise,
    describe_cost_change,
    describe_deletion,
    describe_named_deletion,
    describe_open_write,
    describe_replaying,
    find_broken_promises,
    key_news,
    key_route,
    summarize_plan,
)

LINES_SHOWN = 40
"""The maximum number of lines of the difference of one field."""

_SIGNS: dict[str, Part] = {
    Action.CREATE: ("+", GOOD),
    Action.UPDATE: ("~", WARNED),
    Action.RENAME: ("~", WARNED),
    Action.ADOPT: ("=", WARNED),
    Action.DELETE: ("-", BAD),
    Action.MISSING: ("!", BAD),
    Action.KEEP: ("?", QUIET),
    Action.FORGET: ("?", QUIET),
}


def render_plan(plan: Plan, *, color: bool, pending: Sequence[Intent] = ()) -> str:
    """Render the plan, without workflows that stay as they are.

    Those that left the source are shown, also if they are kept. `pending` are the writes that are
    still open in state.
    """
    lines: list[list[Part]] = []
    for item in plan.uploads:
        lines.append([("+", GOOD), (f" {Address(IMAGE, item.sha256[:12])}", "")])
    for named in plan.named:
        lines += _render_named_change(named)
    for change in plan.changes:
        lines += _change_lines(plan, change)
    lines += render_edit_legend(plan.drifted)
    lines += _key_lines(plan)
    lines += [[(make_printable(f"note: {note}"), QUIET)] for note in plan.notes]
    lines += [[("pending: ", WARNED), (describe_open_write(intent), "")] for intent in pending]
    for guard in plan.guards:
        said = make_printable(f"{guard.message}; `{accept_guard_option(guard)}` lets it through")
        lines.append([("guard: ", BAD), (said, "")])
    lines.append([("plan: ", ""), (summarize_plan(plan), "")])
    return paint_lines(lines, color)


def _key_lines(plan: Plan) -> Iterator[list[Part]]:
    """The routes of keys of model providers, new ones first."""
    for route in sorted(key_routes(plan.named), key=lambda route: not route.news):
        said = (f"key: {key_route(route)}", "" if route.news else QUIET)
        yield [("! ", BAD), said, (f"; {key_news(route)}", BAD)] if route.news else [said]


def _render_named_change(change: NamedChange) -> Iterator[list[Part]]:
    if change.writes:
        head = [_SIGNS[change.action], (f" {make_printable(change.address)}", "")]
        if change.action == "delete":
            head.append((f"  {describe_named_deletion(change)}", BAD))
        yield head
        yield from _difference_lines(change)


def _change_lines(plan: Plan, change: Change) -> Iterator[list[Part]]:
    """The lines of a workflow; none if it is unchanged, or taken over as it is."""
    moved = change.previous_address
    if change.action in (Action.UNCHANGED, Action.ADOPT) and moved is None and not change.writes:
        return
    impact = plan.impact.get(change.address)
    head = [_SIGNS.get(change.action, ("~", WARNED)), (f" {make_printable(change.address)}", "")]
    head.append((f'  "{make_printable(change.name)}"', QUIET))
    if moved is not None:
        head.append((f"  was {make_printable(moved)}", QUIET))
    if change.action is Action.DELETE:
        head.append((f"  {describe_deletion(impact)}", BAD))
    elif note := NOTES.get(change.action):
        head.append((f"  {note}", QUIET))
    yield head
    yield from _difference_lines(change)
    if figures := describe_cost_change(change):
        yield [(f"    cost: {figures}", QUIET)]
    for item in find_broken_promises(plan, change.address):
        yield [("    breaks callers: ", BAD), (make_printable(describe_broken_promise(item)), "")]
    if (found := describe_replaying(change, impact)) is not None:
        sentence, names = found
        more = ", …" if impact is not None and len(names) < len(impact.trajectories) else ""
        listed = ", ".join(f'"{make_printable(name)}"' for name in names)
        yield [
            (f"    {sentence}: ", WARNED),
            (f"{listed}{more}; `--unapprove-trajectories` un-approves them", ""),
        ]


def _difference_lines(change: Change | NamedChange) -> Iterator[list[Part]]:
    difference = change.difference
    if difference is None:
        return
    for field in difference.fields:
        edit = edit_behind(field, change.prior, change.live)
        yield from render_field_change(field, edit, limit=LINES_SHOWN)
    yield from tag_lines(difference)
