"""`/_emulator/`: control routes to change and inspect a running emulator in a rehearsal.

Not part of the service's contract: the routes exist only if the emulator was started with them,
need no key and are left out of the OpenAPI description.
"""

from __future__ import annotations

from collections.abc import MutableSequence

from fastapi import APIRouter

from flowdsl.emulator.faults import CONTROL_PREFIX, Fault, FaultTally, RecordedRequest


def control_router(tally: FaultTally, requests: MutableSequence[RecordedRequest]) -> APIRouter:
    """Return the routes that manage the active faults and list the recorded requests."""
    router = APIRouter(prefix=CONTROL_PREFIX.rstrip("/"), include_in_schema=False)

    @router.get("/faults")
    async def read_faults() -> list[Fault]:
        return list(tally.faults)

    @router.put("/faults")
    async def replace_faults(body: list[Fault]) -> list[Fault]:
        tally.replace(body)
        return body

    @router.get("/requests")
    async def read_requests() -> list[RecordedRequest]:
        return list(requests)

    @router.delete("/requests", status_code=204)
    async def forget_requests() -> None:
        requests.clear()

    return router
