"""The official SDK reads runs that FlowDSL made, and FlowDSL follows runs that the SDK made."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from cyberdesk import RunCreate as SdkRunCreate
from cyberdesk import WorkflowCreate

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.run import Run, RunBulkCreate, RunCreate, RunRetry
from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from flowdsl.runs.names import find_run
from flowdsl.runs.starting.retrying import retried
from flowdsl.runs.submit import BulkRequest, SingleRequest, Submitter
from flowdsl.runs.watch import RunsEnding, Watched, ending_of, watch
from flowdsl.state.held import Runtime
from tests.emulator.runs.run_desk import INPUT_SCHEMA, INPUTS, OUTPUT_SCHEMA, PROMPT
from tests.sdk.conftest import Clock, connected
from tests.support.services.served import running

T = TypeVar("T")


def runtime(clock: Clock) -> Runtime:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    return Runtime(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=sleep,
        new_id=lambda: uuid4().hex,
    )


def ours(url: str, work: Callable[[CyberdeskClient], Coroutine[Any, Any, T]]) -> T:
    async def carried_out() -> T:
        options = ClientOptions(base_url=url, api_key="test-key")
        async with CyberdeskClient(options) as client:
            return await work(client)

    return asyncio.run(carried_out())


def test_runs_cross_from_either_client_to_the_other(store: Store, clock: Clock) -> None:
    own = runtime(clock)
    with running(create_app(store)) as url, connected(url, use_async=False) as sdk:
        workflow = sdk(
            "workflows",
            "create",
            WorkflowCreate(
                name="Claims",
                main_prompt=PROMPT,
                input_schema=json.dumps(INPUT_SCHEMA),
                output_schema=json.dumps(OUTPUT_SCHEMA),
            ),
        )
        workflow_id = str(workflow.id)
        given: dict[str, Any] = {"workflow_id": workflow_id, "input_values": INPUTS}

        async def make(client: CyberdeskClient) -> list[Run]:
            submitter = Submitter(client, own, tell=print)
            body = RunCreate(**given, sensitive_input_values={"password": "s"})
            made = await submitter.submit(
                [(SingleRequest(body), ""), (BulkRequest(RunBulkCreate(**given, count=3)), "")]
            )
            runs = [run for each in made for run in each.runs]
            await watch(client, runs, own)
            return runs

        made = ours(url, make)
        assert len(made) == 4
        for run in made:
            read = sdk("runs", "get", run.id)
            assert (str(read.id), read.status.value) == (run.id, "success")
            assert read.input_values.to_dict() == INPUTS
        assert list(sdk("runs", "get", made[0].id).sensitive_input_aliases.to_dict()) == [
            "password"
        ]

        theirs = sdk("runs", "create", SdkRunCreate.from_dict(given))

        async def follow(client: CyberdeskClient) -> Watched:
            run = await find_run(client, str(theirs.id)[:8])
            return await watch(client, [run], own)

        assert ending_of([], ours(url, follow)) is RunsEnding.SUCCESS

        async def again(client: CyberdeskClient) -> Watched:
            run = await find_run(client, str(theirs.id))
            body = RunRetry(input_values={**INPUTS, "user": "ben"})
            return await watch(client, [await retried(client, run, body, own, tell=print)], own)

        assert ending_of([], ours(url, again)) is RunsEnding.SUCCESS
        read = sdk("runs", "get", str(theirs.id))
        assert (read.status.value, read.input_values.to_dict()["user"]) == ("success", "ben")
