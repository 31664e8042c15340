"""However a deploy ends, it leaves and says nothing that holds a key.

Not the API key, nor that of a model provider, nor that of a bucket.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from flowdsl.emulator.faults import Fault
from tests.deploy.deploy_world import CANARY, bundle, flow
from tests.deploy.fault_world import MODEL, PROVIDER_CANARY, SECRETS, FaultWorld
from tests.deploy.kill_switch import Point
from tests.support.services.state_backends import NAMES

PROJECT = bundle(flow("a", tags=["t"]), flow("b"))


@pytest.mark.parametrize("back_end", NAMES)
def test_no_canary_in_state_results_events_messages_and_logs(
    back_end: str, s3: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = FaultWorld(tmp_path, back_end)
    world.retarget(declared={"model": MODEL})
    world.crash(PROJECT, Point("write", 2, "after"))
    for kind in ("after", "html_502", "truncated", "status", "429"):
        world.deploy(PROJECT, Fault("* /*", None, kind, share=0.4), max_retries=1)  # type: ignore[arg-type]
    world.deploy(PROJECT)
    sent = [str(attempt.body) for attempt in world.attempts]
    kept = [*world.artifacts(), *(record.getMessage() for record in caplog.records)]

    assert world.said and sent
    for text in kept:
        assert not [secret for secret in SECRETS if secret in text]


def test_a_service_that_repeats_the_keys_in_its_errors_is_not_quoted(tmp_path: Path) -> None:
    """Validation errors of such services quote the request, headers and all."""
    world = FaultWorld(tmp_path)
    world.retarget(declared={"model": MODEL})
    inner = world.app

    async def telltale(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            headers = {key.decode(): value.decode() for key, value in scope["headers"]}
            body = (await receive()).get("body", b"").decode()
            detail = f"refused: {headers} {body}"
            assert CANARY in detail
            await JSONResponse({"detail": detail}, 422)(scope, receive, send)
            return
        await inner(scope, receive, send)

    outcome = world.deploy(PROJECT, app=telltale)
    kept = [*world.artifacts(), str(outcome)]

    assert any("refused" in text for text in kept)
    for text in kept:
        assert CANARY not in text and PROVIDER_CANARY not in text
