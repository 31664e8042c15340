"""The application: routers, middleware and error replies put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from flowdsl.emulator.context import Context
from flowdsl.emulator.errors import readable_validation_errors
from flowdsl.emulator.host_check import HostCheck
from flowdsl.emulator.request_id import REQUEST_ID_HEADER, RequestId
from flowdsl.emulator.routes import (
    health,
    model_configurations,
    prompt_images,
    tag_groups,
    tags,
    workflow_tagging,
    workflows,
)
from flowdsl.emulator.store import Store, StoreBusyError

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    prompt_images.signed_router,
    # Before `workflows`, whose `/{workflow_id}` would match their fixed paths.
    prompt_images.router,
    workflow_tagging.router,
    workflows.router,
    tags.router,
    tag_groups.router,
    model_configurations.router,
)


def create_app(
    store: Store,
    *,
    keys: Mapping[str, str] | None = None,
    strict: bool = False,
    allowed_hosts: Collection[str] = (),
) -> FastAPI:
    """The emulator over an open `store`, which the caller closes.

    `keys` maps API keys to organisations; without it any bearer key selects `org_local`.
    `strict` refuses unknown request keys, which the service drops. `allowed_hosts` are names other
    than this machine's that the `Host` header may carry.
    """
    app = FastAPI(
        title="Cyberdesk emulator",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            RequestValidationError: _validation_reply,
            StoreBusyError: _busy_reply,
            Exception: _failure_reply,
        },
    )
    app.state.emulator = Context(store, keys=keys, strict=strict)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(HostCheck, allowed=allowed_hosts)
    app.add_middleware(RequestId)
    return app


async def _validation_reply(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": readable_validation_errors(error)}, 422)


async def _busy_reply(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse(
        {"detail": "the data file is locked by another process"}, 503, {"Retry-After": "1"}
    )


async def _failure_reply(request: Request, _error: Exception) -> JSONResponse:
    # Made outside the middleware, so it sets the request id itself.
    headers = {REQUEST_ID_HEADER: request.state.request_id}
    return JSONResponse({"detail": "internal error of the emulator"}, 500, headers)
