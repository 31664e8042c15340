"""Whether a webhook is from the service: the signature over its body, as Svix makes it.

    event = verified_webhook(body, headers, secret)

Platform facts: docs.cyberdesk.io, webhooks (Svix). A receiver must have the raw bytes of the body:
JSON that was read and written again has another signature.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from flowdsl.source.failure import FlowdslError

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
"""How many seconds the time of a webhook may differ from ours: an older one may be a replay."""

_NAMES = ("id", "timestamp", "signature")
_FAMILIES = ("svix", "webhook")
"""Prefixes of the three headers: Svix's own and those of the standard that it follows."""


class NotGenuine(FlowdslError, ValueError):
    """A webhook not proven to be from the service; the message has no part of the secret."""


def verified_webhook(
    body: bytes,
    headers: Mapping[str, str] | Mapping[bytes, bytes],
    secret: str | bytes,
    *,
    tolerance: float | None = TOLERANCE_SECONDS,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Return the event in `body`, once its signature is verified; raises `NotGenuine`.

    `headers` are those of the request, in any case; `secret` is the `whsec_...` of the endpoint.
    Names and values of headers may be bytes, as some frameworks provide them; other types prove
    nothing. `tolerance` in seconds bounds the age, None accepts any. Events may arrive twice: keep
    `event_id`.
    """
    if not isinstance(body, bytes):
        raise NotGenuine("the body of the webhook has to be the bytes that came")
    key = _decode_secret(secret)
    message_id, timestamp, signatures = _find_signature_headers(headers)
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        raise NotGenuine("the time of the webhook is no number of seconds")
    if tolerance is not None and abs(now() - int(timestamp)) > tolerance:
        raise NotGenuine(
            f"the webhook is of another time than now by more than {tolerance:g} s; either clock "
            "may be wrong"
        )
    signed = b".".join((message_id.encode("utf-8", "surrogatepass"), timestamp.encode(), body))
    expected = hmac.digest(key, signed, "sha256")
    # Every signature is compared, each in constant time: there are several during a rotation.
    found = [
        hmac.compare_digest(expected, _decode_base64(value))
        for version, _, value in (each.partition(",") for each in signatures.split())
        if version == "v1"
    ]
    if not any(found):
        raise NotGenuine("no signature of the webhook is that of its body with this secret")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise NotGenuine("the body is signed but is no JSON") from None
    if not isinstance(event, dict):
        raise NotGenuine("the body is signed but holds no event")
    return event


def _find_signature_headers(
    headers: Mapping[str, str] | Mapping[bytes, bytes],
) -> tuple[str, str, str]:
    lowered = {
        _decode_header(name).lower(): _decode_header(value) for name, value in headers.items()
    }
    for family in _FAMILIES:
        values = [lowered.get(f"{family}-{name}", "") for name in _NAMES]
        if all(values):
            return values[0], values[1], values[2]
    missing = ", ".join(f"`svix-{name}`" for name in _NAMES if not lowered.get(f"svix-{name}", ""))
    raise NotGenuine(f"the webhook lacks the headers {missing}")


def _decode_header(value: object) -> str:
    """Decode a header byte by byte as HTTP sends it; empty for a value that is not text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _decode_secret(secret: str | bytes) -> bytes:
    key = _decode_base64(_decode_header(secret).strip().removeprefix(PREFIX))
    if not key:
        raise NotGenuine("the secret is none of a webhook, which is `whsec_` and base64")
    return key


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
