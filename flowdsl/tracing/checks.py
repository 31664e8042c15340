"""Where the post-run checks of a run stand in the source. Pure but for the store it is given.

The places of a workflow's checks are kept beside state under the fingerprint of its address and of
the checks (ADR 32). A run carries a snapshot of the checks that it had (platform facts, 5.1), so
the map of these is found although others were deployed since.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowdsl.config.address import Address
from flowdsl.cyberdesk.models.run import Run, RunCheck
from flowdsl.deploy.apply.source_maps import object_name
from flowdsl.deploy.planning.desired import check_map_name
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise
from flowdsl.state.document import StateDocument
from flowdsl.tracing.maps import FoundMap, Get, Place, read_map_head, read_place

KnownBy = Literal["definition", "name"]
"""A check is the one of the map, field by field; or it has its name and type, and was changed."""

MAX_CHECKS = 1_000


@dataclass(frozen=True, slots=True)
class FoundChecks:
    """Places of a run's checks, by their index in the reply, and what each is known by."""

    map: FoundMap = field(default_factory=FoundMap)
    known_by: Mapping[int, KnownBy] = field(default_factory=dict)


def find_checks(
    get: Get, document: StateDocument, addresses: Sequence[Address], run: Run
) -> FoundChecks:
    """The places of the checks of a run; raises `StateError`.

    The map of the very checks that the run had is looked for first, then that of those which were
    deployed last.
    """
    checks = [_fields(each) for each in (run.post_run_checks or ())[:MAX_CHECKS]]
    if not checks or not addresses:
        return FoundChecks()
    resource = document.resources.get(addresses[0])
    applied = None if resource is None else resource.applied.get(workflow.CHECKS)
    own = fingerprint(normalise(workflow.POLICIES[workflow.CHECKS], checks))
    for digest in (own, *(() if applied is None else (applied,))):
        for address in addresses:
            content = get(object_name(check_map_name(address, digest)))
            if content is not None and (found := _placed(content, checks)) is not None:
                return found
    return FoundChecks()


def _fields(check: RunCheck) -> dict[str, Any]:
    """The definition in a snapshot; this client reads no more of it than name and type."""
    return {**check.unknown_fields(), "name": check.name, "type": check.type}


def _placed(content: bytes, checks: Sequence[Mapping[str, Any]]) -> FoundChecks | None:
    """The checks that a map has; None for an object that cannot be read."""
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("checks"), list):
        return None
    mapped = [each for each in raw["checks"][:MAX_CHECKS] if isinstance(each, Mapping)]
    by_digest = {_text(each, "sha256"): each for each in mapped}
    named = _unique((_text(each, "name"), _text(each, "type"), each) for each in mapped)
    places: dict[int, Place] = {}
    known_by: dict[int, KnownBy] = {}
    for index, check in enumerate(checks):
        (normal,) = normalise(workflow.POLICIES[workflow.CHECKS], [check])
        same = by_digest.get(fingerprint(normal))
        near = same or named.get((_text(check, "name"), _text(check, "type")))
        place = None if near is None else read_place(near, f"{_text(near, 'kind')} check")
        if place is not None:
            places[index] = place
            known_by[index] = "name" if same is None else "definition"
    head = read_map_head(raw)
    found = FoundMap("exact", places, head.commit, head.is_dirty, head.digests)
    return FoundChecks(found, known_by)


def _unique(
    named: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What has a name and a type to itself: two checks of a file may share them."""
    listed = list(named)
    count = Counter((name, type_) for name, type_, _ in listed)
    return {(name, type_): each for name, type_, each in listed if count[name, type_] == 1}


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
