"""Addresses of objects in cloud stores, and the clients for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flowdsl.state.errors import UnsupportedStore, WrongAddress
from flowdsl.state.stores import StateStore, hide_credentials
from flowdsl.state.stores.retry import RetryPolicy

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client

REQUEST_SECONDS = 10.0
"""The limit of one request, in seconds: a lease is renewed several times in its 30 s."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}", re.ASCII)
_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ObjectUrl:
    """The parts of an address.

    `scheme` is `s3`, `gs` or `az`. `prefix` has no slash at its ends and may be empty.
    """

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")


def parse_object_url(url: str) -> ObjectUrl:
    """Return the parts of `s3://BUCKET/PREFIX`; raises `WrongAddress`."""
    scheme, _, rest = url.partition("://")
    bucket, _, path = rest.partition("/")
    prefix = path.strip("/")
    problem = None
    if "@" in bucket or ":" in bucket:
        problem = "holds a credential or a port; credentials come from the environment"
    elif not _BUCKET.fullmatch(bucket):
        problem = "names no bucket"
    elif prefix and not all(_SEGMENT.fullmatch(part) for part in prefix.split("/")):
        problem = (
            "has a path of other signs than letters, digits and `.`, `_`, `=`, `+`, `-` between "
            "single slashes"
        )
    if problem is not None:
        raise WrongAddress(
            f"the state address `{hide_credentials(url)}` {problem}; write `{scheme}://BUCKET/PREFIX`"
        )
    return ObjectUrl(scheme, bucket, prefix)


def open_objects(
    url: str,
    *,
    project: str,
    environment: str,
    environ: Mapping[str, str] = os.environ,
    request_seconds: float = REQUEST_SECONDS,
    patience: RetryPolicy | None = None,
) -> StateStore:
    """Open the store at `url`; by default state is below `<project>/<environment>`.

    Raises `WrongAddress` or `UnsupportedStore`.
    """
    parsed = parse_object_url(url)
    try:
        from flowdsl.state.stores.objects import ObjectStore
    except ModuleNotFoundError as error:
        if error.name != "obstore":
            raise
        raise UnsupportedStore(
            f"state in `{parsed}` needs the library `obstore`; "
            "install it with `pip install 'flowdsl[cloud]'`"
        ) from None
    if not parsed.prefix:
        own = f"{quote(project, safe='')}/{quote(environment, safe='')}"
        parsed = ObjectUrl(parsed.scheme, parsed.bucket, own)
    return ObjectStore(
        _make_client(parsed, environ, request_seconds),
        str(parsed),
        parsed.prefix,
        project=project,
        environment=environment,
        by_generation=parsed.scheme == "gs",
        patience=patience or RetryPolicy(),
    )


def _make_client(url: ObjectUrl, environ: Mapping[str, str], seconds: float) -> Client:
    from obstore.exceptions import BaseError
    from obstore.store import AzureStore, GCSStore, S3Store

    options: Any = {
        "timeout": timedelta(seconds=seconds),
        "connect_timeout": timedelta(seconds=min(seconds, 5.0)),
    }
    # A request that the library repeats would conflict with its own first attempt, and take it for
    # a write of somebody else.
    retries: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=seconds)}
    try:
        match url.scheme:
            case "s3":
                config: Any = {"conditional_put": "etag"}
                endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
                if endpoint:
                    config["endpoint"] = endpoint
                    options["allow_http"] = endpoint.startswith("http://")
                return S3Store(
                    url.bucket, config=config, client_options=options, retry_config=retries
                )
            case "gs":
                return GCSStore(url.bucket, client_options=options, retry_config=retries)
            case _:
                emulator = environ.get("AZURE_STORAGE_USE_EMULATOR", "").lower() in ("1", "true")
                options["allow_http"] = emulator
                return AzureStore(url.bucket, client_options=options, retry_config=retries)
    except (BaseError, OSError, ValueError) as error:
        missing = "Account must be specified" in str(error)
        raise UnsupportedStore(
            f"state in `{url}` cannot be opened: "
            + (
                "set `AZURE_STORAGE_ACCOUNT_NAME`"
                if missing
                else "the settings of the provider in the environment are not usable "
                "(see `docs/state.md`)"
            )
        ) from None
