"""The routes of runs and of their usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from flowdsl.cyberdesk.limits import LIST_LIMIT
from flowdsl.cyberdesk.models.prompt_image import SignedImage
from flowdsl.cyberdesk.models.run import (
    BulkCreated,
    ChainCreate,
    ChainStarted,
    Run,
    RunBulkCreate,
    RunCreate,
    RunField,
    RunPatch,
    RunRetry,
)
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.cyberdesk.models.usage import RunCost, RunCosts, UsageAggregate
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.paging import walk_in_order
from flowdsl.cyberdesk.redaction import redact_secrets, secrets_in
from flowdsl.cyberdesk.routes.resource import Resource, query_parameters, redact_model
from flowdsl.cyberdesk.transport import Sender


class RunFilter(TypedDict, total=False):
    """The conditions on the runs of a list, and the fields to return.

    `search` matches a part of the id, inputs, outputs, errors or alias, and with `deep_search` also
    of the history. `fields` limits the fields of the rows; a complete run includes its history.
    Times are ISO 8601 in UTC.
    """

    workflow_id: str | None
    machine_id: str | None
    session_id: str | None
    status: str | None
    created_at_from: str | None
    created_at_to: str | None
    search: str | None
    deep_search: bool | None
    fields: Sequence[RunField]


class Runs(Resource[Run, RunCreate, RunPatch]):
    """The routes below `/v1/runs`; deleting a run deletes its attachments.

    Secrets that this process gave to a run are redacted in replies about it.
    """

    path, row, patch = "/v1/runs", Run, RunPatch

    def know_secrets(self, run_ids: Iterable[str], body: Mapping[str, Any]) -> None:
        """Remember the secrets in the request body of these runs, to redact them in replies."""
        self._sender.secrets_of_runs.give(run_ids, secrets_in(body))

    def _clean(self, row: Run) -> Run:
        return redact_model(row, self._sender.secrets_of_runs.of(row.id))

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        sort_mode: Literal["activity", "created_at_desc"] = "activity",
        include: Sequence[str] = (),
        **wanted: Unpack[RunFilter],
    ) -> ListPage[Run]:
        """Return one page of the runs.

        Sorted by `activity`, rows move while they are read; to read several pages use
        `created_at_desc`. `include` may name `workflow`, `machine` and `machine.pools`.
        """
        chosen = {"sort_mode": sort_mode, **wanted, "include": include}
        return await self._fetch_page(skip, limit, chosen)

    async def list_all(self, **wanted: Unpack[RunFilter]) -> Sequence[Run]:
        """Return every run that matches throughout, once, newest first (see `walk_in_order`)."""
        return await walk_in_order(
            lambda skip: self.list(
                skip=skip, limit=LIST_LIMIT, sort_mode="created_at_desc", **wanted
            ),
            "runs",
        )

    async def create(self, new: RunCreate, *, idempotency_key: str, once: bool = True) -> Run:
        """Create a run, which waits to be scheduled; `once` is described at `Sender.write`."""
        body = new.to_wire()
        reply = await self._sender.write("POST", self.path, idempotency_key, body, once=once)
        return self._remember_new_run(reply.model(Run), body)

    async def create_bulk(
        self, runs: RunBulkCreate, *, idempotency_key: str, once: bool = False
    ) -> BulkCreated:
        """Create runs in bulk. Some may have failed: check `failed_count`, too."""
        path = f"{self.path}/bulk"
        body = runs.to_wire()
        reply = await self._sender.write("POST", path, idempotency_key, body, once=once)
        created = reply.model(BulkCreated)
        created.created_runs[:] = [
            self._remember_new_run(run, body) for run in created.created_runs
        ]
        created.errors[:] = [redact_secrets(error, secrets_in(body)) for error in created.errors]
        return created

    async def create_chain(
        self, chain: ChainCreate, *, idempotency_key: str, once: bool = False
    ) -> ChainStarted:
        """Create a chain; return its session and run ids. The runs may already have failed."""
        path = f"{self.path}/chain"
        body = chain.to_wire()
        reply = await self._sender.write("POST", path, idempotency_key, body, once=once)
        started = reply.model(ChainStarted)
        self.know_secrets(started.run_ids, body)
        return started

    async def retry(
        self, run_id: str, retry: RunRetry, *, idempotency_key: str, once: bool = False
    ) -> Run:
        """Start a run again that has ended; return the run.

        Its outputs, history and output files are **deleted**.
        """
        body = retry.to_wire()
        # Remembered even if the reply is lost.
        self.know_secrets([run_id], body)
        return await self._write(
            "POST", self._one(run_id, "retry"), idempotency_key, body, once=once
        )

    async def cancel(self, run_id: str, *, idempotency_key: str) -> Run:
        """Cancel the run and return it."""
        patch = RunPatch(status="cancelled")
        return await self.update(run_id, patch, idempotency_key=idempotency_key)

    async def trajectory(self, run_id: str) -> Trajectory:
        """Return the trajectory that the run recorded."""
        reply = await self._sender.get(self._one(run_id, "trajectory"))
        return self._redact_recording(reply.model(Trajectory), run_id)

    async def generate_trajectory(self, run_id: str, *, idempotency_key: str) -> Trajectory:
        """Keep the run's recording for replay, which requires an approval; return it."""
        path = self._one(run_id, "generate-trajectory")
        reply = await self._sender.write("POST", path, idempotency_key, once=True)
        return self._redact_recording(reply.model(Trajectory), run_id)

    async def llm_costs(self, run_id: str) -> RunCosts:
        """Return the cost of the models of a run.

        The service refuses this unless a feature flag is set.
        """
        return (await self._sender.get(self._one(run_id, "llm-costs"))).model(RunCosts)

    async def sign_image(
        self, run_id: str, image_url: str, *, expires_in: int = 3600
    ) -> SignedImage:
        """Return a URL of a screenshot in the run's history that is valid without a key.

        It is valid for `expires_in` seconds, 10 to 3,600.
        """
        params = query_parameters(image_url=image_url, expires_in=expires_in)
        path = self._one(run_id, "image", "signed-url")
        return (await self._sender.get(path, params)).model(SignedImage)

    async def image(self, run_id: str, image_url: str, *, limit: int) -> bytes:
        """Return a screenshot of the run's history; raises `DownloadTooLarge` beyond `limit` bytes.

        The URL that serves it is used once and not stored.
        """
        signed = await self.sign_image(run_id, image_url, expires_in=60)
        return await self._sender.fetch(signed.signed_url, limit)

    def _remember_new_run(self, run: Run, body: Mapping[str, Any]) -> Run:
        self.know_secrets([run.id], body)
        return self._clean(run)

    def _redact_recording(self, found: Trajectory, run_id: str) -> Trajectory:
        return redact_model(found, self._sender.secrets_of_runs.of(run_id))


