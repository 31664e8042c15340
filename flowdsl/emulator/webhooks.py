"""Makes `run_complete` events of runs that have ended, and delivers them to one URL.

Ended runs are processed in order, once each; the store records up to which time. An event is sent
to a URL on this machine until it is accepted. The headers with which a receiver verifies a body are
Svix's: HMAC-SHA256 over `id.timestamp.body` with the decoded secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from threading import Event, Thread
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Row, insert, select, update

from flowdsl.emulator.clock import time_after
from flowdsl.emulator.runs.rows import find_ended_runs
from flowdsl.emulator.runs.views import run_replies
from flowdsl.emulator.store import Store, StoreBusyError, Transaction
from flowdsl.emulator.tables import store_facts, webhook_deliveries, workflows
from flowdsl.emulator.wire.models import RunCompletedEvent

SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 24
_LONGEST_SECRET_BYTES = 64


def new_secret() -> str:
    """Return a random secret in the format that receivers are configured with."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_key(secret: str) -> bytes:
    """Decode a secret; raises `ValueError`, which does not quote it, for another format."""
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == secret or not _SECRET_BYTES <= len(key) <= _LONGEST_SECRET_BYTES:
        raise ValueError(
            f"a secret is `{SECRET_PREFIX}` and {_SECRET_BYTES} to {_LONGEST_SECRET_BYTES} bytes "
            "in base64"
        )
    return key


def sign_headers(secret: str, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the three Svix headers of one attempt to deliver `body`."""
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(secret_key(secret), signed, "sha256")
    return {
        "svix-id": message_id,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


RETRY_AFTER_MS = (500, 2_000, 8_000)
"""The delays between attempts, one fewer than the attempts (assumption `webhook-attempts`)."""

POST_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.2

_AT_ONCE = 50
"""Events delivered before ended runs are collected again."""

Post = Callable[[str, Mapping[str, str], bytes], bool]
"""Posts a body with headers to a URL; returns whether it was accepted."""


def _loopback_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "http" or not _is_loopback(parts) or parts.username is not None:
        raise ValueError(
            "a webhook goes to this machine alone, as in `http://127.0.0.1:8200/cyberdesk`"
        )
    return url


def _is_loopback(parts: SplitResult) -> bool:
    try:
        parts.port  # noqa: B018  it is checked when it is read
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _usable_secret(secret: str) -> str:
    secret_key(secret)
    return secret


class WebhookSettings(BaseModel):
    """Where events are sent, and the secret that signs them (default: a new one per process)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_loopback_url)]
    secret: Annotated[str, AfterValidator(_usable_secret)] = Field(
        default_factory=new_secret, repr=False
    )


