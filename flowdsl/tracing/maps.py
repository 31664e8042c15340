"""The source maps of a run's prompt and of its post-run checks. Pure except for the given store.

Finds where they are kept and which parts are usable. A map is stored next to state under the
fingerprint of the workflow's address and the prompt, so that the map of any version can be found
from its prompt alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowdsl.config.address import Address
from flowdsl.cyberdesk.models.run import Run
from flowdsl.deploy.apply.source_maps import object_name, source_name_for
from flowdsl.deploy.planning.desired import check_map_name, source_map_name
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.ir.source_map import text_digest
from flowdsl.state.document import StateDocument
from flowdsl.tracing.versions import PromptVersion, match_lines

_MAX_LINES = 50_000
_COMMIT = re.compile("[0-9a-f]{7,64}")
_DIGEST = re.compile("[0-9a-f]{64}")

Get = Callable[[str], bytes | None]
"""Returns the content that a store has under a name; raises `StateError`."""


@dataclass(frozen=True, slots=True)
class Place:
    """The range of a file that a line of the prompt came from: from 1, the end exclusive.

    `statement` is the kind of its statement.
    """

    statement: str
    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class FoundMap:
    """The map that a trace uses.

    `exact` for the same prompt, `carried` for the lines of it that an earlier deploy had. `places`
    are by line of the prompt, `digests` by path. `commit` is the deployed one; with `is_dirty` the
    files may have been different.
    """

    kind: Literal["exact", "carried", "none"] = "none"
    places: Mapping[int, Place] = field(default_factory=dict)
    commit: str | None = None
    is_dirty: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)


def find_deployed_addresses(document: StateDocument, workflow_id: str) -> tuple[Address, ...]:
    """Return a workflow's address, then its previous one; empty if it is not of this project."""
    for address, resource in document.workflows().items():
        if resource.id.lower() == workflow_id.lower():
            before = resource.renamed_from
            return (address,) if before is None else (address, before)
    return ()


def find_map(
    get: Get,
    addresses: Sequence[Address],
    version: PromptVersion,
    known: Sequence[PromptVersion],
) -> FoundMap:
    """Return the map of a version, or of the lines that it shares with another mapped version.

    Raises `StateError`.
    """
    found = _map_of(get, addresses, version.text)
    if found is not None:
        return found
    for other in reversed(known):
        near = _map_of(get, addresses, other.text)
        if near is not None:
            lines = version.text.split("\n")
            places = {
                new: near.places[old]
                for old, new in match_lines(other.text.split("\n"), lines)
                if old in near.places and lines[new - 1].strip()
            }
            return FoundMap("carried", places, near.commit, near.is_dirty, near.digests)
    return FoundMap()


def _map_of(get: Get, addresses: Sequence[Address], prompt: str) -> FoundMap | None:
    for address in addresses:
        content = get(object_name(source_map_name(address, prompt)))
        if content is not None and (found := read_map(content, prompt)) is not None:
            return found
    return None


def read_map(content: bytes, prompt: str) -> FoundMap | None:
    """Parse the map in an object; None if it is invalid, or has lines that the prompt lacks."""
    raw = _parse_object(content)
    if not isinstance(raw.get("lines"), list):
        return None
    count = prompt.count("\n") + 1
    places: dict[int, Place] = {}
    for line in raw["lines"][:_MAX_LINES]:
        found = _read_map_line(line)
        if found is None or not 1 <= found[0] <= count:
            return None
        places[found[0]] = found[1]
    return _map_with(raw, places)


