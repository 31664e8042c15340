"""Reads a saved plan, and checks whether it is still valid. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from flowdsl.config.address import Address
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.deploy.comparison.field_diff import format_diff_value
from flowdsl.deploy.plan_file.format import FORMAT_VERSION, ChangeEntry, PlanDocument
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.source.failure import FlowdslError

MAX_BYTES = 64 * 1024 * 1024
"""The size limit of a plan, in bytes."""

MOVES_ON: Mapping[str, str] = {
    "changes.base.updated_at": "whoever edits what is not ours moves it, and what is ours is "
    "hashed beside it",
    "changes.base.versions": "grows with every edit of what is not ours, as `updated_at` does",
    "changes.impact.runs_total": "callers go on starting runs while a plan waits",
    "changes.impact.runs_active": "runs end while a plan waits",
    "changes.impact.trajectories_total": "runs leave recordings while a plan waits",
}
"""Places of a plan whose value may have changed when it is carried out, each with the reason.

Everything else has to be the same.
"""


class UnusablePlan(FlowdslError):
    """The file is not a plan that can be carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan; `expired` says whether it had expired when it was read."""

    document: PlanDocument
    expired: bool


def read_plan(content: bytes, *, where: str, now: datetime) -> SavedPlan:
    """Return the plan in `content`, which may have expired or be outdated.

    Raises `UnusablePlan`, whose message names `where`.
    """
    if len(content) > MAX_BYTES:
        raise UnusablePlan(f"`{where}` has more than {MAX_BYTES >> 20} MiB; a plan never does")
    try:
        raw = read_json(content)
    except UnreadableJson:
        raise UnusablePlan(
            f"`{where}` is not JSON, perhaps cut off; write it again with `flowdsl plan -o`"
        ) from None
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if kind != "plan":
        content_kind = (
            f"holds `{make_printable(kind)}`" if isinstance(kind, str) else "has no `kind`"
        )
        raise UnusablePlan(
            f"`{where}` is not a plan: it {content_kind}; "
            "`flowdsl plan -o` writes a file with the kind `plan`"
        )
    version = raw.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise UnusablePlan(f"`{where}` has no `format_version` number; make a new plan")
    if version != FORMAT_VERSION:
        written = raw.get("flowdsl_version")
        by = f" {make_printable(written)}" if isinstance(written, str) else ""
        raise UnusablePlan(
            f"`{where}` has format version {version} and this flowdsl reads {FORMAT_VERSION}; "
            f"deploy it with the flowdsl{by} that made it, or make a new plan"
        )
    try:
        # Compared as JSON, so that times and tuples have the form in which they are written.
        document = PlanDocument.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = make_printable(".".join(str(part) for part in first["loc"]))
        raise UnusablePlan(
            f"`{where}` is wrong at `{place}`: {first['msg'].lower()}; "
            "make a new plan rather than edit one"
        ) from None
    return SavedPlan(document, expired=now >= document.expires_at)


def find_plan_mismatches(saved: SavedPlan, current: Mapping[str, Any]) -> list[str]:
    """Return what has changed since a plan was saved, one sentence each; empty if nothing has.

    `current` is the result of `plan_document` now, with the times of the saved plan. Objects are
    compared only if project and environment are the same, and consequences of the changes only if
    those are.
    """
    then, now = saved.document, PlanDocument.model_validate_json(json.dumps(current))
    mismatches = list(_other_place(then, now)) or [
        *_other_ground(then, now),
        *_other_changes(then, now),
    ]
    was, is_now = (it.model_dump(mode="json") for it in (then, now))
    return mismatches or list(_other_words(was, is_now, "", "", ""))


def _other_place(then: PlanDocument, now: PlanDocument) -> Iterator[str]:
    for label, before, after in (
        ("project", then.project, now.project),
        ("environment", then.environment, now.environment),
        ("service", then.api_base, now.api_base),
    ):
        if before != after:
            yield (
                f"the plan is for the {label} {_quote_or_nothing(before)}, and this is "
                f"{_quote_or_nothing(after)}"
            )
    if then.organization_id != now.organization_id:
        yield (
            f"the plan is for the organisation {_quote_or_nothing(then.organization_id)}, and the "
            f"API key shows {_quote_or_nothing(now.organization_id)}"
        )
    if then.flowdsl_version != now.flowdsl_version:
        yield (
            f"the plan was made by flowdsl {make_printable(then.flowdsl_version)}, "
            f"and this is {make_printable(now.flowdsl_version)}"
        )


def _other_ground(then: PlanDocument, now: PlanDocument) -> Iterator[str]:
    """Return differences in state and sources."""
    if then.state is None or now.state is None:
        if then.state != now.state:
            yield (
                "the plan is for a first deploy, and there is state now"
                if then.state is None
                else f"the plan is for state of serial {then.state.serial}, and there is no state"
            )
    elif then.state.lineage != now.state.lineage:
        yield "the plan is for another state, which was replaced since"
    elif then.state.serial != now.state.serial:
        yield (
            f"the plan is for state of serial {then.state.serial}, "
            f"and another deploy brought it to {now.state.serial}"
        )
    commits = [None if it.source is None else it.source.commit for it in (then, now)]
    if commits[0] != commits[1]:
        was, is_now = (
            "sources outside a repository"
            if commit is None
            else f"commit {_quote_or_nothing(commit)}"
            for commit in commits
        )
        yield f"the plan is for {was}, and this is {is_now}"


def _other_changes(then: PlanDocument, now: PlanDocument) -> Iterator[str]:
    before, after = ({entry.address: entry for entry in it.changes} for it in (then, now))
    for address in sorted(before.keys() | after.keys()):
        was, is_now = before.get(address), after.get(address)
        if is_now is None and was is not None:
            yield f"`{address}` is to {_describe_action(was)} in the plan, and needs nothing now"
        elif was is None and is_now is not None:
            yield f"`{address}` is not in the plan, and is to {_describe_action(is_now)} now"
        elif was is not None and is_now is not None:
            yield from _other_change(was, is_now)


def _other_change(was: ChangeEntry, now: ChangeEntry) -> Iterator[str]:
    """Return the first difference in the action on one object, or in its reason."""
    subject = f"`{was.address}`"
    if was.action != now.action:
        yield (
            f"{subject} is to {_describe_action(was)} in the plan, and to {_describe_action(now)} "
            "now"
        )
    elif was.workflow_id != now.workflow_id:
        kind = Address.unchecked(was.address).kind.replace("_", " ")
        yield (
            f"{subject} is now another {kind}, {_quote_or_nothing(now.workflow_id)}, "
            f"in the plan {_quote_or_nothing(was.workflow_id)}"
        )
    elif was.previous_address != now.previous_address:
        yield (
            f"{subject} moves from {_quote_or_nothing(was.previous_address)} in the plan, "
            f"and now from {_quote_or_nothing(now.previous_address)}"
        )
    elif _content_hash(was) != _content_hash(now):
        yield f"{subject} was edited since the plan was made"
    elif wanted := sorted(_collect_wanted_fields(was) ^ _collect_wanted_fields(now)):
        paths = ", ".join(f"`{path}`" for path in dict.fromkeys(path for path, *_ in wanted))
        yield f"the source now wants another {paths} for {subject}"


def _content_hash(entry: ChangeEntry) -> str | None:
    return None if entry.base is None else entry.base.content_sha256


def _collect_wanted_fields(entry: ChangeEntry) -> set[tuple[str, str, bool]]:
    return {
        (field.path, field.after_sha256 or "", field.suppressed is None) for field in entry.fields
    }


def _describe_action(entry: ChangeEntry) -> str:
    words = {"unchanged": "be recorded", "keep": "stay", "missing": "be missing"}
    return words.get(entry.action, entry.action)


def _other_words(then: Any, now: Any, path: str, place: str, owner: str) -> Iterator[str]:
    """Return every value that differs, except in the places of `MOVES_ON`.

    `path` names the place without indexes, `place` with them; `owner` is the address that it
    belongs to.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        owner = str(now.get("address", owner))
        for key in now:
            dot = "." if path else ""
            below = (f"{path}{dot}{key}", f"{place}{dot}{key}")
            yield from _other_words(then[key], now[key], below[0], below[1], owner)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (was, is_now) in enumerate(zip(then, now, strict=True)):
            yield from _other_words(was, is_now, path, f"{place}[{number}]", owner)
    elif then != now and not (path in MOVES_ON and None not in (then, now)):
        of = f" of {_quote_or_nothing(owner)}" if owner else ""
        was, is_now = (
            format_count(len(each), "item") if isinstance(each, list) else format_diff_value(each)
            for each in (then, now)
        )
        yield f"`{place}`{of} is {was} in the plan, and would be {is_now} in one made now"


def _quote_or_nothing(text: str | None) -> str:
    return "nothing" if text is None else f"`{make_printable(text)}`"
