"""Assembles the application from routers, middleware and error replies."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableSequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from difflib import get_close_matches

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from flowdsl.emulator.context import EmulatorContext
from flowdsl.emulator.errors import readable_validation_errors
from flowdsl.emulator.faults import Fault, FaultInjector, FaultTally, RecordedRequest
from flowdsl.emulator.middleware import REQUEST_ID_HEADER, HostCheck, RateLimiter, RequestId
from flowdsl.emulator.resources import (
    model_configurations,
    prompt_images,
    provider_credentials,
    tags,
    workflows,
)
from flowdsl.emulator.routes import health, machines, runs
from flowdsl.emulator.routes.control import control_router
from flowdsl.emulator.routes.unserved import router_of_unserved
from flowdsl.emulator.runs import attachments, chains, changes, trajectories, usage
from flowdsl.emulator.runs import requests as new_runs
from flowdsl.emulator.scenario import Scenario, ScenarioError
from flowdsl.emulator.simulation.rules import RuleTally
from flowdsl.emulator.store import Store, StoreBusyError
from flowdsl.emulator.webhooks import Courier

NO_SCENARIO = Scenario()
"""Changes nothing: everything behaves as the service does."""

RECORDED_REQUESTS = 10_000
"""How many of the latest requests are kept for the control routes."""

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    prompt_images.signed_router,
    attachments.signed_router,
    runs.signed_router,
    # Before `workflows`, whose `/{workflow_id}` would match their fixed paths.
    prompt_images.router,
    workflows.router,
    tags.router,
    tags.group_router,
    model_configurations.router,
    provider_credentials.router,
    machines.health_router,
    machines.router,
    machines.pool_router,
    machines.log_router,
    machines.connection_router,
    trajectories.workflow_router,
    trajectories.run_router,
    trajectories.router,
    new_runs.router,
    chains.router,
    changes.router,
    changes.workflow_router,
    runs.router,
    attachments.router,
    usage.run_router,
    usage.router,
)
UNSERVED_ROUTER = router_of_unserved()


def create_app(
    store: Store,
    *,
    keys: Mapping[str, str] | None = None,
    strict: bool = False,
    allowed_hosts: Collection[str] = (),
    scenario: Scenario = NO_SCENARIO,
    requests: MutableSequence[RecordedRequest] | None = None,
    with_control: bool = False,
) -> FastAPI:
    """Return the emulator application over an open `store`, which the caller closes.

    `keys` maps API keys to organisations; without it any bearer key selects `org_local`. `strict`
    refuses unknown request keys, which the service drops. `allowed_hosts` are host names that the
    `Host` header may carry besides this machine's. `requests` grows by one entry per request;
    `with_control` adds the routes of `routes.control`. The lifespan of the application delivers its
    webhooks; without a lifespan, `state.courier` has to. Raises `ScenarioError` for a fault whose
    route does not exist.
    """
    context = EmulatorContext(
        store,
        keys=keys,
        strict=strict,
        run_rules=RuleTally(scenario.runs),
        idempotency_seconds=scenario.idempotency,
        listing_lag=scenario.listing_lag,
    )
    courier = None
    if scenario.webhooks is not None:
        courier = Courier(store, context.organizations, scenario.webhooks)
    app = FastAPI(
        title="Cyberdesk emulator",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=None if courier is None else _webhook_lifespan(courier),
        exception_handlers={
            RequestValidationError: _validation_reply,
            StoreBusyError: _busy_reply,
            Exception: _failure_reply,
        },
    )
    app.state.emulator = context
    app.state.courier = courier
    # Does not use `include_router`, which would rebuild every route for each application: that
    # takes longer than a plan or a deploy of a few workflows.
    for router in (*ROUTERS, UNSERVED_ROUTER):
        app.router.routes.extend(router.routes)
    for fault in scenario.faults:
        _check_route(fault)
    tally = FaultTally(scenario.faults)
    if with_control:
        requests = deque(maxlen=RECORDED_REQUESTS) if requests is None else requests
        app.include_router(control_router(tally, requests))
    if scenario.rate_limit is not None:
        app.add_middleware(RateLimiter, limit=scenario.rate_limit, clock=store.clock)
    app.add_middleware(RequestId)
    # Around the service: it represents the network and proxies between it and its client.
    if with_control or scenario.faults or requests is not None:
        app.add_middleware(FaultInjector, faults=tally, requests=requests)
    # Outermost: a request for another host uses up no fault, and is not recorded.
    app.add_middleware(HostCheck, allowed=allowed_hosts)
    return app


def _webhook_lifespan(courier: Courier) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with courier.polling():
            yield

    return lifespan


def _check_route(fault: Fault) -> None:
    """Raise `ScenarioError` for a fault whose route matches no request."""
    method, _, path = fault.route.partition(" ")
    known = []
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for offered in route.methods or ():
                known.append(f"{offered} {route.path}")
                is_met = method in ("*", offered) and route.path_regex.match(path)
                if is_met or fault.matches(offered, re.sub(r"\{[^{}]*\}", "x", route.path)):
                    return
    close = get_close_matches(fault.route, known, 1)
    hint = f"; there is `{close[0]}`" if close else ""
    raise ScenarioError(f"no route of the emulator is `{fault.route}`{hint}")


async def _validation_reply(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": readable_validation_errors(error)}, 422)


async def _busy_reply(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse(
        {"detail": "the data file is locked by another process"}, 503, {"Retry-After": "1"}
    )


async def _failure_reply(request: Request, _error: Exception) -> JSONResponse:
    # This handler runs outside the middleware, so it sets the request id itself. A request that a
    # fault broke outside the middleware has no id; its reply is never sent, since the fault has
    # already begun one.
    request_id = getattr(request.state, "request_id", None)
    headers = {} if request_id is None else {REQUEST_ID_HEADER: request_id}
    return JSONResponse({"detail": "internal error of the emulator"}, 500, headers)
