"""State in a commit on a ref of a git repository: its addresses, and the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import RLock
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from flowdsl.state.document import (
    MAX_BYTES,
    StateDocument,
    dump_document,
    too_large,
)
from flowdsl.state.errors import (
    CorruptState,
    StateError,
    StoreUnusable,
    UnsafeStore,
    UnsupportedStore,
    WrongAddress,
)
from flowdsl.state.stores import Versioned, check_name, hide_credentials
from flowdsl.state.stores.git_commands import (
    REMOTE,
    Workshop,
    git_settings,
    helper_variables,
    remote_url,
)
from flowdsl.state.stores.retry import RemoteStore, RetryPolicy, StoreFailure

T = TypeVar("T")

_DOCUMENT = "state.json"
_TIP = "refs/flowdsl/tip"
"""The local copy of the remote's ref, so that a fetch transfers only new commits."""


class GitStore(RemoteStore):
    """A `StateStore` over the file `state.json` at the tip of one ref of a remote repository.

    The version is the id of the commit. Its parent is the version before, and its tree also holds
    the objects. A push names the version that it replaces, which the remote compares under its own
    lock.

    Everything is done in a temporary repository. Objects that were `put` are pushed with the next
    `write`.
    """

    def __init__(
        self,
        workshop: Workshop,
        url: str,
        ref: str,
        *,
        project: str,
        environment: str,
        remote_seconds: float,
        patience: RetryPolicy,
    ) -> None:
        super().__init__(url, project=project, environment=environment, patience=patience)
        self._git = workshop
        self._ref = ref
        self._seconds = remote_seconds
        self._known: Versioned | None = None
        self._staged: dict[str, str] = {}
        self._turn = RLock()

    def write(self, document: StateDocument, expected: str | None) -> str:
        with self._turn:
            staged = dict(self._staged)
            commits: list[str] = []

            def attempt() -> str:
                if not commits:
                    commits.append(self._commit_document(document, expected, staged))
                self._push_commit(commits[0], self._ref, expected)
                return commits[0]

            version = self._write_with_retry(document, expected, attempt)
            self._known = Versioned(document, version)
            with suppress(StoreFailure):
                self._git.local("update-ref", _TIP, version)
            for name in staged:
                del self._staged[name]
            return version

    def put(self, objects: Mapping[str, bytes]) -> None:
        names = [check_name(name) for name in objects]
        with self._turn:
            try:
                self._staged |= zip(names, self._write_blobs(objects.values()), strict=True)
            except StoreFailure as failure:
                raise StoreUnusable(
                    f"{len(names)} objects beside the state at `{self.url}` cannot be kept: "
                    f"{failure}"
                ) from None

    def get(self, name: str) -> bytes | None:
        check_name(name)
        problem = f"`{name}` beside the state at `{self.url}` cannot be read"
        return self._tried(lambda: self._read(name), problem)

    def _read(self, name: str) -> bytes | None:
        if name in self._staged:
            return self._git.local("cat-file", "blob", self._staged[name])
        tip = self._fetch_tip()
        return None if tip is None else self._file(tip, name)

    def _tried(self, work: Callable[[], T], problem: str) -> T:
        with self._turn:
            return super()._tried(work, problem)

    def _probe(self) -> None:
        """Prove that this git refuses a push over a version that does not exist.

        Nothing reaches the remote in either case.
        """
        self._find_remote_tip()
        commit = self._commit_of(self._write_tree({}), None, "Probe")
        try:
            self._push_commit(commit, f"{self._ref}-probe-{token_hex(8)}", commit)
        except StoreFailure as failure:
            if failure.refused:
                return
            raise
        raise UnsafeStore(
            f"`{self.url}` cannot hold state: git pushed over a version that was not there, "
            "so two deploys could overwrite each other; bring git up to date"
        )

    def _load(self) -> Versioned | None:
        tip = self._fetch_tip()
        if tip is None:
            return None
        if self._known is None or self._known.version != tip:
            content = self._file(tip, _DOCUMENT)
            if content is None:
                raise CorruptState(
                    f"`{self.url}` holds something else than state: it has no `{_DOCUMENT}`; "
                    "name a ref of its own"
                )
            self._known = self._document(content, tip)
        return self._known

    def _find_remote_tip(self) -> str | None:
        """Return the id of the commit at the remote's ref; None if there is no such ref."""
        listed = self._git.remote("ls-remote", "--quiet", REMOTE, self._ref, seconds=self._seconds)
        for line in listed.decode("utf-8", "replace").splitlines():
            oid, _, name = line.partition("\t")
            if name == self._ref:
                return oid
        return None

    def _fetch_tip(self) -> str | None:
        """Fetch the commit at the remote's ref and return its id; None without that ref."""
        tip = self._find_remote_tip()
        if tip is None or (self._known is not None and self._known.version == tip):
            return tip
        refs = f"+{self._ref}:{_TIP}"
        self._git.remote(
            "fetch", "--quiet", "--no-tags", "--depth=1", REMOTE, refs, seconds=self._seconds
        )
        return self._git.local("rev-parse", "--verify", _TIP).decode().strip()

    def _file(self, commit: str, path: str) -> bytes | None:
        """Return the content of a file in a commit; None if the commit does not have it."""
        try:
            listed = self._git.local("ls-tree", "-z", "-l", commit, "--", path).decode()
        except StoreFailure:
            raise CorruptState(
                f"`{self.url}` holds something else than state: its ref is no commit; "
                "name a ref of its own"
            ) from None
        fields = listed.partition("\t")[0].split()
        if len(fields) != 4 or fields[1] != "blob":
            return None
        if int(fields[3]) > MAX_BYTES:
            raise CorruptState(f"`{path}` at `{self.url}` {too_large(int(fields[3]))}")
        return self._git.local("cat-file", "blob", fields[2])

    def _commit_document(
        self, document: StateDocument, expected: str | None, staged: dict[str, str]
    ) -> str:
        """Commit the document over the commit `expected`; return the id of the new commit.

        It has the objects of that commit and those in `staged`.
        """
        objects = {} if expected is None else self._objects(expected)
        content = self._write_blob(dump_document(document))
        folders: dict[str, dict[str, tuple[str, str]]] = {}
        for name, blob in (objects | staged).items():
            folder, _, file = name.partition("/")
            folders.setdefault(folder, {})[file] = ("blob", blob)
        tree = self._write_tree(
            {
                _DOCUMENT: ("blob", content),
                **{folder: ("tree", self._write_tree(files)) for folder, files in folders.items()},
            }
        )
        subject = f"State of {self._environment}, serial {document.serial}"
        return self._commit_of(tree, expected, subject)

    def _objects(self, commit: str) -> dict[str, str]:
        """Return the ids of the objects in a commit, by name."""
        known = self._known is not None and self._known.version == commit
        if not known and self._fetch_tip() != commit:
            raise StoreFailure("the ref has moved", refused=True)
        found = {}
        for entry in self._git.local("ls-tree", "-r", "-z", commit).decode().split("\0"):
            fields, _, path = entry.partition("\t")
            with suppress(StateError):
                name = check_name(path)
                found[name] = fields.split()[2]
        return found

    def _write_blob(self, content: bytes) -> str:
        return self._git.local("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def _write_blobs(self, contents: Iterable[bytes]) -> list[str]:
        """Write many blobs with one process; return their ids."""
        command = b"blob\nmark :%d\ndata %d\n%b\nget-mark :%d\n"
        commands = [
            command % (mark, len(content), content, mark)
            for mark, content in enumerate(contents, start=1)
        ]
        return self._git.local("fast-import", "--quiet", stdin=b"".join(commands)).decode().split()

    def _write_tree(self, entries: dict[str, tuple[str, str]]) -> str:
        """Write a tree with these entries, each a kind and an id by name; return its id."""
        modes = {"blob": "100644", "tree": "040000"}
        lines = [f"{modes[kind]} {kind} {oid}\t{name}\0" for name, (kind, oid) in entries.items()]
        return self._git.local("mktree", "-z", stdin="".join(lines).encode()).decode().strip()

    def _commit_of(self, tree: str, parent: str | None, subject: str) -> str:
        parents = [] if parent is None else ["-p", parent]
        message = f"{subject}\n".encode()
        return self._git.local("commit-tree", tree, *parents, stdin=message).decode().strip()

    def _push_commit(self, commit: str, ref: str, expected: str | None) -> None:
        self._git.remote(
            "push",
            "--quiet",
            "--porcelain",
            "--no-verify",
            f"--force-with-lease={ref}:{expected or ''}",
            REMOTE,
            f"{commit}:{ref}",
            seconds=self._seconds,
        )


# Addresses

REMOTE_SECONDS = 12.0
"""The limit of one exchange with a remote, in seconds.

A lease has to be renewed several times in its 30 s.
"""

_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_SEGMENT = re.compile(r"(?!.*\.\.)[A-Za-z0-9_+=][A-Za-z0-9_+=.-]*(?<!\.)(?<!\.lock)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:-]*", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_PATH = re.compile(r"/[^\s\x00-\x1f\x7f]*[^\s/\x00-\x1f\x7f]/?")
_FORMS = (
    "write `git+https://HOST/PATH?ref=refs/...`, `git+ssh://git@HOST/PATH?ref=refs/...`, "
    "`git+file:///PATH?ref=refs/...` or `git+ref://REMOTE/refs/...`"
)


def open_git(
    url: str,
    *,
    root: Path,
    project: str,
    environment: str,
    remote_seconds: float = REMOTE_SECONDS,
    patience: RetryPolicy | None = None,
) -> GitStore:
    """Open the store at `url`, on `refs/flowdsl/<project>/<environment>` if `url` names no ref.

    Raises `WrongAddress` or `UnsupportedStore`.
    """
    ref = f"refs/flowdsl/{_ref_part(project)}/{_ref_part(environment)}"
    scheme, separator, rest = url.removeprefix("git+").partition("://")
    if not separator:
        raise _wrong_address(url, "has no `://`")
    if scheme == "ref":
        name, _, given = rest.partition("/")
        place = _of_remote(url, name, root)
        base = f"git+ref://{name}/"
        ref = _require_valid_ref(url, given or ref)
        address = f"{base}{ref}"
    elif scheme in ("https", "ssh", "file"):
        place, given = _parse_git_address(url, scheme)
        ref = _require_valid_ref(url, given or ref)
        address = f"git+{place}?ref={ref}"
    else:
        raise _wrong_address(url, f"is of the kind `git+{scheme}`, which is not known")
    return GitStore(
        Workshop(place, git_settings(root), helper_variables(root)),
        address,
        ref,
        project=project,
        environment=environment,
        remote_seconds=remote_seconds,
        patience=patience or RetryPolicy(),
    )


def _parse_git_address(url: str, scheme: str) -> tuple[str, str]:
    """Return the address for git, and the ref, empty if none is given; raises `WrongAddress`."""
    try:
        parts = urlsplit(url.removeprefix("git+"))
        host, user, password = parts.hostname or "", parts.username, parts.password
        _ = parts.port
    except ValueError:
        raise _wrong_address(url, "is not well formed") from None
    name, _, ref = parts.query.partition("=")
    if password is not None or (user is not None and scheme != "ssh"):
        raise _wrong_address(
            url,
            "holds a credential; give it to git's credential helper or the CI's checkout instead",
        )
    if user is not None and not _USER.fullmatch(user):
        raise _wrong_address(url, "has a user name that is not allowed")
    if (scheme == "file") != (not parts.netloc) or (host and not _HOST.fullmatch(host)):
        raise _wrong_address(url, "names no host" if scheme != "file" else "names a host")
    if not _PATH.fullmatch(parts.path):
        raise _wrong_address(url, "has no path of a repository")
    if parts.fragment or (parts.query and name != "ref"):
        raise _wrong_address(url, "has more after its path than `?ref=`")
    return f"{scheme}://{parts.netloc}{parts.path}", unquote(ref)


def _of_remote(url: str, name: str, root: Path) -> str:
    if not _REMOTE.fullmatch(name):
        raise _wrong_address(url, "has no name of a remote")
    place = remote_url(root, name)
    if place is None:
        raise UnsupportedStore(
            f"the state address `{hide_credentials(url)}` names the remote `{name}`, which the "
            "repository around the project does not have; `git remote` lists those it has"
        )
    if place.startswith("-"):
        raise _wrong_address(url, "names a remote whose address is not allowed")
    return place


def _require_valid_ref(url: str, ref: str) -> str:
    first, *rest = ref.split("/")
    if first != "refs" or len(rest) < 2 or not all(_SEGMENT.fullmatch(part) for part in rest):
        raise _wrong_address(url, "names no ref below `refs/`")
    return ref


def _ref_part(name: str) -> str:
    """Return `name` encoded as one part of a ref; two names never get the same part."""
    plain = re.compile(r"[A-Za-z0-9_-]", re.ASCII)
    quoted = "".join(
        sign if plain.match(sign) else "".join(f"={byte:02X}" for byte in sign.encode())
        for sign in name
    )
    return f"=2D{quoted[1:]}" if quoted.startswith("-") else quoted


def _wrong_address(url: str, problem: str) -> WrongAddress:
    return WrongAddress(f"the state address `{hide_credentials(url)}` {problem}; {_FORMS}")
