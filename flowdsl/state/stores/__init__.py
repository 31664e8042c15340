"""Where a state document lives.

Defines the protocol of a store and opens the one that an address names; `file` keeps it on this machine's disk.

Does not look into the document beyond reading and writing it whole.

Entry point: `open_store(url, ...)`.

Invariants: `write` stores either the whole document or nothing, and only over the version that the caller has seen.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flowdsl.state.document import StateDocument
from flowdsl.state.errors import UnsupportedStore


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document and the token of the version it was read at."""

    document: StateDocument
    version: str


class StateStore(Protocol):
    """Keeps one document. Every method raises `StateError`."""

    @property
    def url(self) -> str:
        """The address, for people."""
        ...

    def load(self) -> Versioned | None:
        """The document, or None when there is none yet."""
        ...

    def write(self, document: StateDocument, expected: str | None) -> str:
        """Store `document` over version `expected` (None: over nothing) and return the new version.

        Raises `StateMoved` when the store holds another version.
        """
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep every other process from writing until the block ends or this process dies.

        Raises `StoreBusy` at once when another process does so. Whoever is in the block knows that a lease in the
        document is its own or that of a dead process.
        """
        ...


def open_store(url: str, *, root: Path, project: str, environment: str) -> StateStore:
    """The store that `url` names: `file`, `file:PATH` (relative to `root`) or `file:///PATH`.

    `file` alone means `.flowdsl/state/<environment>.json`. Raises `UnsupportedStore` for any other kind.
    """
    from flowdsl.state.stores.file import FileStore

    scheme, _, rest = url.partition(":")
    if scheme != "file":
        raise UnsupportedStore(
            f"state in `{url}` is not available: this version keeps state in `file` only; "
            "leave `state` out, or write `file:PATH`"
        )
    path = rest.removeprefix("//") or f".flowdsl/state/{quote(environment, safe='')}.json"
    return FileStore(root / path, project=project, environment=environment)
