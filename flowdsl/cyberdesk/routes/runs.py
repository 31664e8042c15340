"""The routes of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

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
    RunPage,
    RunPatch,
    RunRetry,
)
from flowdsl.cyberdesk.models.trajectory import Trajectory
from flowdsl.cyberdesk.models.usage import RunCosts
from flowdsl.cyberdesk.paging import walk_in_order
from flowdsl.cyberdesk.redaction import redacted, secrets_in
from flowdsl.cyberdesk.routes.query import chosen
from flowdsl.cyberdesk.routes.told import redacted_model
from flowdsl.cyberdesk.transport import Sender, segment

_PATH = "/v1/runs"


class Runs:
    """The routes below `/v1/runs`.

    What the service says of a run is without the secrets that this process gave to the run.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._secrets = sender.secrets_of_runs

    def know_secrets(self, run_ids: Iterable[str], body: Mapping[str, Any]) -> None:
        """These runs came of a request with this body, whose secrets they are not to show."""
        self._secrets.give(run_ids, secrets_in(body))

    def _clean(self, run: Run) -> Run:
        return redacted_model(run, self._secrets.of(run.id))

    async def list(
        self,
        *,
        skip: int = 0,
        limit: int = 100,
        sort_mode: Literal["activity", "created_at_desc"] = "activity",
        workflow_id: str | None = None,
        machine_id: str | None = None,
        session_id: str | None = None,
        status: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        search: str | None = None,
        deep_search: bool | None = None,
        fields: Sequence[RunField] = (),
        include: Sequence[str] = (),
    ) -> RunPage:
        """One page of the runs.

        Sorted by `activity`, rows move while they are read; several pages want `created_at_desc`.
        `search` is a part of the id, inputs, outputs, errors or alias, and with `deep_search` of
        the history, too. `fields` limits the fields of the rows. `include` may name `workflow`,
        `machine` and `machine.pools`. Times are ISO 8601 in UTC.
        """
        params = chosen(
            skip=skip,
            limit=limit,
            sort_mode=sort_mode,
            workflow_id=workflow_id,
            machine_id=machine_id,
            session_id=session_id,
            status=status,
            created_at_from=created_at_from,
            created_at_to=created_at_to,
            search=search,
            deep_search=deep_search,
            fields=[*fields] or None,
            include=include,
        )
        page = (await self._sender.get(_PATH, params)).model(RunPage)
        page.items[:] = map(self._clean, page.items)
        return page

    async def list_all(
        self,
        *,
        workflow_id: str | None = None,
        machine_id: str | None = None,
        session_id: str | None = None,
        status: str | None = None,
        created_at_from: str | None = None,
        created_at_to: str | None = None,
        search: str | None = None,
        fields: Sequence[RunField] = (),
    ) -> Sequence[Run]:
        """Every run that matches throughout, once, newest first (see `walk_in_order`).

        Arguments as in `list`. A whole run carries its history: name the `fields` that you need.
        """
        return await walk_in_order(
            lambda skip: self.list(
                skip=skip,
                limit=LIST_LIMIT,
                sort_mode="created_at_desc",
                workflow_id=workflow_id,
                machine_id=machine_id,
                session_id=session_id,
                status=status,
                created_at_from=created_at_from,
                created_at_to=created_at_to,
                search=search,
                fields=fields,
            ),
            "runs",
        )

    async def get(self, run_id: str, *, include: Sequence[str] = ()) -> Run:
        """One run with all of its fields."""
        reply = await self._sender.get(_one(run_id), chosen(include=include))
        return self._clean(reply.model(Run))

    async def create(self, run: RunCreate, *, idempotency_key: str, once: bool = False) -> Run:
        """The new run, which waits to be scheduled; `once` is that of `Sender.write`."""
        body = run.to_wire()
        reply = await self._sender.write("POST", _PATH, idempotency_key, body, once=once)
        return self._new(reply.model(Run), body)

    async def create_bulk(
        self, runs: RunBulkCreate, *, idempotency_key: str, once: bool = False
    ) -> BulkCreated:
        """The new runs. Look at `failed_count`, too, since some may have failed."""
        path = f"{_PATH}/bulk"
        body = runs.to_wire()
        reply = await self._sender.write("POST", path, idempotency_key, body, once=once)
        made = reply.model(BulkCreated)
        made.created_runs[:] = [self._new(run, body) for run in made.created_runs]
        made.errors[:] = [redacted(error, secrets_in(body)) for error in made.errors]
        return made

    async def create_chain(
        self, chain: ChainCreate, *, idempotency_key: str, once: bool = False
    ) -> ChainStarted:
        """The session and the ids of the new runs, which may have failed at once."""
        path = f"{_PATH}/chain"
        body = chain.to_wire()
        reply = await self._sender.write("POST", path, idempotency_key, body, once=once)
        started = reply.model(ChainStarted)
        self.know_secrets(started.run_ids, body)
        return started

    async def retry(
        self, run_id: str, retry: RunRetry, *, idempotency_key: str, once: bool = False
    ) -> Run:
        """The same run, started anew; only a run that has ended can be.

        Its outputs, history and output files are **gone**.
        """
        path = f"{_one(run_id)}/retry"
        body = retry.to_wire()
        # Known even where the reply is lost.
        self.know_secrets([run_id], body)
        reply = await self._sender.write("POST", path, idempotency_key, body, once=once)
        return self._clean(reply.model(Run))

    async def update(
        self, run_id: str, patch: RunPatch | Mapping[str, Any], *, idempotency_key: str
    ) -> Run:
        """The run after the change; in `patch` an absent field stays and None clears."""
        body = RunPatch.model_validate(patch).to_wire()
        reply = await self._sender.write("PATCH", _one(run_id), idempotency_key, body)
        return self._clean(reply.model(Run))

    async def cancel(self, run_id: str, *, idempotency_key: str) -> Run:
        """The run, cancelled."""
        patch = RunPatch(status="cancelled")
        return await self.update(run_id, patch, idempotency_key=idempotency_key)

    async def delete(self, run_id: str, *, idempotency_key: str) -> bool:
        """True when deleted, with its attachments; False when it was already gone."""
        return await self._sender.delete(_one(run_id), idempotency_key)

    async def trajectory(self, run_id: str) -> Trajectory:
        """The trajectory that the run recorded."""
        reply = await self._sender.get(f"{_one(run_id)}/trajectory")
        return self._recording(reply.model(Trajectory), run_id)

    async def generate_trajectory(self, run_id: str, *, idempotency_key: str) -> Trajectory:
        """The run's recording, kept for replay, which takes an approval."""
        path = f"{_one(run_id)}/generate-trajectory"
        reply = await self._sender.write("POST", path, idempotency_key, once=True)
        return self._recording(reply.model(Trajectory), run_id)

    async def llm_costs(self, run_id: str) -> RunCosts:
        """What the models of a run cost.

        The service has this behind a feature flag, and refuses it where that is not set.
        """
        return (await self._sender.get(f"{_one(run_id)}/llm-costs")).model(RunCosts)

    def _new(self, run: Run, body: Mapping[str, Any]) -> Run:
        self.know_secrets([run.id], body)
        return self._clean(run)

    def _recording(self, found: Trajectory, run_id: str) -> Trajectory:
        return redacted_model(found, self._secrets.of(run_id))

    async def sign_image(
        self, run_id: str, image_url: str, *, expires_in: int = 3600
    ) -> SignedImage:
        """An address of a screenshot in the run's history that works without a key.

        It does for `expires_in` seconds, 10 to 3,600.
        """
        path = f"{_one(run_id)}/image/signed-url"
        params = chosen(image_url=image_url, expires_in=expires_in)
        return (await self._sender.get(path, params)).model(SignedImage)

    async def image(self, run_id: str, image_url: str, *, limit: int) -> bytes:
        """A screenshot of the run's history; raises `DownloadTooLarge` beyond `limit` bytes.

        The address that serves it is used once and kept nowhere.
        """
        signed = await self.sign_image(run_id, image_url, expires_in=60)
        return await self._sender.fetch(signed.signed_url, limit)


def _one(run_id: str) -> str:
    return f"{_PATH}/{segment(run_id)}"
