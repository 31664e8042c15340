"""Errors of calls, and error messages of the service made safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowdsl.cyberdesk.redaction import redact_secrets
from flowdsl.source.failure import FlowdslError

_MAX_TEXT = 2000
_MAX_DEPTH = 6
_MAX_ITEMS = 20
_MAX_FIELD_ERRORS = 100
"""Field errors that are shown; the others are only counted."""

_MESSAGE_KEYS = frozenset({"message", "msg", "detail", "error", "reason", "title"})
"""Keys whose text, if it is the only one, is the whole message; other keys may be field names."""

_ECHOED_KEYS = frozenset({"input", "ctx"})
"""Validation errors repeat the refused value under these keys, and it may be a secret."""

_FIELD_ERROR_KEYS = frozenset({"loc", "msg", "type", "url"}) | _ECHOED_KEYS


class CyberdeskError(FlowdslError):
    """Any failure of a call.

    `str()` is one readable line without secrets or control characters. `status` is None when no
    reply arrived. `server_message` is the service's own explanation, empty when it gave none.
    `outcome_unknown` is true when the request was a write that may have been executed, in this or
    an earlier attempt. `retry_after` is the number of seconds the service asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        server_message: str = "",
        request_id: str | None = None,
        outcome_unknown: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.server_message = server_message
        self.request_id = request_id
        self.outcome_unknown = outcome_unknown
        self.retry_after = retry_after


class UntrustedHost(CyberdeskError):
    """The API key would be sent to a host that is not trusted."""


class UnusableApiKey(CyberdeskError):
    """The API key is empty or cannot be sent in a header; nothing was sent."""


class ClientMisconfigured(CyberdeskError):
    """The certificates or proxies of the environment cannot be used; nothing was sent."""


class UnstableListing(CyberdeskError):
    """A list changed during every attempt to read all of it."""


class ListingTooLong(CyberdeskError):
    """A list has more rows, pages or bytes than the limits allow, or never ends."""


class DownloadTooLarge(CyberdeskError):
    """A file is larger than the caller allows; the rest of it was not read."""


class ServiceUnreachable(CyberdeskError):
    """No complete reply arrived: the connection was refused, reset or timed out."""


class RequestRefused(CyberdeskError):
    """The service answered 4xx."""


class AuthenticationRefused(RequestRefused):
    """401 or 403: the key is unknown, expired or not allowed to do this."""


class NotFound(RequestRefused):
    """404: no such object in the organisation of this key."""


class ValidationRefused(RequestRefused):
    """422 or 400, or (with `status` None, and nothing sent) a value that no request can contain."""


class RequestConflict(RequestRefused):
    """409: the request contradicts the current state of the object."""


class RateLimited(RequestRefused):
    """429 after the last retry, or with a `Retry-After` above the ceiling."""


class ServiceFailure(CyberdeskError):
    """408 or 5xx after the last retry."""


class UnreadableReply(ServiceFailure):
    """A reply that does not come from this API.

    It is not JSON, has another shape, is a redirect, or has an unexpected success status.
    """


def make_printable(text: str) -> str:
    """Return `text` on one line, without characters that could control a terminal.

    Those are control, format and surrogate characters.
    """
    return " ".join("".join(c if c.isprintable() else " " * c.isspace() for c in text).split())


def render_error_body(body: object, secrets: Iterable[str] = ()) -> str:
    """Return the explanation in an error body as one line, like `render_detail`.

    Takes any JSON value and never raises. The messages of `errors` follow those of `detail`:
    `{"detail": "no", "errors": {"name": ["too long"]}}` becomes `no; name: too long`.
    """
    if not isinstance(body, Mapping):
        return render_detail(body, secrets)
    errors = body.get("errors")
    if errors is None:
        return render_detail(body.get("detail", body), secrets)
    rest = {key: value for key, value in body.items() if key != "errors"}
    said = [_describe_value(rest.get("detail", rest), 0)] if rest else []
    messages = list(_field_errors(errors, "", 0))
    said += messages[:_MAX_FIELD_ERRORS]
    if len(messages) > _MAX_FIELD_ERRORS:
        said.append(f"and {len(messages) - _MAX_FIELD_ERRORS} more")
    return render_detail("; ".join(said), secrets)


def _field_errors(errors: object, field: str, depth: int) -> Iterator[str]:
    """Return the messages in `errors`, each after the path of its field."""
    if isinstance(errors, Mapping) and depth < _MAX_DEPTH and "msg" not in errors:
        for name, inner in errors.items():
            path = f"{field}.{name}" if field and name else f"{field}{name}"
            yield from _field_errors(inner, path, depth + 1)
        return
    for message in errors if isinstance(errors, list | tuple) else [errors]:
        text = _describe_value(message, depth)
        yield f"{field}: {text}" if field else text


def render_detail(detail: object, secrets: Iterable[str] = ()) -> str:
    """Return the `detail` of an error body as one line of at most `_MAX_TEXT` characters.

    Takes any JSON value and never raises. `[{"loc": ["body", "name"], "msg": "too long"}]` becomes
    `body.name: too long`.
    """
    text = redact_secrets(make_printable(_describe_value(detail, 0)), secrets)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"


def _describe_value(value: object, depth: int) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return _mapping_text(value, depth)
    if isinstance(value, list | tuple):
        shown = [_describe_value(item, depth + 1) for item in value[:_MAX_ITEMS]]
        more = [f"and {len(value) - _MAX_ITEMS} more"] if len(value) > _MAX_ITEMS else []
        return "; ".join(shown + more)
    return repr(value)


def _mapping_text(value: Mapping[object, object], depth: int) -> str:
    message = value.get("msg")
    if isinstance(message, str) and value.keys() <= _FIELD_ERROR_KEYS:
        location = value.get("loc")
        parts = location if isinstance(location, list | tuple) else []
        path = ".".join(_describe_value(part, depth + 1) for part in parts)
        return f"{path}: {message}" if path else message
    shown = [(key, item) for key, item in value.items() if key not in _ECHOED_KEYS]
    if len(shown) == 1 and shown[0][0] in _MESSAGE_KEYS and isinstance(shown[0][1], str):
        return shown[0][1]
    told = [f"{key}: {_describe_value(item, depth + 1)}" for key, item in shown[:_MAX_ITEMS]]
    more = [f"and {len(shown) - _MAX_ITEMS} more"] if len(shown) > _MAX_ITEMS else []
    return ", ".join(told + more)
