"""Secrets of webhooks, and the headers with which a receiver proves a body genuine.

The scheme is Svix's: HMAC-SHA256 over `id.timestamp.body` with the decoded secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import datetime

SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 24
_LONGEST_SECRET_BYTES = 64


def new_secret() -> str:
    """A random secret in the form receivers are configured with."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_key(secret: str) -> bytes:
    """The bytes of a secret. Raises `ValueError`, which does not quote it, for another form."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == secret or not _SECRET_BYTES <= len(key) <= _LONGEST_SECRET_BYTES:
        raise ValueError(
            f"a secret is `{SECRET_PREFIX}` and {_SECRET_BYTES} to {_LONGEST_SECRET_BYTES} bytes in base64"
        )
    return key


def signed_headers(secret: str, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three Svix headers of one attempt to deliver `body`."""
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(secret_key(secret), signed, "sha256")
    return {
        "svix-id": message_id,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