class CostFilter(TypedDict, total=False):
    """The period of the costs: times are ISO 8601 in UTC, and `to_date` is excluded."""

    from_date: str | None
    to_date: str | None


class Usage:
    """The routes below `/v1/usage`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def aggregate(
        self, *, from_date: str, to_date: str, mode: Literal["simulated", "billed"] = "simulated"
    ) -> UsageAggregate:
        """Return the steps in a period; `to_date` is excluded, and both are ISO 8601 in UTC."""
        params = query_parameters(from_date=from_date, to_date=to_date, mode=mode)
        return (await self._sender.get("/v1/usage/aggregate", params)).model(UsageAggregate)

    async def llm_costs(
        self, *, skip: int = 0, limit: int = 100, **wanted: Unpack[CostFilter]
    ) -> ListPage[RunCost]:
        """Return one page of the costs of runs.

        The service refuses this unless a feature flag is set.
        """
        params = query_parameters(skip=skip, limit=limit, **wanted)
        return (await self._sender.get("/v1/usage/llm-costs", params)).model(ListPage[RunCost])

    async def llm_costs_all(self, **wanted: Unpack[CostFilter]) -> Sequence[RunCost]:
        """Return the costs of every run in a period, once (see `walk_in_order`)."""
        return await walk_in_order(
            lambda skip: self.llm_costs(skip=skip, limit=LIST_LIMIT, **wanted), "costs"
        )
