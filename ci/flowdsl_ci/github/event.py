"""Whether the event that started a workflow may use the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_OWN = frozenset(
    {"push", "workflow_dispatch", "schedule", "merge_group", "repository_dispatch", "release"}
)
"""Events that run code of the repository itself, caused by somebody who may write to it."""

_OF_PULL_REQUESTS = frozenset({"pull_request", "pull_request_target"})

_WITHOUT_SECRETS = "dependabot[bot]"
"""The actor whose runs get no secrets of Actions."""


@dataclass(frozen=True, slots=True)
class Event:
    """What may be done for an event.

    `refusal` says why nothing may be done online, and is empty if it may. `pull_request` is a
    number.
    """

    refusal: str
    pull_request: int | None = None
    head: str = ""


def read_event(environ: Mapping[str, str]) -> Event:
    """The event that the runner tells of; one that cannot be read or is unknown is not trusted."""
    try:
        with open(environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
            payload = json.load(file)
    except (KeyError, OSError, ValueError, RecursionError):
        return Event("the event cannot be read")
    if not isinstance(payload, dict):
        return Event("the event cannot be read")
    return judged(environ.get("GITHUB_EVENT_NAME", ""), payload, environ.get("GITHUB_ACTOR", ""))


def judged(name: str, payload: Mapping[str, Any], actor: str = "") -> Event:
    """What may be done for an event, by its name, payload and actor."""
    if name in _OF_PULL_REQUESTS or "pull_request" in payload:
        number, head = (
            _at(payload, "pull_request", "number"),
            _at(payload, "pull_request", "head", "sha"),
        )
        number = number if _is_id(number) else None
        head = head if isinstance(head, str) else ""
        source = _at(payload, "pull_request", "head", "repo", "id")
        target = _at(payload, "pull_request", "base", "repo", "id")
        here = _at(payload, "repository", "id")
        if not (_is_id(source) and source == target == here):
            return Event("the pull request comes from a fork", number, head)
        if actor == _WITHOUT_SECRETS:
            return Event("runs of Dependabot have no secrets", number, head)
        if name not in _OF_PULL_REQUESTS:
            return Event(f"the event `{name}` is not known to be safe", number, head)
        return Event("", number, head)
    return Event("" if name in _OWN else f"the event `{name}` is not known to be safe")


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