def _parse_object(content: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a text; an empty one if the text is none."""
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, Mapping) else {}


def _map_with(raw: Mapping[str, Any], places: Mapping[int, Place]) -> FoundMap:
    """Return a map of these places, with the commit and the files as far as they are valid."""
    commit, files = raw.get("commit"), raw.get("files")
    digests = {
        path: each["sha256"]
        for path, each in (files.items() if isinstance(files, Mapping) else ())
        if isinstance(each, Mapping) and _is_matching_text(_DIGEST, each.get("sha256"))
    }
    is_dirty = raw.get("dirty") is not False
    known = commit if _is_matching_text(_COMMIT, commit) else None
    return FoundMap("exact", places, known, is_dirty, digests)


def digests_of(content: bytes) -> tuple[str, ...]:
    """Return the digests of the files in an object's map; empty if it cannot be read."""
    return tuple(_map_with(_parse_object(content), {}).digests.values())


def load_kept_source(get: Get, digest: str) -> str | None:
    """Return the text of a deployed file that is stored under its digest.

    None if it is missing or does not match the digest. Raises `StateError`.
    """
    text = _parse_object(get(source_name_for(digest)) or b"").get("text")
    return text if isinstance(text, str) and text_digest(text) == digest else None


def _is_matching_text(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _read_map_line(line: Any) -> tuple[int, Place] | None:
    try:
        number, place = line["line"], read_place(line, line["statement"])
    except (TypeError, KeyError, IndexError):
        return None
    return None if place is None or not _is_number(number) else (number, place)


def read_place(item: Any, statement: Any) -> Place | None:
    """Parse the `source` of an item of a map; None if it has an unknown shape."""
    try:
        source = item["source"]
        path, start, end = source["path"], source["start"], source["end"]
        where = [position[key] for position in (start, end) for key in ("line", "column")]
    except (TypeError, KeyError, IndexError):
        return None
    if not all(map(_is_number, where)):
        return None
    if not isinstance(statement, str) or not isinstance(path, str):
        return None
    return Place(statement[:100], path, *where)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 10**8


# Post-run checks
#
# The places of a workflow's checks are stored next to state under the fingerprint of its address
# and of the checks (ADR 32). A run has a snapshot of its checks (Cyberdesk's documentation),
# so their map is found even if other checks were deployed since.

KnownBy = Literal["definition", "name"]
"""How a check was matched: all its fields are equal, or its name and type only (it was changed)."""

MAX_CHECKS = 1_000


@dataclass(frozen=True, slots=True)
class FoundChecks:
    """Places of a run's checks, by their index in the reply, and how each was matched."""

    map: FoundMap = field(default_factory=FoundMap)
    known_by: Mapping[int, KnownBy] = field(default_factory=dict)


def find_checks(
    get: Get, document: StateDocument, addresses: Sequence[Address], run: Run
) -> FoundChecks:
    """Return the places of the checks of a run; raises `StateError`.

    The map of exactly the checks that the run had is tried first, then that of the checks deployed
    last.
    """
    # Of the definition in a snapshot, the client parses only name and type.
    checks = [
        {**each.unknown_fields(), "name": each.name, "type": each.type}
        for each in (run.post_run_checks or ())[:MAX_CHECKS]
    ]
    if not checks or not addresses:
        return FoundChecks()
    resource = document.resources.get(addresses[0])
    applied = None if resource is None else resource.applied.get(workflow.CHECKS)
    own = fingerprint(normalise_value(workflow.POLICIES[workflow.CHECKS], checks))
    for digest in (own, *(() if applied is None else (applied,))):
        for address in addresses:
            content = get(object_name(check_map_name(address, digest)))
            if content is not None and (found := _place_mapped_checks(content, checks)) is not None:
                return found
    return FoundChecks()


def _place_mapped_checks(content: bytes, checks: Sequence[Mapping[str, Any]]) -> FoundChecks | None:
    """Return the checks of a map; None for an object that cannot be read."""
    raw = _parse_object(content)
    if not isinstance(raw.get("checks"), list):
        return None
    mapped = [each for each in raw["checks"][:MAX_CHECKS] if isinstance(each, Mapping)]
    by_digest = {_text_value(each, "sha256"): each for each in mapped}
    named = _find_unique_checks(
        (_text_value(each, "name"), _text_value(each, "type"), each) for each in mapped
    )
    places: dict[int, Place] = {}
    known_by: dict[int, KnownBy] = {}
    for index, check in enumerate(checks):
        (normal,) = normalise_value(workflow.POLICIES[workflow.CHECKS], [check])
        same = by_digest.get(fingerprint(normal))
        near = same or named.get((_text_value(check, "name"), _text_value(check, "type")))
        place = None if near is None else read_place(near, f"{_text_value(near, 'kind')} check")
        if place is not None:
            places[index] = place
            known_by[index] = "name" if same is None else "definition"
    return FoundChecks(_map_with(raw, places), known_by)


def _find_unique_checks(
    named: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the checks whose name and type are unique: two checks of a file may share them."""
    listed = list(named)
    count = Counter((name, type_) for name, type_, _ in listed)
    return {(name, type_): each for name, type_, each in listed if count[name, type_] == 1}


def _text_value(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
