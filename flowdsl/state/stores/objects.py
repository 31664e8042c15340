"""State in an object of Amazon S3 or a compatible store, Google Cloud Storage or Azure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Any, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import ObjectStore as Client

from flowdsl.state.document import (
    MAX_BYTES,
    StateDocument,
    dump_document,
    too_large,
)
from flowdsl.state.errors import CorruptState, UnsafeStore
from flowdsl.state.stores import Versioned, check_name
from flowdsl.state.stores.retry import RemoteStore, RetryPolicy, StoreFailure

AT_ONCE = 16
"""The number of objects that are put at the same time."""

T = TypeVar("T")


class ObjectStore(RemoteStore):
    """A `StateStore` over the object `<prefix>/state.json` of a bucket.

    The version is the ETag, or the generation at Google. The nonce makes the bytes of every write
    different, so that an ETag that is a hash of them never repeats. `client` must not repeat
    requests by itself: it could not distinguish its own lost write from another's.
    """

    def __init__(
        self,
        client: Client,
        url: str,
        prefix: str,
        *,
        project: str,
        environment: str,
        by_generation: bool,
        patience: RetryPolicy,
    ) -> None:
        super().__init__(url, project=project, environment=environment, patience=patience)
        self._client = client
        self._prefix = prefix
        self._token = "version" if by_generation else "e_tag"

    def write(self, document: StateDocument, expected: str | None) -> str:
        key, content = self._key("state.json"), dump_document(document)
        return self._write_with_retry(document, expected, lambda: self._put(key, content, expected))

    def put(self, objects: Mapping[str, bytes]) -> None:
        names = [check_name(name) for name in objects]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            # Reading the results raises the exceptions of the threads.
            list(threads.map(self._put_one, names, objects.values()))

    def _put_one(self, name: str, content: bytes) -> None:
        key = self._key(name)

        def attempt() -> None:
            with _raise_as_failure():
                obstore.put(self._client, key, content, mode="overwrite", use_multipart=False)

        self._tried(attempt, f"`{name}` beside the state at `{self.url}` cannot be written")

    def get(self, name: str) -> bytes | None:
        key = self._key(check_name(name))
        problem = f"`{name}` beside the state at `{self.url}` cannot be read"
        found = self._tried(lambda: self._read(key), problem)
        return None if found is None else found[0]

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _load(self) -> Versioned | None:
        found = self._read(self._key("state.json"))
        return None if found is None else self._document(*found)

    def _read(self, key: str) -> tuple[bytes, str] | None:
        """Return an object and its version; raises `StoreFailure`, also without a bucket."""
        with _raise_as_failure():
            try:
                result = obstore.get(self._client, key)
            except FileNotFoundError:
                # A bucket that does not exist gives the same answer; only listing distinguishes the
                # two.
                next(iter(obstore.list(self._client, self._prefix)), None)
                return None
            if result.meta["size"] > MAX_BYTES:
                raise CorruptState(f"`{key}` of `{self.url}` {too_large(result.meta['size'])}")
            return bytes(result.bytes()), self._version(result.meta)

    def _put(self, key: str, content: bytes, expected: str | None) -> str:
        """Write an object over version `expected`; return its version or raise `StoreFailure`."""
        with _raise_as_failure():
            mode: Any = "create" if expected is None else {self._token: expected}
            stored = obstore.put(self._client, key, content, mode=mode, use_multipart=False)
            return self._version(stored)

    def _version(self, meta: Any) -> str:
        token = meta[self._token]
        if not isinstance(token, str):
            raise UnsafeStore(
                f"`{self.url}` gives its objects no version (`{self._token}`), so two deploys "
                "could overwrite each other; keep state elsewhere"
            )
        return token

    def _probe(self) -> None:
        key = self._key(f"probe-{token_hex(8)}.json")
        contents = [f'{{"probe": "{token_hex(16)}"}}\n'.encode() for _ in range(3)]
        try:
            created = self._put(key, contents[0], None)
            if self._is_write_accepted(key, contents[1], None):
                self._refuse_store(
                    "overwrote an object that was only to be created (`If-None-Match`)"
                )
            try:
                updated = self._put(key, contents[1], created)
            except StoreFailure as failure:
                if not (failure.final or failure.refused):
                    raise
                self._refuse_store(f"does not replace an object by its version ({failure})")
            if updated == created:
                self._refuse_store("gives two versions of an object the same name")
            if self._is_write_accepted(key, contents[2], created):
                self._refuse_store("overwrote a version in spite of `If-Match`")
            if self._read(key) != (contents[1], updated):
                self._refuse_store("does not return what was last written")
        finally:
            with suppress(StoreFailure), _raise_as_failure():
                obstore.delete(self._client, key)

    def _is_write_accepted(self, key: str, content: bytes, expected: str | None) -> bool:
        try:
            self._put(key, content, expected)
        except StoreFailure as failure:
            if failure.refused:
                return False
            raise
        return True

    def _refuse_store(self, what: str) -> None:
        raise UnsafeStore(
            f"`{self.url}` cannot hold state: it {what}, so two deploys could overwrite each "
            "other; keep state in a store with conditional writes"
        )


@contextmanager
def _raise_as_failure() -> Iterator[None]:
    """A context that raises the library's errors as `StoreFailure`."""
    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:
        raise failure_of(error) from None


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


def failure_of(error: Exception) -> StoreFailure:
    """Return the `StoreFailure` for an exception of the library `obstore`."""
    text = str(error)
    refused = isinstance(error, AlreadyExistsError | PreconditionError)
    if any(sign in text for sign in _METADATA):
        return StoreFailure(
            "no credentials were found in the environment (see `docs/state.md`)", final=True
        )
    if "configured region" in text:
        return StoreFailure("it is in another region; set `AWS_REGION`", final=True)
    status = _STATUS.search(text)
    if status is None:
        return StoreFailure(_without_reply(text), refused=refused)
    number = int(status[1])
    code = _CODE.search(text)
    said = f"{number} {code[1]}" if code else f"status {number}"
    advice = _ADVICE.get(number)
    final = not refused and 400 <= number < 500 and number not in _TRANSIENT
    return StoreFailure(
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
