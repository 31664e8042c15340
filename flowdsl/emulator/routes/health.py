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


@router.get("/health")
async def health() -> Any:
    """Answers while the process runs."""
    return {"status": "ok"}


@router.get("/health/live")
async def health_live() -> Any:
    """Answers while the process runs."""
    return {"status": "ok"}


@router.get("/health/ready")
async def health_ready(request: Request) -> Any:
    """Answers once the store can be read."""
    return _database_health(request)


@router.get("/health/db")
async def health_db(request: Request) -> Any:
    """Answers once the store can be read."""
    return _database_health(request)


@router.get("/v1/health")
async def health_check() -> dict[str, str]:
    """Answers while the process runs."""
    return {"status": "ok"}


@router.get("/v1/health/db")
async def database_health_check(request: Request) -> Any:
    """Answers once the store can be read."""
    return _database_health(request)


def _database_health(request: Request) -> dict[str, str]:
    with context_of(request).store.read(LOCAL_ORGANIZATION) as transaction:
        transaction.connection.exec_driver_sql("SELECT 1")
    return {"status": "ok", "database": "ok"}
