"""`/v1/runs`: reading runs, and the screenshots of their histories."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flowdsl.emulator.errors import not_found
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.rows import RUNS, RunFilter, find_runs, get_run, resources_to_include
from flowdsl.emulator.runs.run_plans import RUN_IMAGES, blocks_of
from flowdsl.emulator.runs.views import history_of
from flowdsl.emulator.signed_urls import STORAGE_PREFIX, refuse_unsigned, sign_url
from flowdsl.emulator.simulation.files import draw_picture
from flowdsl.emulator.wire.models import (
    PaginatedResponseWithIncludesRunResponse,
    RunImageSignedUrlResponse,
    RunResponseWithIncludes,
)

_FOLDER = "run-images"

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")


@router.get("")
async def list_runs(
    transaction: Current, wanted: Annotated[RunFilter, Query()]
) -> PaginatedResponseWithIncludesRunResponse:
    """One page; `fields` may be repeated and leaves the others null."""
    items, total = find_runs(transaction, wanted)
    included = resources_to_include(transaction, items, wanted.include)
    return PaginatedResponseWithIncludesRunResponse.of(wanted, items, total, included=included)


@router.get("/{run_id}", name="get_run")
async def get(
    transaction: Current, run_id: UUID, include: str | None = None
) -> RunResponseWithIncludes:
    """One run as it is now."""
    reply = get_run(transaction, run_id)
    related = resources_to_include(transaction, [reply], include)
    return RunResponseWithIncludes(**dict(reply), included=related)


@router.get("/{run_id}/image/signed-url")
async def get_run_image_signed_url(
    transaction: Current,
    request: Request,
    run_id: UUID,
    image_url: str,
    expires_in: Annotated[int, Query(ge=10, le=3600)] = 3600,
) -> RunImageSignedUrlResponse:
    """An address that serves a screenshot; 404 where the run's history does not show it."""
    history = history_of(RUNS.row(transaction, run_id), transaction.now) or ()
    shown = {block.get("image_url") for message in history for block in blocks_of(message)}
    if image_url not in shown or not image_url.startswith(RUN_IMAGES):
        raise not_found("run image", image_url)
    path = image_url.removeprefix(RUN_IMAGES)
    return RunImageSignedUrlResponse(
        supabase_url=image_url,
        signed_url=sign_url(request, _FOLDER, path, expires_in),
        expires_in=expires_in,
    )


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_run_image(request: Request, path: str, expires: str, token: str) -> Response:
    """The picture, without a bearer key, until the address expires."""
    refuse_unsigned(request, _FOLDER, path, expires, token)
    return Response(
        draw_picture(path), media_type="image/png", headers={"X-Content-Type-Options": "nosniff"}
    )
