"""The stores that can hold a state document.

Defines the protocol of a store and opens the one that an address names: a file on this machine's
disk, an object of a cloud store, or a commit on a private ref of a git repository. Does not
interpret the document beyond reading and writing it whole and comparing nonces.

Entry point: `open_store(url, ...)`.

Invariants: `write` stores either the whole document or nothing, and only over the version that the
caller has read. A write whose reply was lost is looked up by its nonce before its outcome is
reported. No address holds a credential.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import StateError, WrongAddress

_OBJECT_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*/[0-9a-f]{64}\.json", re.ASCII)

_FILES = "write `file`, or the path of a file as `file:PATH` or `file:///PATH`"


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document, and its version as a token of the store."""

    document: StateDocument
    version: str


class StateStore(Protocol):
    """Stores one document, and objects next to it.

    Every method blocks, may be called from any thread, and raises `StateError`.
    """

    @property
    def url(self) -> str:
        """The address, for people; it never holds a credential."""

    @property
    def shared(self) -> bool:
        """Whether other machines can read and write this store."""

    @property
    def excludes(self) -> bool:
        """Whether `hold` excludes every other living process, and ends when its holder dies."""

    def load(self) -> Versioned | None:
        """Return the document, or None if there is none yet."""

    def write(self, document: StateDocument, expected: str | None) -> str:
        """Store `document` over version `expected` (None: no document) and return the new version.

        Raises `StateMoved` if the store holds another version. No other write may have the nonce of
        `document`: the store uses it to recognise its own write when the reply is lost.
        """

    def hold(self) -> AbstractContextManager[None]:
        """Keep every other process from writing inside the context, if the store can.

        Raises `StoreBusy` at once if another process does so. Inside the context of a store that
        `excludes`, a lease in the document is our own or that of a dead process. For other stores
        the context has no effect.
        """

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Store contents by name (`source-maps/<64 hex digits>.json`); names never change content.

        Others can read them after the next `write` at the latest: put objects before the document
        that names them. After an error some of them may be stored.
        """

    def get(self, name: str) -> bytes | None:
        """Return the content that was `put` as `name`, or None."""

    def probe(self) -> None:
        """Prove that the store keeps two writers apart; raises `UnsafeStore` otherwise."""


def open_store(url: str, *, root: Path, project: str, environment: str) -> StateStore:
    """Return the store that `url` names; nothing is read yet.

    - `file` is `.flowdsl/state/<environment>.json` below `root`.
    - `file:PATH` (relative to `root`) and `file:///PATH` are other files.
    - `s3://BUCKET/PREFIX`, `gs://...` and `az://...` are cloud stores.
    - `git+https://HOST/PATH?ref=REF`, `git+ssh://...`, `git+file://...` and `git+ref://REMOTE/REF`
      are git repositories.

    Raises `WrongAddress` for anything else, and `UnsupportedStore` if a library is missing.
    """
    scheme, _, rest = url.partition(":")
    if any(ord(sign) < 32 or sign == "\x7f" for sign in url):
        raise WrongAddress(f"the state address `{hide_credentials(url)}` holds control characters")
    # These stand for bytes of the command line that are not text; no document could hold them.
    if any("\ud800" <= sign <= "\udfff" for sign in url):
        raise WrongAddress(f"the state address `{hide_credentials(url)}` is not UTF-8")
    if scheme == "file" and (not rest.startswith("//") or rest.startswith("///")):
        from flowdsl.state.stores.file import FileStore

        path = root / _path_of(url, rest.removeprefix("//"), environment)
        if os.path.isdir(path):
            raise WrongAddress(
                f"the state address `{hide_credentials(url)}` names a folder; {_FILES}"
            )
        # An address that leads out of the project is deliberate; a link in the project is not.
        inside = os.path.normpath(path).startswith(os.path.join(os.path.normpath(root), ""))
        return FileStore(
            path,
            below=root if inside else None,
            project=project,
            environment=environment,
        )
    if scheme in ("s3", "gs", "az") and rest.startswith("//"):
        from flowdsl.state.stores.object_urls import open_objects

        return open_objects(url, project=project, environment=environment)
    if scheme.startswith("git+"):
        from flowdsl.state.stores.git import open_git

        return open_git(url, root=root, project=project, environment=environment)
    raise WrongAddress(
        f"state in `{hide_credentials(url)}` is not available; write `file`, `file:PATH`, "
        "`file:///PATH`, `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX` or "
        "`git+https://HOST/PATH`"
    )


def _path_of(url: str, path: str, environment: str) -> str:
    if url == "file":
        return f".flowdsl/state/{quote(environment, safe='')}.json"
    if not path:
        raise WrongAddress(f"the state address `{hide_credentials(url)}` names no file; {_FILES}")
    if path.rpartition("/")[2] in ("", ".", ".."):
        raise WrongAddress(f"the state address `{hide_credentials(url)}` names a folder; {_FILES}")
    return path


def hide_credentials(url: str) -> str:
    """Return `url` without possible credentials: the user part of the host, and the query."""
    return make_printable(re.sub(r"(?<=//)[^/]*@", "***@", url.partition("?")[0], count=1))


def check_name(name: str) -> str:
    """Return `name` if it is valid for an object next to the document; otherwise `StateError`."""
    if not _OBJECT_NAME.fullmatch(name):
        raise StateError(
            f"`{name[:200]}` cannot be the name of an object beside the state; names are like "
            "`source-maps/<64 hex digits>.json`"
        )
    return name
