"""The places where state can live, each with the same ways to go wrong."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from flowdsl.host.folders import OpenFolder
from flowdsl.state.document import StateDocument, new_document
from flowdsl.state.stores import StateStore, open_store
from flowdsl.state.stores.git import open_git
from flowdsl.state.stores.object_urls import open_objects
from flowdsl.state.stores.retry import RetryPolicy
from tests.state.s3_proxy import Fault, Proxy

QUICK = RetryPolicy(pauses=(0.01, 0.02, 0.05))
PROJECT, ENVIRONMENT = "prj_harbour", "prod"
_NUMBERS = itertools.count()


def first(nonce: str = "n0", **changes: object) -> StateDocument:
    """A document of the project, serial 0."""
    document = new_document(PROJECT, ENVIRONMENT, api_base="x", lineage="l", nonce=nonce)
    return document.replace(**changes)


class Place(Protocol):
    """One place, empty at first."""

    def open(self) -> StateStore:
        """A store of its own over this place."""
        ...

    def plant(self, content: bytes) -> None:
        """Put these bytes where the document stands."""
        ...

    def missing(self) -> tuple[StateStore, str]:
        """A store whose bucket, repository or folder is not there, and what its errors say."""
        ...

    def lose_reply(self) -> None:
        """The next write is done, and then reported as failed."""
        ...

    def fail_before(self) -> None:
        """The next write fails before anything is done."""
        ...

    def hang(self) -> None:
        """The next write is done, and never answered."""
        ...


class FilePlace:
    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.monkeypatch = root, monkeypatch

    def open(self) -> StateStore:
        return open_store("file", root=self.root, project=PROJECT, environment=ENVIRONMENT)

    def plant(self, content: bytes) -> None:
        path = self.root / f".flowdsl/state/{ENVIRONMENT}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def missing(self) -> tuple[StateStore, str]:
        (self.root / "taken").write_text("a file, not a folder")
        url = "file:taken/state.json"
        store = open_store(url, root=self.root, project=PROJECT, environment=ENVIRONMENT)
        return store, "Not a directory|File exists"

    def lose_reply(self) -> None:
        self._once(OpenFolder, "sync")

    def fail_before(self) -> None:
        self._once(os, "replace")

    def hang(self) -> None:
        pytest.skip("a disk that hangs, hangs us")

    def _once(self, module: object, name: str) -> None:
        real = getattr(module, name)

        def fail(*_arguments: object, **_folders: object) -> None:
            self.monkeypatch.setattr(module, name, real)
            raise OSError(5, "Input/output error")

        self.monkeypatch.setattr(module, name, fail)


class S3Place:
    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.bucket = f"harbour-state-{next(_NUMBERS)}"
        self.prefix = "care-ops/prod"
        httpx.put(f"http://{proxy.host}:{proxy.port}/{self.bucket}").raise_for_status()

    def open(self, bucket: str | None = None) -> StateStore:
        return open_objects(
            f"s3://{bucket or self.bucket}/{self.prefix}",
            project=PROJECT,
            environment=ENVIRONMENT,
            request_seconds=0.4,
            patience=QUICK,
        )

    def plant(self, content: bytes) -> None:
        import obstore
        from obstore.store import S3Store

        store = S3Store(self.bucket, client_options={"allow_http": True})
        obstore.put(store, f"{self.prefix}/state.json", content)

    def keys(self) -> list[str]:
        listing = httpx.get(f"http://{self.proxy.host}:{self.proxy.port}/{self.bucket}").text
        return [part.partition("</Key>")[0] for part in listing.split("<Key>")[1:]]

    def missing(self) -> tuple[StateStore, str]:
        return self.open("harbour-stat"), "no such bucket"

    def lose_reply(self) -> None:
        self.proxy.faults.append(Fault("after"))

    def fail_before(self) -> None:
        self.proxy.faults.append(Fault("before"))

    def hang(self) -> None:
        self.proxy.faults.append(Fault("hang"))


class AzurePlace:
    """A container of a running Azurite.

    Its ways to go wrong are those of the code that S3 shares.
    """

    def __init__(self, container: str) -> None:
        self.container = container

    def open(self, container: str | None = None) -> StateStore:
        return open_objects(
            f"az://{container or self.container}/care-ops/prod",
            project=PROJECT,
            environment=ENVIRONMENT,
            request_seconds=5,
            patience=QUICK,
        )

    def plant(self, content: bytes) -> None:
        import obstore
        from obstore.store import AzureStore

        store = AzureStore(self.container, client_options={"allow_http": True})
        obstore.put(store, "care-ops/prod/state.json", content)

    def missing(self) -> tuple[StateStore, str]:
        return self.open("no-such-container"), "no such bucket or container"

    def lose_reply(self) -> None:
        pytest.skip("Azurite stands behind no proxy")

    fail_before = hang = lose_reply


class GitPlace:
    """A bare repository with hooks that fail once when told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"
        self.ref = "refs/flowdsl/care-ops/prod"
        git(folder, "init", "--quiet", "--bare", "--template=", str(self.remote))
        self.seconds = 20.0
        hooks = self.remote / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("pre-receive", "reference-transaction"):
            (hooks / name).write_text(_HOOK)
            (hooks / name).chmod(0o755)

    def open(self) -> StateStore:
        return open_git(
            f"git+file://{self.remote}?ref={self.ref}",
            root=self.folder,
            project=PROJECT,
            environment=ENVIRONMENT,
            remote_seconds=self.seconds,
            patience=QUICK,
        )

    def plant(self, content: bytes) -> None:
        blob = git(self.remote, "hash-object", "-w", "--stdin", stdin=content)
        tree = git(self.remote, "mktree", stdin=f"100644 blob {blob}\tstate.json\n".encode())
        commit = git(self.remote, *IDENTITY, "commit-tree", tree, "-m", "planted")
        git(self.remote, "update-ref", self.ref, commit)

    def missing(self) -> tuple[StateStore, str]:
        url = f"git+file://{self.folder}/nothing.git"
        store = open_git(
            url, root=self.folder, project=PROJECT, environment=ENVIRONMENT, patience=QUICK
        )
        return store, "does not appear to be a git repository"

    def lose_reply(self) -> None:
        (self.remote / "after").touch()

    def fail_before(self) -> None:
        (self.remote / "before").touch()

    def hang(self) -> None:
        self.seconds = 0.6
        (self.remote / "hang").touch()


_HOOK = """#!/bin/sh
# Each fault happens once: the server dies before or after the ref is set, or never answers.
case $1 in
"") [ -e before ] && rm before && kill -9 $PPID ;;
committed)
  [ -e after ] && rm after && kill -9 $PPID
  [ -e hang ] && rm hang && exec sleep 20 ;;
esac
exit 0
"""
IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@y.test")


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """The output of git, without its last line break."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().rstrip("\n")


@contextmanager
def azurite(program: str, folder: Path, port: int) -> Iterator[str]:
    """The address of a running Azurite with its data in `folder`."""
    address = f"http://127.0.0.1:{port}"
    arguments = ["--location", str(folder), "--blobPort", str(port), "--silent"]
    arguments += ["--skipApiVersionCheck", "--disableTelemetry"]
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "successfully listens" in line:
                    break
            yield address
        finally:
            process.kill()  # it would complain that nobody listens any more
