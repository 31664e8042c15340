"""State in an object of Amazon S3 or a compatible store, Google Cloud Storage or Azure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Any, TypeVar

import obstore
from obstore.store import ObjectStore as Client

from flowdsl.state.document import (
    MAX_BYTES,
    StateDocument,
    dump_document,
    load_document,
    too_large,
)
from flowdsl.state.errors import CorruptState, StoreUnusable, UnsafeStore
from flowdsl.state.stores import Versioned, check_name
from flowdsl.state.stores.object_errors import failure_of
from flowdsl.state.stores.retry import Failure, Patience, patiently, write_with_retry

AT_ONCE = 16
"""Objects that are put at the same time."""

T = TypeVar("T")


class ObjectStore:
    """A `StateStore` over the object `<prefix>/state.json` of a bucket.

    The version is the ETag, or the generation at Google. The nonce makes the bytes of every write
    different, so that an ETag that is a hash of them never comes back. `client` must not repeat
    requests by itself: it could not tell its own lost write from another's.
    """

    shared = True
    excludes = False

    def __init__(
        self,
        client: Client,
        url: str,
        prefix: str,
        *,
        project: str,
        environment: str,
        by_generation: bool,
        patience: Patience,
    ) -> None:
        self._client = client
        self._url = url
        self._prefix = prefix
        self._project = project
        self._environment = environment
        self._token = "version" if by_generation else "e_tag"
        self._patience = patience

    @property
    def url(self) -> str:
        return self._url

    def load(self) -> Versioned | None:
        try:
            return patiently(self._load, self._patience)
        except Failure as failure:
            raise StoreUnusable(f"the state at `{self._url}` cannot be read: {failure}") from None

    def write(self, document: StateDocument, expected: str | None) -> str:
        content = dump_document(document)
        return write_with_retry(
            document,
            expected,
            attempt=lambda: self._put(self._key("state.json"), content, expected),
            read=self._load,
            url=self._url,
            patience=self._patience,
        )

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield

    def put(self, objects: Mapping[str, bytes]) -> None:
        names = [check_name(name) for name in objects]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            # Taking the results raises what a thread has raised.
            list(threads.map(self._put_one, names, objects.values()))

    def _put_one(self, name: str, content: bytes) -> None:
        key = self._key(name)

        def attempt() -> None:
            with _failures():
                obstore.put(self._client, key, content, mode="overwrite", use_multipart=False)

        try:
            patiently(attempt, self._patience)
        except Failure as failure:
            raise StoreUnusable(
                f"`{name}` beside the state at `{self._url}` cannot be written: {failure}"
            ) from None

    def get(self, name: str) -> bytes | None:
        key = self._key(check_name(name))
        try:
            found = patiently(lambda: self._read(key), self._patience)
        except Failure as failure:
            raise StoreUnusable(
                f"`{name}` beside the state at `{self._url}` cannot be read: {failure}"
            ) from None
        return None if found is None else found[0]

    def probe(self) -> None:
        try:
            patiently(self._probe, self._patience)
        except Failure as failure:
            raise StoreUnusable(
                f"whether `{self._url}` keeps two writers apart cannot be tried: {failure}"
            ) from None

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _load(self) -> Versioned | None:
        found = self._read(self._key("state.json"))
        if found is None:
            return None
        content, version = found
        document = load_document(
            content, where=self._url, project=self._project, environment=self._environment
        )
        return Versioned(document, version)

    def _read(self, key: str) -> tuple[bytes, str] | None:
        """An object and its version; raises `Failure`, also when the bucket does not exist."""
        with _failures():
            try:
                result = obstore.get(self._client, key)
            except FileNotFoundError:
                # A bucket that does not exist answers so, too; only listing tells.
                next(iter(obstore.list(self._client, self._prefix)), None)
                return None
            if result.meta["size"] > MAX_BYTES:
                raise CorruptState(f"`{key}` of `{self._url}` {too_large(result.meta['size'])}")
            return bytes(result.bytes()), self._version(result.meta)

    def _put(self, key: str, content: bytes, expected: str | None) -> str:
        """Write an object over the version `expected`; returns its version, raises `Failure`."""
        with _failures():
            mode: Any = "create" if expected is None else {self._token: expected}
            stored = obstore.put(self._client, key, content, mode=mode, use_multipart=False)
            return self._version(stored)

    def _version(self, meta: Any) -> str:
        token = meta[self._token]
        if not isinstance(token, str):
            raise UnsafeStore(
                f"`{self._url}` gives its objects no version (`{self._token}`), so two deploys "
                "could overwrite each other; keep state elsewhere"
            )
        return token

    def _probe(self) -> None:
        key = self._key(f"probe-{token_hex(8)}.json")
        contents = [f'{{"probe": "{token_hex(16)}"}}\n'.encode() for _ in range(3)]
        try:
            created = self._put(key, contents[0], None)
            if self._accepts(key, contents[1], None):
                self._refuse("overwrote an object that was only to be created (`If-None-Match`)")
            try:
                updated = self._put(key, contents[1], created)
            except Failure as failure:
                if not (failure.final or failure.refused):
                    raise
                self._refuse(f"does not replace an object by its version ({failure})")
            if updated == created:
                self._refuse("gives two versions of an object the same name")
            if self._accepts(key, contents[2], created):
                self._refuse("overwrote a version that it was told not to (`If-Match`)")
            if self._read(key) != (contents[1], updated):
                self._refuse("does not return what was last written")
        finally:
            with suppress(Failure), _failures():
                obstore.delete(self._client, key)

    def _accepts(self, key: str, content: bytes, expected: str | None) -> bool:
        try:
            self._put(key, content, expected)
        except Failure as failure:
            if failure.refused:
                return False
            raise
        return True

    def _refuse(self, what: str) -> None:
        raise UnsafeStore(
            f"`{self._url}` cannot hold state: it {what}, so two deploys could overwrite each "
            "other; keep state in a store with conditional writes"
        )


@contextmanager
def _failures() -> Iterator[None]:
    """A context that raises the library's errors as `Failure`."""
    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:
        raise failure_of(error) from None
