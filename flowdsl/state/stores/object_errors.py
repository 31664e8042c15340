"""Failures of requests to a cloud store, without addresses: those may hold a signature."""

from __future__ import annotations

import re

from obstore.exceptions import AlreadyExistsError, PreconditionError

from flowdsl.state.stores.retry import Failure

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_TRANSIENT = frozenset({408, 409, 412, 425, 429})
_METADATA = ("169.254.169.254", "metadata.google.internal")
"""Hosts that give a machine its credentials.

An error that names one shows that no credentials were found in the environment.
"""

_ADVICE = {
    401: "the credentials are missing or refused",
    403: "the credentials are refused, or lack a permission (see `docs/state.md`)",
    404: "there is no such bucket or container; create it, or correct its name",
}


def failure_of(error: Exception) -> Failure:
    """The `Failure` that an exception of the library `obstore` means."""
    text = str(error)
    refused = isinstance(error, AlreadyExistsError | PreconditionError)
    if any(sign in text for sign in _METADATA):
        return Failure(
            "no credentials were found in the environment (see `docs/state.md`)", final=True
        )
    if "configured region" in text:
        return Failure("it is in another region; set `AWS_REGION`", final=True)
    status = _STATUS.search(text)
    if status is None:
        return Failure(_without_reply(text), refused=refused)
    number = int(status[1])
    code = _CODE.search(text)
    said = f"{number} {code[1]}" if code else f"status {number}"
    advice = _ADVICE.get(number)
    final = not refused and 400 <= number < 500 and number not in _TRANSIENT
    return Failure(
        f"{advice} ({said})" if advice and not refused else f"it answered {said}",
        final=final or number == 501,
        refused=refused,
    )


def _without_reply(text: str) -> str:
    lowered = text.lower()
    if "timed out" in lowered or "timeout" in lowered:
        return "it does not answer in time"
    if "sending request" in lowered or "connect" in lowered:
        return "it cannot be reached"
    return "the connection broke"
