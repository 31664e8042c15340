"""JSON over HTTPS, with a token that goes to one server only."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Literal

_TIMEOUT = 20.0
_TRIES = 3
_LONGEST_REPLY = 64_000_000
_ADDRESS = re.compile(
    r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w./~-]*)?"
    r"|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/[\w./~-]*)?"
)


class RestError(Exception):
    """Raised for a failed request; `status` is None if there was no reply.

    The message quotes nothing that the server said.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, which would carry the token to another server."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


class Rest:
    """The API at `base`; `headers` hold the token. `pause` waits for a number of seconds."""

    def __init__(
        self, base: str, headers: Mapping[str, str], pause: Callable[[float], None] = time.sleep
    ) -> None:
        if not _ADDRESS.fullmatch(base):
            raise RestError("the address of the API is not one of https")
        self._base = base.rstrip("/")
        self._headers = dict(headers)
        self._pause = pause
        self._opener = urllib.request.build_opener(_NoRedirects)

    def call(
        self,
        method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"],
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        """The JSON of a reply, None for an empty one; raises `RestError`.

        A request that failed on the way is sent again, unless it might then be carried out twice: a
        POST is sent once.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(method, path, body)
            except RestError as error:
                passing = error.status is None or error.status >= 500 or error.status == 429
                if method == "POST" or not passing or attempt == _TRIES:
                    raise
                self._pause(float(attempt))
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:
        data = None if body is None else json.dumps(body).encode("utf-8")
        headers = self._headers | {"User-Agent": "flowdsl-ci"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        where = f"{method} {path.partition('?')[0]}"
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as reply:
                content = reply.read(_LONGEST_REPLY + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise RestError(f"{where} is answered with {error.code}", error.code) from None
        except (OSError, http.client.HTTPException) as error:
            raise RestError(f"{where} fails: {type(error).__name__}") from None
        if len(content) > _LONGEST_REPLY:
            raise RestError(f"{where} is answered with too much", 200)
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError):
            raise RestError(f"{where} is not answered with JSON", 200) from None
