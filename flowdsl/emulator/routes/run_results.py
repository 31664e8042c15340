"""`/v1/runs/{id}/...`: what a run leaves behind beside its own fields."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flowdsl.emulator.routes.signed_urls import STORAGE_PREFIX, refuse_unsigned, signed_url
from flowdsl.emulator.routing import Current, StoreRoute
from flowdsl.emulator.runs.llm_costs import costs_of_run
from flowdsl.emulator.runs.results import (
    generate_trajectory,
    picture_path,
    trajectory_of_run,
)
from flowdsl.emulator.simulation.files import picture
from flowdsl.emulator.wire.models import (
    RunImageSignedUrlResponse,
    RunLlmCostsResponse,
    TrajectoryResponse,
)

_FOLDER = "run-images"

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"], route_class=StoreRoute)
signed_router = APIRouter(prefix=f"{STORAGE_PREFIX}/{_FOLDER}")


@router.get("/trajectory")
async def get_run_trajectory(transaction: Current, run_id: UUID) -> TrajectoryResponse:
    """What the run recorded."""
    return trajectory_of_run(transaction, run_id)


@router.post("/generate-trajectory")
async def generate_run_trajectory(transaction: Current, run_id: UUID) -> TrajectoryResponse:
    """Makes the recording of the run a generated trajectory, which still has to be approved."""
    return generate_trajectory(transaction, run_id)


@router.get("/llm-costs")
async def get_run_llm_costs(transaction: Current, run_id: UUID) -> RunLlmCostsResponse:
    """What the models of the run cost, by role."""
    return costs_of_run(transaction, run_id)


@router.get("/image/signed-url")
async def get_run_image_signed_url(
    transaction: Current,
    request: Request,
    run_id: UUID,
    image_url: str,
    expires_in: Annotated[int, Query(ge=10, le=3600)] = 3600,
) -> RunImageSignedUrlResponse:
    """An address that serves a screenshot out of the run's history."""
    path = picture_path(transaction, run_id, image_url)
    return RunImageSignedUrlResponse(
        supabase_url=image_url,
        signed_url=signed_url(request, _FOLDER, path, expires_in),
        expires_in=expires_in,
    )


@signed_router.get("/{path:path}", include_in_schema=False)
async def serve_run_image(request: Request, path: str, expires: str, token: str) -> Response:
    """The picture, without a bearer key, until the address expires."""
    refuse_unsigned(request, _FOLDER, path, expires, token)
    return Response(
        picture(path), media_type="image/png", headers={"X-Content-Type-Options": "nosniff"}
    )
