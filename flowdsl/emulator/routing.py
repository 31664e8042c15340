"""How a request uses the store: authentication, one transaction, idempotency.

Route functions are coroutines that never await, so nothing else runs on the event loop between the
begin and the commit of a transaction; a request that finds the store locked waits without holding a
thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Annotated, Any

import anyio
from fastapi import Depends, Header, HTTPException, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import bindparam, insert, select
from starlette.requests import ClientDisconnect

from flowdsl.emulator.clock import time_after
from flowdsl.emulator.context import EmulatorContext, KeyInUseError, context_of
from flowdsl.emulator.errors import invalid_request
from flowdsl.emulator.faults import IN_PROGRESS, STATUS_HEADER
from flowdsl.emulator.store import StoreBusyError, Transaction
from flowdsl.emulator.tables import idempotent_replies
from flowdsl.emulator.wire.values import strict_keys

IDEMPOTENCY_HEADER = "Idempotency-Key"

_REPLY = select(
    idempotent_replies.c.status,
    idempotent_replies.c.media_type,
    idempotent_replies.c.body,
).where(
    idempotent_replies.c.organization_id == bindparam("organization_id"),
    idempotent_replies.c.key == bindparam("key"),
    idempotent_replies.c.created_at > bindparam("since"),
)
_KEEP_REPLY = insert(idempotent_replies).prefix_with("OR REPLACE")


def stored_reply(
    transaction: Transaction, key: str, seconds: float | None = None
) -> Response | None:
    """Return the first reply to `key`, or None (assumption `idempotency-first-reply-wins`).

    The reply expires after `seconds`; None is never.
    """
    since = "" if seconds is None else time_after(transaction.now, -round(seconds * 1000))
    row = transaction.connection.execute(
        _REPLY, {"organization_id": transaction.organization_id, "key": key, "since": since}
    ).one_or_none()
    if row is None:
        return None
    return Response(row.body, status_code=row.status, media_type=row.media_type)


def store_reply(transaction: Transaction, key: str, reply: Response) -> None:
    """Store `reply` under `key`, replacing an expired one.

    It becomes visible when the write itself commits.
    """
    transaction.connection.execute(
        _KEEP_REPLY,
        {
            "organization_id": transaction.organization_id,
            "key": key,
            "status": reply.status_code,
            "media_type": reply.headers.get("content-type"),
            "body": bytes(reply.body),
            "created_at": transaction.now,
        },
    )


BUSY_TIMEOUT_SECONDS = 10.0
_BUSY_POLL_SECONDS = 0.005

_WRITE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_bearer = HTTPBearer(scheme_name="bearerAuth", auto_error=False)


async def _current_transaction(request: Request) -> Transaction:
    transaction = request.state.transaction
    assert isinstance(transaction, Transaction)
    return transaction


Current = Annotated[Transaction, Depends(_current_transaction)]
"""The transaction of the request: a write for POST, PUT, PATCH and DELETE, else a read snapshot."""


async def _declare_idempotency_key(
    key: Annotated[str | SkipJsonSchema[None], Header(alias=IDEMPOTENCY_HEADER)] = None,
) -> None:
    """Declare the header in the OpenAPI description; `StoreRoute` reads it."""


class StoreRoute(APIRoute):
    """A route that requires a bearer key and runs in one transaction of the caller's organisation.

    A write commits only when its reply is complete, together with the reply's idempotency record;
    any error rolls both back, so a refused write leaves its key free (assumption
    `idempotency-keeps-successes`).
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        methods = frozenset(options.get("methods") or {"GET"})
        self._writes = bool(methods & _WRITE_METHODS)
        declared = [Security(_bearer)]
        if self._writes:
            declared.append(Depends(_declare_idempotency_key))
        options["dependencies"] = [*(options.get("dependencies") or ()), *declared]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            context = context_of(request)
            organization_id = context.organization_of(request.headers.get("authorization"))
            is_keyed = self._writes and context.idempotency_seconds != 0
            key = request.headers.get(IDEMPOTENCY_HEADER) if is_keyed else None
            try:
                if not key:
                    return await handle_in_transaction(request, context, organization_id, None)
                with context.hold(organization_id, key):
                    return await handle_in_transaction(request, context, organization_id, key)
            except KeyInUseError:
                raise HTTPException(
                    409,
                    f"the first request with {IDEMPOTENCY_HEADER} `{key}` still runs",
                    headers={STATUS_HEADER: IN_PROGRESS},
                ) from None
            except ClientDisconnect:
                raise HTTPException(400, "the body ended early") from None
            finally:
                await request.close()

        async def handle_in_transaction(
            request: Request, context: EmulatorContext, organization_id: str, key: str | None
        ) -> Response:
            await _read_body(request)
            with ExitStack() as stack:
                if context.strict:
                    token = strict_keys.set(True)
                    stack.callback(strict_keys.reset, token)
                    self._refuse_unknown_query(request)
                transaction = await self._begin_transaction(context, organization_id, stack)
                if context.listing_lag and not self._writes:
                    listed_until = time_after(transaction.now, -round(context.listing_lag * 1000))
                    transaction = replace(transaction, listed_until=listed_until)
                request.state.transaction = transaction
                seconds = context.idempotency_seconds
                reply = stored_reply(transaction, key, seconds) if key else None
                if reply is None:
                    reply = await handle(request)
                    if key:
                        store_reply(transaction, key, reply)
            return reply

        return handle_once

    async def _begin_transaction(
        self, context: EmulatorContext, organization_id: str, stack: ExitStack
    ) -> Transaction:
        begin: Callable[[str], AbstractContextManager[Transaction]]
        begin = context.store.write if self._writes else context.store.read
        deadline = anyio.current_time() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                return stack.enter_context(begin(organization_id))
            except StoreBusyError:
                if anyio.current_time() > deadline:
                    raise HTTPException(
                        503,
                        "the data file is locked by another process",
                        headers={"Retry-After": "1"},
                    ) from None
            await anyio.sleep(_BUSY_POLL_SECONDS)

    def _refuse_unknown_query(self, request: Request) -> None:
        known = {name for parameter in self.dependant.query_params for name in _names_of(parameter)}
        for name in request.query_params:
            if name not in known:
                raise invalid_request(
                    ("query", name), f"unknown parameter `{name}`", "extra_forbidden"
                )


def _names_of(parameter: Any) -> Iterable[str]:
    """Return the name of a parameter, or the names of the fields of a filter model."""
    kind = parameter.field_info.annotation
    is_filter = isinstance(kind, type) and issubclass(kind, BaseModel)
    return kind.model_fields if is_filter else [parameter.alias]


async def _read_body(request: Request) -> None:
    """Read the whole body before taking the lock, because a slow client must not hold the lock."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        await request.form()
        return
    body = await request.body()
    if b"\\ud" in body.lower():
        _refuse_unpaired_surrogates(body)


def _refuse_unpaired_surrogates(body: bytes) -> None:
    """Raise a 422 for an unpaired surrogate, which neither SQLite nor a JSON reply can hold."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise invalid_request(
            ("body",), "the text holds an unpaired surrogate", "string_unicode"
        ) from None
    except (ValueError, RecursionError):
        return  # Not JSON, or too deep: the route reports it.