def post_event(url: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Post without proxies and redirects; return whether the status was 2xx."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=POST_TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body, dict(headers))
        return 200 <= connection.getresponse().status < 300
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


class Courier:
    """Finds the runs that have ended and delivers their events, for all organisations of a store.

    A failed delivery is retried until its attempts are used up. If the process dies during one, the
    event may arrive twice, with the same id.
    """

    def __init__(
        self,
        store: Store,
        organizations: Collection[str],
        settings: WebhookSettings,
        post: Post = post_event,
    ) -> None:
        self._store = store
        self._organizations = tuple(organizations)
        self._settings = settings
        self._post = post

    def poll(self) -> None:
        """Deliver the events that are due; blocks while it posts, and skips a locked store.

        Any other failure is logged, and the events are tried again at the next poll.
        """
        for organization_id in self._organizations:
            try:
                self._poll_organization(organization_id)
            except StoreBusyError:
                continue
            except Exception:
                logging.getLogger(__name__).exception("webhooks could not be delivered")

    @contextmanager
    def polling(self) -> Iterator[None]:
        """Return a context in which a thread polls; its end waits for a last poll."""
        ended = Event()

        def poll_until_ended() -> None:
            self.poll()
            while not ended.wait(POLL_SECONDS):
                self.poll()
            self.poll()

        thread = Thread(target=poll_until_ended, name="webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _poll_organization(self, organization_id: str) -> None:
        with self._store.read(organization_id) as transaction:
            is_news = has_news(transaction)
            due = due_deliveries(transaction)
        if is_news:
            with self._store.write(organization_id) as transaction:
                collect_events(transaction)
                due = due_deliveries(transaction)
        for row in due:
            self._deliver_event(organization_id, row.id, row.body, row.attempts)

    def _deliver_event(
        self, organization_id: str, event_id: str, body: bytes, attempts: int
    ) -> None:
        headers = {
            "Content-Type": "application/json",
            **sign_headers(self._settings.secret, f"msg_{event_id}", self._store.clock(), body),
        }
        delivered = self._post(self._settings.url, headers, body)
        with self._store.write(organization_id) as transaction:
            next_attempt_at = None
            if not delivered and attempts < len(RETRY_AFTER_MS):
                next_attempt_at = time_after(transaction.now, RETRY_AFTER_MS[attempts])
            note_attempt(
                transaction, event_id, delivered=delivered, next_attempt_at=next_attempt_at
            )


# Events

_NAMESPACE = UUID("2b1f6a0e-9a0b-5f0e-8c53-6b1d7f1c0e55")
_SEEN_UNTIL = "webhooks_seen_until:"


def has_news(transaction: Transaction) -> bool:
    """Whether `collect_events` would change the store."""
    since = _read_seen_until(transaction)
    return since is None or bool(find_ended_runs(transaction, since=since, until=transaction.now))


def collect_events(transaction: Transaction) -> None:
    """Create an event for every run with a webhook that has ended since the previous call.

    The first call creates none (assumption `webhooks-from-now`). The transaction holds the write
    lock, so no other write is in progress and no end is missed.
    """
    since = _read_seen_until(transaction)
    if since is not None:
        rows = find_ended_runs(transaction, since=since, until=transaction.now)
        enabled = _find_enabled_workflows(transaction, {row.workflow_id for row in rows})
        wanted = [row for row in rows if row.workflow_id in enabled]
        for row, reply in zip(wanted, run_replies(transaction, wanted), strict=True):
            # The same run may end again after a retry.
            identifier = str(uuid5(_NAMESPACE, f"{row.id} {row.ends_at}"))
            event = RunCompletedEvent(event_id=identifier, occurred_at=row.ends_at, run=reply)
            transaction.connection.execute(
                insert(webhook_deliveries)
                .prefix_with("OR IGNORE")
                .values(
                    id=identifier,
                    organization_id=transaction.organization_id,
                    created_at=transaction.now,
                    body=event.model_dump_json().encode(),
                    attempts=0,
                    next_attempt_at=transaction.now,
                )
            )
    transaction.connection.execute(
        insert(store_facts)
        .prefix_with("OR REPLACE")
        .values(name=_SEEN_UNTIL + transaction.organization_id, value=transaction.now)
    )


def due_deliveries(transaction: Transaction) -> Sequence[Row[Any]]:
    """Return the events whose next attempt is due, the longest waiting first."""
    columns = webhook_deliveries.c
    return transaction.connection.execute(
        select(webhook_deliveries)
        .where(
            columns.organization_id == transaction.organization_id,
            columns.next_attempt_at <= transaction.now,
        )
        .order_by(columns.next_attempt_at, columns.created_at, columns.id)
        .limit(_AT_ONCE)
    ).all()


def note_attempt(
    transaction: Transaction, event_id: str, *, delivered: bool, next_attempt_at: str | None
) -> None:
    """Count an attempt; the body of an event that needs no further attempt is dropped."""
    columns = webhook_deliveries.c
    values: dict[str, Any] = {
        "attempts": columns.attempts + 1,
        "next_attempt_at": next_attempt_at,
        "delivered_at": transaction.now if delivered else None,
    }
    if next_attempt_at is None:
        values["body"] = b""
    transaction.connection.execute(
        update(webhook_deliveries).where(columns.id == event_id).values(**values)
    )


def _read_seen_until(transaction: Transaction) -> str | None:
    name = _SEEN_UNTIL + transaction.organization_id
    return transaction.connection.scalar(
        select(store_facts.c.value).where(store_facts.c.name == name)
    )


def _find_enabled_workflows(transaction: Transaction, workflow_ids: set[str]) -> set[str]:
    return set(
        transaction.connection.scalars(
            select(workflows.c.id).where(
                workflows.c.id.in_(workflow_ids), workflows.c.is_webhooks_enabled.is_(True)
            )
        )
    )
