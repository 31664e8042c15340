"""Signed URLs, which serve stored bytes for a limited time without an API key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import quote, urlencode

from fastapi import HTTPException, Request

from flowdsl.emulator.clock import format_time, parse_time
from flowdsl.emulator.context import EmulatorContext, context_of

STORAGE_PREFIX = "/storage/v1/object/sign"


def sign_url(request: Request, folder: str, path: str, seconds: int) -> str:
    """Return a URL for `path` in `folder`, valid for `seconds` from now."""
    context = context_of(request)
    now = parse_time(format_time(context.store.clock()))
    expires = format_time(now + timedelta(seconds=seconds))
    token = _sign_place(context, f"{folder}/{path}", expires)
    query = urlencode({"expires": expires, "token": token})
    return f"{request.base_url}{STORAGE_PREFIX[1:]}/{folder}/{quote(path)}?{query}"


def refuse_unsigned(request: Request, folder: str, path: str, expires: str, token: str) -> None:
    """Raise a 400 if the URL was not made by `sign_url` or has expired."""
    context = context_of(request)
    expected = _sign_place(context, f"{folder}/{path}", expires)
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise HTTPException(400, "the signature does not fit the address")
    if format_time(context.store.clock()) > expires:
        raise HTTPException(400, "the address has expired")


def _sign_place(context: EmulatorContext, place: str, expires: str) -> str:
    message = f"{expires}\n{place}".encode()
    return hmac.new(context.store.signing_key, message, hashlib.sha256).hexdigest()
