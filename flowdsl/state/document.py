"""The state document: ids and hashes of what was deployed to one environment."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    ValidationError,
)
from pydantic_core.core_schema import no_info_after_validator_function

from flowdsl.config.address import WORKFLOW, Address
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.state.errors import CorruptState, ForeignState, MovedState, NewerState

FORMAT = 3
MIN_CLI = "0.1.0"
"""The oldest FlowDSL that reads `FORMAT`; stored, so that an older one can name it."""

MAX_BYTES = 256 * 1024 * 1024
"""The size limit of a document or an object that is read, in bytes."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

Recorded = Annotated[
    Address,
    GetPydanticSchema(
        lambda _type, handler: no_info_after_validator_function(Address.unchecked, handler(str))
    ),
]
"""An address in a document, stored as a string and read without validation."""


class _StateModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, which are not validated again."""
        return self.model_copy(update=changes)


class ResourceState(_StateModel):
    """One object of the service that FlowDSL manages.

    - `generation` grows when the object of an address is created anew.
    - `applied` maps each managed field to the hash of the value last applied (`fingerprint` in
      `deploy.resources.policy`). A field that is not in it is not managed.
    - `dropped` does the same for fields that were sent but that the service does not keep.
    - `children` maps the names of post-run checks to their ids.
    - `tags` are the names of the tags that FlowDSL itself put on a workflow.
    - `source_map` is the hash in the name of the object `source-maps/<hash>.json` beside the
      document.
    - `renamed_from` is the former address after a `moved` entry was carried out, so that it is not
      carried out again while the source still holds it.
    """

    id: str = Field(min_length=1)
    generation: int = Field(ge=1)
    name: str
    protect: bool = False
    applied: dict[str, Sha256] = {}
    dropped: dict[str, Sha256] = {}
    children: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    source_map: Sha256 | None = None
    renamed_from: Recorded | None = None


class DeployedSource(_StateModel):
    """The commit that was deployed last; `dirty` if the work tree differed from it."""

    commit: str = Field(min_length=1)
    dirty: bool = False
    committed_at: AwareDatetime | None = None


class Intent(_StateModel):
    """A write that may have been carried out although its reply was not seen.

    - `id` (32 hex digits) is the source of the idempotency keys and, shortened, of the mark.
    - `resource_id` is None for a creation.
    - `protect`, `applied` and `tags` are the values in `ResourceState` once the write is done.
    - `sent` has the hash of each field's value in the requests of a change; `tagged` and `untagged`
      are the names of the tags that they add and remove.
    - `given_up_at` is the time until which a stray may still be carried out; None for a pending
      write.
    """

    id: str = Field(pattern="^[0-9a-f]{32}$")
    action: Literal["create", "update", "delete"]
    address: Recorded
    created_at: AwareDatetime
    generation: int = Field(ge=1)
    name: str
    resource_id: str | None = None
    protect: bool = False
    applied: dict[str, Sha256] = {}
    tags: tuple[str, ...] = ()
    sent: dict[str, Sha256] = {}
    tagged: tuple[str, ...] = ()
    untagged: tuple[str, ...] = ()
    given_up_at: AwareDatetime | None = None

    @property
    def short_id(self) -> str:
        """The first eight digits of `id`, which are part of the mark."""
        return self.id[:8]


def _require_end(stray: Intent) -> Intent:
    if stray.given_up_at is None:
        raise ValueError("a stray has no `given_up_at`")
    return stray


class Lease(_StateModel):
    """The right to write.

    `holder` is a name for people, and `id` is unique to this acquisition. The times are by the
    holder's clock and also for people: they are not used to decide whether the holder is alive.
    """

    holder: str
    id: str
    acquired_at: AwareDatetime
    expires: AwareDatetime


class StateDocument(_StateModel):
    """The recorded state of one environment of one project.

    - `lineage` never changes during the life of the document, `serial` grows by one with each
      write, and `nonce` differs in every write, so that two writers never produce the same bytes.
    - `organization_id` is None until a reply has shown it.
    - `source` is None if the deployed commit is not known.
    - `pending` are writes whose outcome has to be determined before any other operation.
    - `strays` are writes that did not arrive in time and may still be carried out.
    - `moved_to` is the address of the store that replaced this document, None while it is in use.
    """

    format: Literal[3] = 3
    min_cli: str = MIN_CLI
    project: str
    environment: str
    lineage: str
    serial: int = Field(ge=0)
    nonce: str
    api_base: str
    organization_id: str | None = None
    source: DeployedSource | None = None
    resources: dict[Recorded, ResourceState] = {}
    pending: tuple[Intent, ...] = ()
    strays: tuple[Annotated[Intent, AfterValidator(_require_end)], ...] = ()
    lease: Lease | None = None
    moved_to: str | None = None

    def workflows(self) -> dict[Address, ResourceState]:
        """The workflows, by address, in the order of `resources`."""
        return {
            address: resource
            for address, resource in self.resources.items()
            if address.kind == WORKFLOW
        }

    def workflow_ids(self) -> dict[Address, str]:
        """The ids of the workflows, by address, in the order of `resources`."""
        return {address: resource.id for address, resource in self.workflows().items()}


def new_document(
    project: str, environment: str, *, api_base: str, lineage: str, nonce: str
) -> StateDocument:
    """Return the document of a first deploy, with serial 0."""
    return StateDocument(
        project=project,
        environment=environment,
        lineage=lineage,
        serial=0,
        nonce=nonce,
        api_base=api_base,
    )


def dump_document(document: StateDocument) -> bytes:
    """Return the document as JSON, sorted and indented for review, with a final line break."""
    plain = document.model_dump(mode="json")
    return (json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def load_document(content: bytes, *, where: str, project: str, environment: str) -> StateDocument:
    """Parse the document in `content`.

    Raises `CorruptState`, `NewerState` or `ForeignState`, whose messages name `where`.
    """
    raw = _decode_document(content, where)
    version = raw.get("format")
    if not isinstance(version, int) or isinstance(version, bool):
        raise CorruptState(_describe_corruption(where, "has no `format` number"))
    if version > FORMAT:
        raise NewerState(
            f"the state at `{where}` has format {version} and this version reads up to {FORMAT}; "
            f"use {_describe_needed_version(raw.get('min_cli'))} or newer"
        )
    if version < FORMAT:
        raise CorruptState(_describe_corruption(where, f"has the unknown format {version}"))
    try:
        document = StateDocument.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CorruptState(
            _describe_corruption(where, f"is wrong at `{place}`: {first['msg']}")
        ) from None
    for label, expected, found in (
        ("project", project, document.project),
        ("environment", environment, document.environment),
    ):
        if expected != found:
            raise ForeignState(
                f"the state at `{where}` belongs to {label} `{found}`, not to `{expected}`; "
                "give each environment of each project its own state"
            )
    owners: dict[str, Address] = {}
    for address, workflow_id in document.workflow_ids().items():
        # As after a merge by hand: to delete one of the two would delete the workflow of both.
        if (other := owners.setdefault(workflow_id, address)) != address:
            problem = f"gives the workflow {workflow_id} to `{other}` and `{address}`"
            raise CorruptState(_describe_corruption(where, problem))
    return document


def refuse_moved(document: StateDocument, where: str) -> None:
    """Raise `MovedState` for a document that was moved to another store."""
    if document.moved_to is not None:
        raise MovedState(
            f"the state of `{document.environment}` was moved from `{where}` to "
            f"`{document.moved_to}`; write `state = {json.dumps(document.moved_to)}` in "
            f"`[env.{document.environment}]` of `flowdsl.toml`"
        )


def refuse_other_service(document: StateDocument, environment: str, api_base: str) -> None:
    """Raise `ForeignState` for the state of a service at another address than `api_base`."""
    if document.api_base != api_base:
        raise ForeignState(
            f"the state of `{environment}` was made at `{document.api_base}` and the environment "
            f"names `{api_base}`; ids of one service mean nothing to another, so give it a state "
            "of its own"
        )


def _decode_document(content: bytes, where: str) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise CorruptState(_describe_corruption(where, too_large(len(content))))
    if not content.strip():
        raise CorruptState(_describe_corruption(where, "is empty"))
    try:
        raw = read_json(content)
    except UnreadableJson as unreadable:
        problem = (
            f"cannot be read: {unreadable}" if str(unreadable) else "is not JSON, perhaps cut off"
        )
        raise CorruptState(_describe_corruption(where, problem)) from None
    if not isinstance(raw, dict):
        raise CorruptState(_describe_corruption(where, "is no JSON object"))
    return raw


def too_large(size: int) -> str:
    """Return the error for a document of `size` bytes, to follow its name."""
    return f"has {size} bytes, more than the {MAX_BYTES // 1024**2} MB that are read"


def _describe_needed_version(min_cli: object) -> str:
    known = isinstance(min_cli, str) and re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", min_cli)
    return f"flowdsl {min_cli}" if known else "the version of flowdsl that wrote it"


def _describe_corruption(where: str, problem: str) -> str:
    return (
        f"the state at `{where}` {problem}; bring back its last good copy, or make it anew with "
        "`flowdsl state rebuild`"
    )
