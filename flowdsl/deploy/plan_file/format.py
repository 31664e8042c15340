"""The models of a plan as a document; its JSON Schema is made from them.

Within a format version, fields are only added. A reader refuses what it does not know, so that
nothing of a plan is carried out that it did not understand.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from flowdsl.deploy.job import OnBreaking
from flowdsl.deploy.planning.model_keys import News
from flowdsl.deploy.planning.plan import Break
from flowdsl.diagnostics.render.cells import make_printable

FORMAT_VERSION = 1

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Shown = Annotated[str, AfterValidator(make_printable)]
"""A text that is safe to print."""


class _Closed(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, strict=True, from_attributes=True
    )


class Source(_Closed):
    """The commit of the sources; `dirty` when they differ from it."""

    commit: str
    dirty: bool


class StateRef(_Closed):
    """The state that the plan was made against."""

    lineage: str
    serial: Count


class Summary(_Closed):
    """The number of objects for each kind of change.

    `drifted` of them would lose an edit made elsewhere.
    """

    create: Count
    update: Count
    rename: Count
    adopt: Count
    delete: Count
    forget: Count
    keep: Count
    unchanged: Count
    drifted: Count
    missing: Count


class FieldEntry(_Closed):
    """A field that changes.

    A hash is null when the object has no value there. `diff` is for people, and null when the whole
    object is new. `edit` is what somebody edited since the last deploy, as far as that is known.
    `origin` is who moved away from the value last applied. A field with `suppressed` is not sent,
    for the reason given there.
    """

    path: Shown
    before_sha256: Sha256 | None
    after_sha256: Sha256 | None
    diff: str | None
    edit: str | None
    origin: Literal["source", "drift", "both"]
    suppressed: str | None


class Base(_Closed):
    """The object as the plan saw it: the hash of its managed fields, and its number of versions.

    The versions of an unchanged workflow are not counted.
    """

    content_sha256: Sha256
    updated_at: Shown | None
    versions: Count | None


class BreakingEntry(_Closed):
    """A promise to callers that is broken; `chains` are those of the project that rely on it."""

    kind: Break
    path: Shown
    message: Shown
    chains: tuple[Shown, ...]


class TrajectoryEntry(_Closed):
    """An approved recording that goes on replaying what it recorded."""

    id: Shown
    name: Shown


class ImpactEntry(_Closed):
    """What is lost with an object; counted only for deletions, else null."""

    runs_total: Count | None
    runs_active: Count | None
    trajectories_total: Count | None


class ChangeEntry(_Closed):
    """What happens to one address; the action is `unchanged` when only state is written.

    `workflow_id` is the id of the object, whatever its kind.
    """

    address: Shown
    previous_address: Shown | None
    workflow_id: str | None
    action: Literal[
        "create", "update", "rename", "adopt", "unchanged", "delete", "keep", "missing", "forget"
    ]
    reason: str
    fields: tuple[FieldEntry, ...]
    base: Base | None
    breaking: tuple[BreakingEntry, ...]
    trajectories: tuple[TrajectoryEntry, ...]
    impact: ImpactEntry


class DriftEntry(_Closed):
    """A field that somebody changed since the last deploy and that the plan would overwrite."""

    address: Shown
    path: Shown
    origin: Literal["drift", "both"]


class PendingEntry(_Closed):
    """A write that an earlier deploy left open."""

    address: str
    action: str
    workflow_id: str | None
    created_at: AwareDatetime


class GuardEntry(_Closed):
    """A reason to stop, accepted by `--accept-guard NAME=PLANNED`."""

    name: str
    planned: Count
    message: Shown


class KeySourceEntry(_Closed):
    """The name of an environment variable or the path of a file that has a key; never the key."""

    kind: Literal["env", "file"]
    name: Shown


class EndpointEntry(_Closed):
    """A URL that a model configuration names, without what may be a credential."""

    path: Shown
    url: Shown


class ModelKeyEntry(_Closed):
    """Where the key of a declared model configuration comes from and goes to, changed or not.

    `source` is null when the project names none, and `stored` is true when the service keeps a key.
    `endpoints` are those that are not the provider's own. `provider_before` and `endpoints_before`
    are what is in the service now, null for a new configuration. `news` is what a reviewer has to
    look at.
    """

    address: Shown
    provider: Shown
    source: KeySourceEntry | None
    stored: bool
    endpoints: tuple[EndpointEntry, ...]
    provider_before: Shown | None
    endpoints_before: tuple[EndpointEntry, ...] | None
    news: tuple[News, ...]


class DiagnosticEntry(_Closed):
    """A remark beside the changes."""

    level: Literal["error", "warning", "note"]
    message: Shown


class PlanDocument(_Closed):
    """A plan.

    `state` is null for a first deploy, and `source` outside of a repository. `on_breaking` is what
    was asked for changes that break callers; a deploy of the plan does the same.
    """

    format_version: Literal[1]
    kind: Literal["plan"]
    flowdsl_version: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    on_breaking: OnBreaking
    project: str
    environment: str
    organization_id: str | None
    api_base: str
    source: Source | None
    state: StateRef | None
    summary: Summary
    changes: tuple[ChangeEntry, ...]
    model_keys: tuple[ModelKeyEntry, ...]
    drift: tuple[DriftEntry, ...]
    pending: tuple[PendingEntry, ...]
    guards: tuple[GuardEntry, ...]
    diagnostics: tuple[DiagnosticEntry, ...]


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a plan."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PlanDocument.model_json_schema(),
        "title": f"FlowDSL plan, format version {FORMAT_VERSION}",
    }
