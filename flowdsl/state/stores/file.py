"""State in a file on this machine's disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path

from flowdsl.host.writing import write_files
from flowdsl.state.document import StateDocument, dump_document, load_document
from flowdsl.state.errors import StateMoved, StoreUnusable
from flowdsl.state.stores import Versioned
from flowdsl.state.stores.os_lock import exclusive


class FileStore:
    """A `StateStore` over the file `path`; the lock file stands beside it and ends in `.lock`.

    The version is the SHA-256 of the bytes, which the nonce makes different in every write. Reading takes no lock: a
    write replaces the file as a whole.
    """

    def __init__(self, path: Path, *, project: str, environment: str) -> None:
        self._path = path
        self._lock = path.with_name(path.name + ".lock")
        self._project = project
        self._environment = environment
        self._held = False

    @property
    def url(self) -> str:
        return f"file:{self._path.as_posix()}"

    def load(self) -> Versioned | None:
        content = self._read()
        if content is None:
            return None
        document = load_document(
            content, where=self.url, project=self._project, environment=self._environment
        )
        return Versioned(document, _version(content))

    def write(self, document: StateDocument, expected: str | None) -> str:
        with nullcontext() if self._held else exclusive(self._lock):
            found = self._read()
            if (None if found is None else _version(found)) != expected:
                raise StateMoved(
                    f"the state at `{self.url}` was changed by somebody else; run the command again"
                )
            content = dump_document(document)
            try:
                write_files({str(self._path): content})
            except OSError as error:
                raise StoreUnusable(
                    f"the state at `{self.url}` cannot be written: {error.strerror}"
                ) from None
            return _version(content)

    @contextmanager
    def hold(self) -> Iterator[None]:
        with exclusive(self._lock):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnusable(
                f"the state at `{self.url}` cannot be read: {error.strerror}"
            ) from None


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()
