"""What this package believes about the service without proof, each fact in one place.

The contract is known from the official SDK and the documentation; neither settles these. A live
call that disproves one changes this file and the functions named under `used_in`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LIST_LIMIT = 1000
"""Rows that are asked for in one page (`list-limit`).

The documented maximum for runs and connections, and assumed for other lists.
"""

REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-trace-id",
    "fly-request-id",
    "cf-ray",
)
"""Reply headers that may name the request for the service's support, best first (`request-id`)."""

UNIX_TIME_FROM = 100_000_000.0
"""From here on `X-RateLimit-Reset` is Unix time; below, seconds from now (`rate-limit-reset`)."""

CHECK_READ_ONLY = frozenset({"order", "organization_id", "user_id", "created_at", "updated_at"})
"""Fields of a check in a reply that a request must not carry (`check-reconcile`)."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One unproven fact about the service.

    `source` is what it was inferred from, and `used_in` names the functions that rely on it.
    """

    id: str
    statement: str
    source: Literal["sdk", "docs", "fastapi", "http", "host"]
    used_in: tuple[str, ...]


ASSUMPTIONS = (
    Assumption(
        "list-limit",
        "the lists of workflows, machines, pools, attachments and trajectories take `limit` from "
        "1 to 1000, as that of runs does",
        "docs",
        (
            "flowdsl.cyberdesk.routes.workflows.Workflows.list_all",
            "flowdsl.cyberdesk.routes.machines.Machines.list_all",
            "flowdsl.cyberdesk.routes.pools.Pools.list_all",
            "flowdsl.cyberdesk.routes.run_attachments.RunAttachments.list_all",
            "flowdsl.cyberdesk.routes.trajectories.Trajectories.list_all",
        ),
    ),
    Assumption(
        "list-order",
        "the workflow list is newest `updated_at` first, and a created or edited workflow moves "
        "to its top; in the other lists a "
        "row that is edited stays or moves to one end",
        "sdk",
        ("flowdsl.cyberdesk.paging.walk_all",),
    ),
    Assumption(
        "run-order",
        "with `sort_mode=created_at_desc` no run changes places with another, also among runs "
        "created at the same moment",
        "docs",
        ("flowdsl.cyberdesk.paging.walk_in_order",),
    ),
    Assumption(
        "cost-order",
        "the costs of runs are listed newest run first, and no run changes places with another",
        "sdk",
        ("flowdsl.cyberdesk.routes.usage.Usage.llm_costs_all",),
    ),
    Assumption(
        "run-usage-names",
        "the usage of a run, which the contract leaves open, counts its steps by the names of the "
        "aggregate, and those that are billed with the ending `_billed`",
        "sdk",
        ("flowdsl.cyberdesk.models.usage.steps_of",),
    ),
    Assumption(
        "run-cancelled-by-patch",
        "a run is cancelled by a PATCH of its `status`, since there is no route for it",
        "sdk",
        ("flowdsl.cyberdesk.routes.runs.Runs.cancel",),
    ),
    Assumption(
        "rate-limit-reset",
        "`X-RateLimit-Reset` is seconds from now, or Unix time in seconds when it is "
        "`UNIX_TIME_FROM` or more; `-Remaining` counts "
        "the requests that are left until then",
        "http",
        ("flowdsl.cyberdesk.pace.Pace.learn",),
    ),
    Assumption(
        "request-id",
        "one of `REQUEST_ID_HEADERS` names the request; the contract names no such header",
        "host",
        ("flowdsl.cyberdesk.replies.request_id",),
    ),
    Assumption(
        "error-detail",
        "an error body is a JSON object whose `detail` is a list of `{loc, msg}`, a string or an "
        "object",
        "fastapi",
        ("flowdsl.cyberdesk.errors.render_detail", "flowdsl.cyberdesk.replies.error_from_reply"),
    ),
    Assumption(
        "not-found-is-json",
        "404 for a missing object has a JSON body; one without comes "
        "from a proxy or a wrong address",
        "fastapi",
        ("flowdsl.cyberdesk.replies.error_from_reply",),
    ),
    Assumption(
        "delete-not-found",
        "404 on a deletion means that the object is gone, whoever deleted it",
        "http",
        ("flowdsl.cyberdesk.transport.Sender.delete",),
    ),
    Assumption(
        "refused-means-undone",
        "a 4xx leaves nothing changed, except 408 and a 409 with `Idempotency-Status: in_progress`",
        "http",
        ("flowdsl.cyberdesk.retrying.may_have_run",),
    ),
    Assumption(
        "idempotent-replay",
        "a repeated `Idempotency-Key` is answered with the first reply for "
        "at least the span of our retries",
        "docs",
        ("flowdsl.cyberdesk.transport.Sender.write",),
    ),
    Assumption(
        "check-reconcile",
        "a check in `post_run_checks` with a known `id` is updated, one without is created, a "
        "missing one is removed; "
        "absent fields may fall back to their default, so every field "
        "the service knows is sent back",
        "sdk",
        ("flowdsl.cyberdesk.models.workflow.PostRunCheckUpsert",),
    ),
    Assumption(
        "model-metadata-replace",
        "a partial `model_metadata` may merge or replace, so all four keys are sent",
        "sdk",
        ("flowdsl.cyberdesk.models.workflow.ModelMetadata",),
    ),
    Assumption(
        "empty-patch-versions",
        "a PATCH without changes still pushes a version, so an empty one is never sent",
        "docs",
        ("flowdsl.cyberdesk.routes.workflows.Workflows.update",),
    ),
    Assumption(
        "version-content",
        "`old_versions` in the reply to a GET holds the states that writes have replaced, each "
        "with its `updated_at` and the fields "
        "it had under their names; a write adds one, and tagging none",
        "docs",
        ("flowdsl.deploy.comparison.lost_updates.versions_of",),
    ),
    Assumption(
        "created-is-listed",
        "a workflow shows in the list of workflows within 30 seconds "
        "of the request that creates it",
        "http",
        ("flowdsl.deploy.recovery.recover.find_created",),
    ),
    Assumption(
        "run-comes-back-as-sent",
        "a run lists the `input_values` and the alias that it was created with, the names of "
        "its secrets, and a `created_at` later "
        "than that of every run that was listed before the request; it is listed within 30 "
        "seconds of the request",
        "sdk",
        ("flowdsl.runs.identity.may_be_of", "flowdsl.runs.submit.Submitter.submit"),
    ),
    Assumption(
        "lost-requests-end",
        "a request whose connection or sender has died is carried out within 30 seconds after "
        "that, or else, as far as anybody can hope, never; after 10 minutes "
        "more it is certain that it is not",
        "http",
        (
            "flowdsl.deploy.recovery.late_writes.until_late_writes_end",
            "flowdsl.deploy.recovery.recover.resolve_pending",
            "flowdsl.runs.submit.Submitter.submit",
            "flowdsl.runs.retry.retried",
        ),
    ),
    Assumption(
        "release-by-patch",
        "`release_session_after: true` by PATCH for the last run of a session, which has ended, "
        "lets the machine of the session go, and changes nothing else",
        "sdk",
        ("flowdsl.cli.commands.run.pauses.Pausing.carry_out",),
    ),
    Assumption(
        "references-reach-back",
        "a chain that is begun in a session may refer to outputs of the runs that the session has "
        "had, by their aliases",
        "docs",
        ("flowdsl.cli.commands.run.pauses.Pausing.carry_out",),
    ),
    Assumption(
        "replay-needs-approval",
        "only approved trajectories replay, and one goes on replaying what it "
        "recorded after the prompt has changed",
        "docs",
        ("flowdsl.deploy.refresh.impact.changes_what_is_replayed",),
    ),
    Assumption(
        "unknown-keys-dropped",
        "the service drops unknown request keys silently, so request models refuse them",
        "fastapi",
        ("flowdsl.cyberdesk.models.wire_model.WriteModel",),
    ),
)
