"""The source map of a version of a prompt: where it is kept, and what of it can be used. Pure but
for the store it is given.

A map is kept beside state under the fingerprint of the workflow's address and the prompt, so that
the map of any version is found from its prompt alone. Deploys before that kept it under the
fingerprint of the payload, which only state names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowdsl.config.address import Address
from flowdsl.deploy.apply.source_maps import kept_source_name, object_name
from flowdsl.deploy.planning.desired import former_source_map_name, source_map_name
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.policy import fingerprint, normalise
from flowdsl.ir.source_map import text_digest
from flowdsl.state.document import ResourceState, StateDocument
from flowdsl.tracing.versions import PromptVersion, carried_lines

_MAX_LINES = 50_000
_COMMIT = re.compile("[0-9a-f]{7,64}")
_DIGEST = re.compile("[0-9a-f]{64}")

Get = Callable[[str], bytes | None]
"""What a store keeps under a name; raises `StateError`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of a file that a line of the prompt came from: from 1, the end exclusive; `statement`
    is its kind.
    """

    statement: str
    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class FoundMap:
    """The map that a trace uses: `exact` for the very prompt, `carried` for the lines of it that an
    earlier deploy had.

    `places` are by line of the prompt, `digests` by path. `commit` is the one that was deployed;
    with `is_dirty` the files may have been others.
    """

    kind: Literal["exact", "carried", "none"] = "none"
    places: Mapping[int, Place] = field(default_factory=dict)
    commit: str | None = None
    is_dirty: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)


def deployed_as(document: StateDocument, workflow_id: str) -> tuple[Address, ...]:
    """The address of a workflow, then the one it had before; none for one that is not of this
    project.
    """
    for address, resource in document.workflows().items():
        if resource.id.lower() == workflow_id.lower():
            before = resource.renamed_from
            return (address,) if before is None else (address, before)
    return ()


def find_map(
    get: Get,
    document: StateDocument,
    addresses: Sequence[Address],
    version: PromptVersion,
    known: Sequence[PromptVersion],
) -> FoundMap:
    """The map of a version, or of the lines that it shares with another version that has one;
    raises `StateError`.
    """
    if not addresses:
        return FoundMap()
    resource = document.resources.get(addresses[0])
    found = _map_of(get, resource, addresses, version.text)
    if found is not None:
        return found
    for other in reversed(known):
        near = _map_of(get, resource, addresses, other.text)
        if near is not None:
            shared = carried_lines(other.text, version.text)
            places = {new: near.places[old] for new, old in shared.items() if old in near.places}
            return FoundMap("carried", places, near.commit, near.is_dirty, near.digests)
    return FoundMap()


def _map_of(
    get: Get, resource: ResourceState | None, addresses: Sequence[Address], prompt: str
) -> FoundMap | None:
    names = [source_map_name(address, prompt) for address in addresses]
    names += [former_source_map_name(address, prompt) for address in addresses]
    applied = None if resource is None else resource.applied.get("main_prompt")
    if applied == fingerprint(normalise(workflow.POLICIES["main_prompt"], prompt)):
        assert resource is not None
        names += [] if resource.source_map is None else [resource.source_map]
    for name in dict.fromkeys(names):
        content = get(object_name(name))
        if content is not None and (found := read_map(content, prompt)) is not None:
            return found
    return None


def read_map(content: bytes, prompt: str) -> FoundMap | None:
    """The map in an object; None where it cannot be read, or has lines that the prompt does not
    have.
    """
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("lines"), list):
        return None
    count = prompt.count("\n") + 1
    places: dict[int, Place] = {}
    for line in raw["lines"][:_MAX_LINES]:
        found = _place(line)
        if found is None or not 1 <= found[0] <= count:
            return None
        places[found[0]] = found[1]
    head = read_map_head(raw)
    return FoundMap("exact", places, head.commit, head.is_dirty, head.digests)


@dataclass(frozen=True, slots=True)
class MapHead:
    """What a map says of the deployed files."""

    commit: str | None
    is_dirty: bool
    digests: Mapping[str, str]


def read_map_head(raw: Mapping[str, Any]) -> MapHead:
    """The commit and the files of a map; what is of no shape that is known is not there."""
    commit, files = raw.get("commit"), raw.get("files")
    digests = {
        path: each["sha256"]
        for path, each in (files.items() if isinstance(files, Mapping) else ())
        if isinstance(each, Mapping) and _matches(_DIGEST, each.get("sha256"))
    }
    is_dirty = raw.get("dirty") is not False
    return MapHead(commit if _matches(_COMMIT, commit) else None, is_dirty, digests)


def digests_of(content: bytes) -> tuple[str, ...]:
    """The digests of the files that the map in an object leads to; none where it cannot be read."""
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return ()
    return tuple(read_map_head(raw).digests.values()) if isinstance(raw, Mapping) else ()


def kept_source(get: Get, digest: str) -> str | None:
    """The text of a file that was deployed, as it is kept under its digest; None where it is not,
    or is another one. Raises `StateError`.
    """
    content = get(kept_source_name(digest))
    try:
        raw = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None
    text = raw.get("text") if isinstance(raw, Mapping) else None
    return text if isinstance(text, str) and text_digest(text) == digest else None


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _place(line: Any) -> tuple[int, Place] | None:
    try:
        number, place = line["line"], read_place(line, line["statement"])
    except (TypeError, KeyError, IndexError):
        return None
    return None if place is None or not _is_number(number) else (number, place)


def read_place(item: Any, statement: Any) -> Place | None:
    """The `source` of an item of a map; None where it is of no shape that is known."""
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
