"""The health routes that need no key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from flowdsl.emulator.context import LOCAL_ORGANIZATION, context_of

router = APIRouter(tags=["Health"])


@router.get("/")
async def root() -> Any:
    """Names the server."""
    return {"message": "Cyberdesk emulator"}


@router.get("/health", name="health")
@router.get("/health/live", name="health_live")
@router.get("/v1/health", name="health_check", response_model=dict[str, str])
async def tell_that_the_process_runs() -> Any:
    """Answers while the process runs."""
    return {"status": "ok"}


@router.get("/health/ready", name="health_ready")
@router.get("/health/db", name="health_db")
@router.get("/v1/health/db", name="database_health_check")
async def tell_that_the_store_can_be_read(request: Request) -> Any:
    """Answers once the store can be read."""
    with context_of(request).store.read(LOCAL_ORGANIZATION) as transaction:
        transaction.connection.exec_driver_sql("SELECT 1")
    return {"status": "ok", "database": "ok"}
