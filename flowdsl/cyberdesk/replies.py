"""Turns the bytes of a reply into a model, or into an error that explains why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from flowdsl.cyberdesk.errors import (
    AuthenticationRefused,
    CyberdeskError,
    NotFound,
    RateLimited,
    RequestConflict,
    RequestRefused,
    ServiceFailure,
    UnreadableReply,
    ValidationRefused,
    make_printable,
    render_error_body,
)
from flowdsl.cyberdesk.json_text import UnreadableJson, read_json
from flowdsl.cyberdesk.limits import MAX_ITEMS
from flowdsl.cyberdesk.models.wire_model import ListPage
from flowdsl.cyberdesk.redaction import redact_secrets

M = TypeVar("M", bound=BaseModel)

REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-trace-id",
    "fly-request-id",
    "cf-ray",
)
"""Reply headers that may identify the request for support, best first (`request-id`)."""

_READ = 65_536
"""Bytes of a body that are examined to determine what it is."""

_MAX_PROBLEM = 500
"""Characters of the description of a problem: it contains keys of any length."""

_REFUSALS: dict[int, type[RequestRefused]] = {
    400: ValidationRefused,
    401: AuthenticationRefused,
    403: AuthenticationRefused,
    404: NotFound,
    409: RequestConflict,
    422: ValidationRefused,
    429: RateLimited,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to `operation` (method and path).

    `write` says whether an error in parsing it leaves the outcome unknown. The `secrets` are
    removed from error messages. The names of `headers` are in lower case.
    """

    operation: str
    write: bool
    status: int
    body: bytes = field(repr=False)
    request_id: str | None
    secrets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON; raises `UnreadableReply`."""
        try:
            return read_json(self.body)
        except UnreadableJson as unreadable:
            problem = str(unreadable)
        raise self._unreadable(
            problem or f"{_describe_body(self.body, self.secrets)} where JSON is expected"
        )

    def model(self, model: type[M]) -> M:
        """Return the body as `model`; raises `UnreadableReply`."""
        found = self._validate_as(model, self.json())
        if isinstance(found, ListPage):
            found.weigh(len(self.body))
        return found

    def models(self, model: type[M]) -> list[M]:
        """Return the body, a JSON array, as a list of `model`; raises `UnreadableReply`."""
        return [self._validate_as(model, row) for row in self._rows()]

    def mapping(self) -> dict[str, Any]:
        """Return the body, a JSON object; raises `UnreadableReply`."""
        return self._one_mapping(self.json())

    def mappings(self) -> list[dict[str, Any]]:
        """Return the body, a JSON array of objects; raises `UnreadableReply`."""
        return [self._one_mapping(row) for row in self._rows()]

    def expect_no_content(self) -> None:
        """Accept only status 204, so that a page of another server does not count as a deletion."""
        if self.status != 204:
            raise self._unreadable(f"status {self.status} where 204 is expected")

    def _rows(self) -> list[Any]:
        rows = self.json()
        if not isinstance(rows, list):
            raise self._unreadable("a single value where a list is expected")
        if len(rows) > MAX_ITEMS:
            raise self._unreadable(
                f"a list of {len(rows)} items where at most {MAX_ITEMS} are taken"
            )
        return rows

    def _one_mapping(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._unreadable("a bare value where an object is expected")
        return value

    def _validate_as(self, model: type[M], value: object) -> M:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the reply"
            problem = f"`{place}` of {model.__name__}: {first['msg']}"
        raise self._unreadable(problem)

    def _unreadable(self, problem: str) -> UnreadableReply:
        # Redacted before truncation, which could leave half of a secret.
        found = redact_secrets(make_printable(problem[:_READ]), self.secrets)[:_MAX_PROBLEM]
        return UnreadableReply(
            f"the reply to `{self.operation}` is not understood: "
            f"{found}{_format_request_reference(self.request_id)}",
            status=self.status,
            request_id=self.request_id,
            outcome_unknown=self.write,
        )


def request_id(headers: Mapping[str, str], secrets: Iterable[str] = ()) -> str | None:
    """Return the service's id for the request, printable and redacted; None if there is none.

    The `secrets` are redacted. The names of `headers` are in lower case.
    """
    for name in REQUEST_ID_HEADERS:
        if name in headers and (found := redact_secrets(make_printable(headers[name]), secrets)):
            return found[:200]
    return None


def error_from_reply(
    operation: str,
    status: int,
    body: bytes,
    *,
    request_id: str | None,
    secrets: Iterable[str],
    outcome_unknown: bool,
    retry_after: float | None,
) -> CyberdeskError:
    """Return the error for a non-2xx reply, with the service's explanation, without `secrets`."""
    readable, value = _try_parse_json(body)
    message = render_error_body(value, secrets) if readable else _describe_body(body, secrets)

    kind: type[CyberdeskError]
    if status == 408 or status >= 500:
        kind, verb = (ServiceFailure if readable else UnreadableReply), "fails"
    elif status < 400 or (status == 404 and not readable):
        kind, verb = UnreadableReply, "is answered from elsewhere"
    else:
        kind, verb = _REFUSALS.get(status, RequestRefused), "is refused"
    return kind(
        f"`{operation}` {verb} with status {status}: "
        f"{message or 'no explanation'}{_format_request_reference(request_id)}",
        status=status,
        server_message=message,
        request_id=request_id,
        outcome_unknown=outcome_unknown,
        retry_after=retry_after,
    )


def _try_parse_json(body: bytes) -> tuple[bool, Any]:
    try:
        return True, read_json(body)
    except UnreadableJson:
        return False, None


def _describe_body(body: bytes, secrets: Iterable[str] = ()) -> str:
    """Describe in a few words a body that is not JSON."""
    # Redacted before truncation, which could leave half of a secret.
    text = redact_secrets(make_printable(body[:_READ].decode("utf-8", errors="replace")), secrets)
    if not text:
        return "an empty body"
    return "an HTML page" if text.startswith("<") else f"`{text[:200]}`"


def _format_request_reference(found: str | None) -> str:
    return f" (request {found})" if found else ""
