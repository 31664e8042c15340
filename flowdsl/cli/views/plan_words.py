"""Descriptions of parts of a plan, without style, for every kind of output."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC

from flowdsl.config.address import TAG, Address
from flowdsl.deploy.planning.model_keys import Endpoint, KeyRoute
from flowdsl.deploy.planning.named import NamedChange
from flowdsl.deploy.planning.plan import Action, Breaking, Change, Guard, Impact, Plan
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.prompt.cost import prompt_cost
from flowdsl.state.document import Intent

from .markdown import shorten_text

NAMES_SHOWN = 5
PLACES_SHOWN = 10
PLACE_WIDTH = 80

NOTES = {
    Action.ADOPT: "is taken over",
    Action.MISSING: "no longer exists in the organisation",
    Action.KEEP: "left the source and is kept",
    Action.FORGET: "is dropped from state",
}
"""The remark after an address, for actions that the sign does not identify."""

_COUNTED = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.RENAME: "to rename",
    Action.ADOPT: "to adopt",
    Action.DELETE: "to delete",
    Action.MISSING: "missing",
    Action.FORGET: "forgotten",
    Action.KEEP: "kept",
    Action.UNCHANGED: "up to date",
}


def summarize_plan(plan: Plan) -> str:
    numbers = {action: len(plan.of(action)) for action in Action}
    parts = [f"{numbers[action]} {word}" for action, word in _COUNTED.items() if numbers[action]]
    for others, word in zip(other_objects(plan), ("to write", "to delete"), strict=True):
        if others:
            parts.append(f"{format_count(others, 'other object')} {word}")
    if drifted := len(plan.drifted):
        parts.append(f"{drifted} drifted")
    return ", ".join(parts) or "nothing to do"


def other_objects(plan: Plan) -> tuple[int, int]:
    """The number of objects other than workflows that are created or changed, and deleted."""
    deleted = len(find_named_deletions(plan))
    return len(plan.uploads) + sum(change.writes for change in plan.named) - deleted, deleted


def find_named_deletions(plan: Plan) -> list[NamedChange]:
    return [change for change in plan.named if change.action == "delete"]


def describe_named_deletion(change: NamedChange) -> str:
    lost = ", and every workflow loses it" if change.address.kind == TAG else ""
    return f"is deleted for good{lost}"


def describe_deletion(impact: Impact | None) -> str:
    if impact is None or impact.runs_total is None or impact.trajectories_total is None:
        return "is deleted for good, with every run and trajectory of it"
    active = f" ({impact.runs_active} active)" if impact.runs_active else ""
    recordings = count_trajectories(impact.trajectories_total)
    return (
        f"is deleted for good, with {format_count(impact.runs_total, 'run')}{active} and "
        f"{recordings}"
    )


def count_trajectories(number: int) -> str:
    return "1 trajectory" if number == 1 else f"{number} trajectories"


def describe_replaying(change: Change, impact: Impact | None) -> tuple[str, list[str]] | None:
    """Describe that approved trajectories keep replaying; also returns the first of their names.

    None if it does not matter.
    """
    if impact is None or not impact.trajectories or change.action is Action.DELETE:
        return None
    number = len(impact.trajectories)
    names = [item.name or item.id for item in impact.trajectories[:NAMES_SHOWN]]
    if number == 1:
        return "1 approved trajectory keeps replaying what it recorded", names
    return f"{number} approved trajectories keep replaying what they recorded", names


def describe_cost_change(change: Change) -> str:
    """Describe how the cost of a prompt changes, from the live one to the new one.

    Empty if it does not. Calls in loops are counted for one entry of each loop.
    """
    fields = () if change.difference is None else change.difference.fields
    for field in fields:
        if field.path == "main_prompt" and isinstance(field.before, str):
            before, after = prompt_cost(field.before), prompt_cost(str(field.after))
            figures = (
                ("prompt", before.all_tokens, after.all_tokens, " tokens"),
                ("focused calls", before.calls.focused, after.calls.focused, ""),
                ("in loops", before.entry.focused, after.entry.focused, " an entry"),
                (
                    "background readings",
                    before.calls.readings + before.entry.readings,
                    after.calls.readings + after.entry.readings,
                    "",
                ),
            )
            return ", ".join(
                f"{name} {old:,} -> {new:,}{unit}" for name, old, new, unit in figures if old != new
            )
    return ""


def find_broken_promises(plan: Plan, address: Address) -> list[Breaking]:
    """The broken promises of an address.

    The removal of a workflow is shown as a deletion, so it is included only if chains rely on it.
    """
    promises = plan.breaking.get(address, ())
    return [item for item in promises if item.kind != "removed-workflow" or item.chains]


def describe_broken_promise(item: Breaking) -> str:
    if not item.chains:
        return item.message
    names = ", ".join(f"`{name}`" for name in item.chains[:NAMES_SHOWN])
    more = len(item.chains) - NAMES_SHOWN
    others = f" and {more} more" if more > 0 else ""
    single = len(item.chains) == 1
    return (
        f"{item.message}; the {'chain' if single else 'chains'} {names}{others} "
        f"{'relies' if single else 'rely'} on it"
    )


def accept_guard_option(guard: Guard) -> str:
    return f"--accept-guard {guard.name}={guard.planned}"


def key_route(route: KeyRoute) -> str:
    """Describe where a key comes from and where it goes."""
    source = route.source
    if source is None:
        origin = "with the key that the service keeps" if route.stored else "without a key of ours"
    else:
        kind = "environment variable" if source.kind == "env" else "file"
        origin = f"with the key from the {kind} `{shorten_text(source.name, PLACE_WIDTH)}`"
    places = _describe_endpoints(route.endpoints, route.provider, route.endpoints_before or ())
    return make_printable(f"`{shorten_text(route.address, PLACE_WIDTH)}` calls {places} {origin}")


def key_news(route: KeyRoute) -> str:
    """Describe the change of a key's route; empty if the service already has it."""
    parts = []
    for news in route.news:
        match news:
            case "configuration":
                parts.append("new configuration")
            case "provider":
                parts.append(
                    "new provider, before: "
                    f"`{shorten_text(route.provider_before or '', PLACE_WIDTH)}`"
                )
            case "endpoints":
                before = _describe_endpoints(
                    route.endpoints_before or (), route.provider_before or "", route.endpoints
                )
                parts.append(f"new endpoint, before: {before}")
            case "source" if route.source is None:
                parts.append("no key source any more, and the service keeps the key it has")
            case "source":
                parts.append(
                    "new key source, from which nothing is sent to a configuration that exists"
                )
    return make_printable("; ".join(parts))


def _describe_endpoints(
    endpoints: Sequence[Endpoint], provider: str, known: Collection[Endpoint]
) -> str:
    """Describe the addresses, those that are not `known` first, limited in number and length."""
    provider = shorten_text(provider, PLACE_WIDTH)
    if not endpoints:
        return f"the provider `{provider}` itself"
    first = sorted(endpoints, key=lambda each: each in known)
    named = ", ".join(
        f"`{shorten_text(each.url, PLACE_WIDTH)}` (`{shorten_text(each.path, PLACE_WIDTH)}`)"
        for each in first[:PLACES_SHOWN]
    )
    more = len(endpoints) - PLACES_SHOWN
    return f"{named}{f' and {more} more' if more > 0 else ''} as the provider `{provider}`"


def describe_open_write(intent: Intent) -> str:
    """Describe a write whose outcome is not known yet."""
    begun = f"{intent.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return make_printable(
        f"the {intent.action} of `{intent.address}`, begun {begun}, has an unknown outcome; the "
        "next deploy finds it out first"
    )
