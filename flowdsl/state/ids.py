"""The list of addresses and ids: a copy of state for review, from which state can be rebuilt.

`flowdsl state rebuild` recreates a lost state from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flowdsl.config.address import Address
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import Recorded, StateDocument

FORMAT_VERSION = 1
MAX_BYTES = 64 * 1024 * 1024


class UnusableIds(FlowdslError):
    """A list of ids that cannot be used; the message says why."""


class IdList(BaseModel):
    """The ids of one environment by address.

    The list has neither a serial nor a time, so that it changes only when an id does. Its addresses
    are read without validation, as those of state are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)

    format_version: int = Field(ge=1, le=FORMAT_VERSION)
    kind: Literal["ids"]
    project: str
    environment: str
    organization_id: str | None
    ids: Mapping[Recorded, str]


def ids_of(document: StateDocument) -> IdList:
    """Return the list of all resources in a state document."""
    return IdList(
        format_version=FORMAT_VERSION,
        kind="ids",
        project=document.project,
        environment=document.environment,
        organization_id=document.organization_id,
        ids={address: resource.id for address, resource in document.resources.items()},
    )


def dump_ids(ids: IdList) -> bytes:
    """Return the list as JSON, one address in each line, with a final line break.

    The same ids give the same bytes.
    """
    plain = ids.model_dump(mode="json")
    plain["ids"] = dict(sorted(plain["ids"].items()))
    return (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode()


def load_ids(content: bytes, *, where: str, project: str, environment: str) -> IdList:
    """Parse the list in `content`, for this project and environment; each id must be unique.

    Raises `UnusableIds`, whose message names `where`.
    """
    raw = _decode_id_list(content, where)
    version = raw.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UnusableIds(
            f"`{where}` has format {version} and this version reads up to {FORMAT_VERSION}; "
            "use the version of flowdsl that wrote it"
        )
    try:
        ids = IdList.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnusableIds(
            f"`{where}` is no list that `flowdsl ids export` wrote: at `{place}`: {first['msg']}"
        ) from None
    for label, expected, found in (
        ("project", project, ids.project),
        ("environment", environment, ids.environment),
    ):
        if expected != found:
            raise UnusableIds(f"`{where}` lists the ids of {label} `{found}`, not of `{expected}`")
    owners: dict[str, Address] = {}
    for address, resource_id in sorted(ids.ids.items()):
        # Objects of different kinds may have the same id.
        key = f"{address.kind} {resource_id.lower()}"
        if (other := owners.setdefault(key, address)) != address:
            raise UnusableIds(
                f"`{where}` gives the id `{resource_id}` to `{other}` and `{address}`"
            )
    return ids


def _decode_id_list(content: bytes, where: str) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise UnusableIds(
            f"`{where}` is larger than the {MAX_BYTES // 1024**2} MB that a list may have"
        )
    try:
        raw = read_json(content)
    except UnreadableJson as unreadable:
        problem = str(unreadable) or "it is not JSON, perhaps cut off"
        raise UnusableIds(f"`{where}` cannot be read: {problem}") from None
    if not isinstance(raw, dict):
        raise UnusableIds(f"`{where}` is no JSON object")
    return raw
