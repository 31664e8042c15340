"""State in a file on this machine's disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from threading import Lock

from flowdsl.host.folders import read_file
from flowdsl.host.writing import write_files
from flowdsl.state.document import (
    MAX_BYTES,
    StateDocument,
    dump_document,
    load_document,
    too_large,
)
from flowdsl.state.errors import CorruptState, StateMoved, StoreBusy, StoreUnusable, UnsafeStore
from flowdsl.state.stores import Versioned, check_name
from flowdsl.state.stores.os_lock import hold_exclusive_lock


class FileStore:
    """A `StateStore` over the file `path`.

    Next to it are a lock file (`.lock`) and the folder of the objects (`.d`). The version is the
    SHA-256 of the bytes, which the nonce makes different in every write.

    Reading takes no lock, because a write replaces the file as a whole. Outside of `hold`, `write`
    raises `StoreBusy` while another process writes. No symbolic link is followed from the folder
    `below` on, by default the file's own folder.
    """

    shared = False
    excludes = True

    def __init__(self, path: Path, *, below: Path | None, project: str, environment: str) -> None:
        self._path = path
        self._below = str(path.parent if below is None else below)
        self._lock = path.with_name(path.name + ".lock")
        self._objects = path.with_name(path.name.removesuffix(".json") + ".d")
        self._project = project
        self._environment = environment
        self._held = False
        self._threads = Lock()

    @property
    def url(self) -> str:
        return f"file:{self._path.as_posix()}"

    def load(self) -> Versioned | None:
        content = self._read(self._path)
        if content is None:
            return None
        document = load_document(
            content, where=self.url, project=self._project, environment=self._environment
        )
        return Versioned(document, _content_version(content))

    def write(self, document: StateDocument, expected: str | None) -> str:
        content = dump_document(document)
        with (
            self._threads,
            nullcontext() if self._held else hold_exclusive_lock(self._lock, self._below),
        ):
            found = self._read(self._path)
            if (None if found is None else _content_version(found)) != expected:
                raise StateMoved(
                    f"the state at `{self.url}` was changed by somebody else; run the command again"
                )
            self._store({self._path: content})
            return _content_version(content)

    @contextmanager
    def hold(self) -> Iterator[None]:
        with hold_exclusive_lock(self._lock, self._below):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def put(self, objects: Mapping[str, bytes]) -> None:
        self._store(
            {self._objects / check_name(name): content for name, content in objects.items()}
        )

    def get(self, name: str) -> bytes | None:
        return self._read(self._objects / check_name(name))

    def probe(self) -> None:
        try:
            with hold_exclusive_lock(self._lock, self._below):
                try:
                    with hold_exclusive_lock(self._lock, self._below):
                        pass
                except StoreBusy:
                    return
        except StoreBusy:
            return  # Another process has the lock, and was able to exclude us.
        raise UnsafeStore(
            f"the disk of `{self.url}` does not lock files, so two deploys could write at the same "
            "time; keep state on a local disk or in a shared store such as `s3://BUCKET/PREFIX`"
        )

    def _read(self, path: Path) -> bytes | None:
        try:
            content = read_file(str(path), below=self._below, limit=MAX_BYTES)
        except OSError as error:
            raise StoreUnusable(
                f"the state at `file:{path.as_posix()}` cannot be read: {_describe_os_error(error)}"
            ) from None
        if content is not None and len(content) > MAX_BYTES:
            size = max(len(content), os.stat(path).st_size)
            raise CorruptState(f"the state at `file:{path.as_posix()}` {too_large(size)}")
        return content

    def _store(self, contents: Mapping[Path, bytes]) -> None:
        """Write files; raises `StoreUnusable`.

        An error after all files were replaced, as when waiting for the disk, does not count as a
        failure.
        """
        try:
            write_files(
                {str(path): content for path, content in contents.items()}, below=self._below
            )
        except OSError as error:
            for path, content in contents.items():
                if self._read(path) != content:
                    raise StoreUnusable(
                        f"the state at `file:{path.as_posix()}` cannot be written: "
                        f"{_describe_os_error(error)}"
                    ) from None


def _content_version(content: bytes) -> str:
    return sha256(content).hexdigest()


def _describe_os_error(error: OSError) -> str:
    return error.strerror or type(error).__name__
