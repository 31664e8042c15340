"""Places for state that a test can copy, damage and look into.

A file, a bare git repository, a bucket of moto.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from uuid import uuid4

from flowdsl.state.stores import StateStore, open_store

PROJECT, ENVIRONMENT = "prj_1", "test"
BUCKET = "flowdsl-states"
REF = f"refs/flowdsl/{PROJECT}/{ENVIRONMENT}"
NAMES = ("file", "git", "s3")


class BackEnd(Protocol):
    """State of one project.

    Names of kept things are `state.json` and those of the objects beside it.
    """

    @property
    def url(self) -> str:
        """What `flowdsl.toml` says."""
        ...

    def store(self) -> StateStore:
        """The store, opened as a command opens it."""
        ...

    def copy_to(self, root: Path) -> BackEnd:
        """Another place that holds the same; the folder exists."""
        ...

    def contents(self) -> Mapping[str, bytes]:
        """Everything that is kept."""
        ...

    def replace(self, content: bytes | None) -> None:
        """Somebody replaces the document, or loses all that is kept."""
        ...


@dataclass(frozen=True)
class FileBackEnd:
    """`.flowdsl/state/test.json` below a folder that is copied by others."""

    root: Path
    url: str = "file"

    def store(self) -> StateStore:
        return open_store("file", root=self.root, project=PROJECT, environment=ENVIRONMENT)

    def copy_to(self, root: Path) -> FileBackEnd:
        if self._folder.exists():
            shutil.copytree(self._folder, FileBackEnd(root)._folder, dirs_exist_ok=True)
        return FileBackEnd(root)

    def contents(self) -> Mapping[str, bytes]:
        found = {}
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path.suffix != ".lock":
                name = path.relative_to(self._folder).as_posix()
                found[name.replace("test.json", "state.json").replace("test.d/", "")] = (
                    path.read_bytes()
                )
        return found

    def replace(self, content: bytes | None) -> None:
        if content is None:
            shutil.rmtree(self._folder)
        else:
            (self._folder / "test.json").write_bytes(content)

    @property
    def _folder(self) -> Path:
        return self.root / ".flowdsl/state"


@dataclass(frozen=True)
class GitBackEnd:
    """A ref of the bare repository `remote.git` in a folder."""

    root: Path

    @classmethod
    def new(cls, root: Path) -> GitBackEnd:
        """A place without state."""
        made = cls(root)
        made._git("init", "--bare", "--quiet", "--template=", str(made.repository), bare=False)
        return made

    @property
    def repository(self) -> Path:
        return self.root / "remote.git"

    @property
    def url(self) -> str:
        return f"git+file://{self.repository.as_posix()}?ref={REF}"

    def store(self) -> StateStore:
        return open_store(self.url, root=self.root, project=PROJECT, environment=ENVIRONMENT)

    def writes(self) -> int:
        """How many versions there have been."""
        return int(self._git("rev-list", "--count", REF))

    def copy_to(self, root: Path) -> GitBackEnd:
        made = GitBackEnd(root)
        shutil.copytree(self.repository, made.repository)
        return made

    def contents(self) -> Mapping[str, bytes]:
        try:
            listed = self._git("ls-tree", "-r", "-z", "--name-only", REF)
        except subprocess.CalledProcessError:
            return {}
        names = listed.decode().rstrip("\0").split("\0")
        return {name: self._git("cat-file", "blob", f"{REF}:{name}") for name in names}

    def replace(self, content: bytes | None) -> None:
        if content is None:
            self._git("update-ref", "-d", REF)
            return
        blob = self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        entry = f"100644 blob {blob}\tstate.json\n".encode()
        tree = self._git("mktree", stdin=entry).decode().strip()
        commit = self._git("commit-tree", "-m", "replaced", tree).decode().strip()
        self._git("update-ref", REF, commit)

    def _git(self, *words: str, stdin: bytes = b"", bare: bool = True) -> bytes:
        place = [f"--git-dir={self.repository}"] if bare else []
        who = {
            f"GIT_{role}_{what}": "flowdsl@example.test"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            ["git", *place, *words],
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, **who},
        ).stdout


@dataclass(frozen=True)
class S3BackEnd:
    """Objects with a prefix of their own in a bucket of the server at `AWS_ENDPOINT_URL`."""

    prefix: str = field(default_factory=lambda: f"p{uuid4().hex}")

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def store(self) -> StateStore:
        return open_store(self.url, root=Path(), project=PROJECT, environment=ENVIRONMENT)

    def copy_to(self, root: Path) -> S3BackEnd:
        made = S3BackEnd()
        for name, content in self.contents().items():
            _bucket().put(f"{made.prefix}/{name}", content)
        return made

    def contents(self) -> Mapping[str, bytes]:
        return {
            path.removeprefix(f"{self.prefix}/"): _bucket().get(path)
            for path in _bucket().list(f"{self.prefix}/")
        }

    def replace(self, content: bytes | None) -> None:
        if content is not None:
            _bucket().put(f"{self.prefix}/state.json", content)
            return
        for path in _bucket().list(f"{self.prefix}/"):
            _bucket().delete(path)


class _Bucket:
    def __init__(self) -> None:
        import obstore
        from obstore.store import S3Store

        self._calls = obstore
        config: Any = {"endpoint": os.environ["AWS_ENDPOINT_URL"]}
        options: Any = {"allow_http": True}
        self._store = S3Store(BUCKET, config=config, client_options=options)

    def put(self, path: str, content: bytes) -> None:
        self._calls.put(self._store, path, content, use_multipart=False)

    def get(self, path: str) -> bytes:
        return bytes(self._calls.get(self._store, path).bytes())

    def list(self, prefix: str) -> list[str]:
        pages = self._calls.list(self._store, prefix)
        return sorted(str(each["path"]) for page in pages for each in page)

    def delete(self, path: str) -> None:
        self._calls.delete(self._store, path)


@cache
def _bucket() -> _Bucket:
    return _Bucket()


Watch = Callable[[str, str, bool], None]
"""Is told method and path of each request to a bucket, before its work (False) and after it (True).
"""

WATCHES: list[Watch] = []


def _watched(app: Any) -> Any:
    """The WSGI application around which `WATCHES` stand."""

    def watched(environ: Any, start_response: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        for watch in list(WATCHES):
            watch(method, path, False)
        reply = list(app(environ, start_response))
        for watch in list(WATCHES):
            watch(method, path, True)
        return reply

    return watched


@contextmanager
def s3_served() -> Iterator[dict[str, str]]:
    """A moto server with the bucket, in a thread.

    Gives the environment by which a process finds it, which this one has.
    """
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = _watched(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    environ = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "secret-canary-4f21",
        "AWS_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in environ}
    os.environ.update(environ)
    try:
        make_bucket(environ["AWS_ENDPOINT_URL"])
        yield environ
    finally:
        _bucket.cache_clear()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.shutdown()
        server.server_close()
        thread.join()


def make_bucket(endpoint: str) -> None:
    """Make the bucket at a moto server, which takes any signature."""
    import httpx

    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260302/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0"
    }
    httpx.put(f"{endpoint}/{BUCKET}", headers=headers, trust_env=False).raise_for_status()


def new_back_end(name: str, root: Path) -> BackEnd:
    """An empty place of the kind `name`, below `root` if it is on the disk."""
    if name == "git":
        return GitBackEnd.new(root)
    return S3BackEnd() if name == "s3" else FileBackEnd(root)
