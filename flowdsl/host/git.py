"""Facts about the git checkout that contains a project."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Relation = Literal["same", "newer", "older", "diverged", "unknown"]
"""How the checkout relates to another commit; `unknown` if the repository lacks that commit."""

AT_ONCE = 500
"""The number of paths in one command line, whose length every system limits."""

SECONDS = 60.0
"""The limit of one call of git, in seconds."""


_NEEDED = re.compile(
    # the machine, the person, and where their settings and caches are
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_[A-Z_]+|TMPDIR|TEMP|TMP|XDG_[A-Z_]+"
    r"|HOSTNAME|LD_LIBRARY_PATH|DYLD_[A-Z_]+|NIX_SSL_CERT_FILE"
    r"|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR|APPDATA|LOCALAPPDATA|USERPROFILE|USERNAME"
    r"|USERDOMAIN|HOMEDRIVE|HOMEPATH|ALLUSERSPROFILE|PROGRAMDATA|PROGRAM(?:FILES|W6432)(?:\(X86\))?"
    r"|COMMONPROGRAM(?:FILES|W6432)(?:\(X86\))?|PROCESSOR_[A-Z0-9_]+|MSYSTEM|MSYS"
    # git, and its ways to a remote and to the keys of a person
    r"|GIT_[A-Z0-9_]+|GCM_[A-Z0-9_]+|SSH_(?:AUTH_SOCK|AGENT_PID|TTY|ASKPASS(?:_REQUIRE)?)|SSL_CERT_(?:FILE|DIR)|CURL_(?:CA_BUNDLE|HOME)"
    r"|REQUESTS_CA_BUNDLE|(?:HTTPS?|ALL|FTP|NO)_PROXY|KRB5[A-Z_]+|GNUPGHOME|GPG_AGENT_INFO|GPG_TTY"
    r"|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|GNOME_KEYRING_CONTROL"
    r"|GH_(?:HOST|CONFIG_DIR)|GLAB_CONFIG_DIR|CLOUDSDK_CONFIG"
    r"|AWS_(?:PROFILE|REGION|DEFAULT_REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE)",
    re.IGNORECASE,
)
"""Variables that git, ssh and credential helpers need.

They are selected by name, not filtered: a key may have any name.
"""

MORE_FOR_GIT = "FLOWDSL_GIT_ENV"
"""The variable with comma-separated names of more variables for git, as custom helpers need."""


def git_environment(environ: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables for a call of git, without any key of the service or of a store.

    The names in `more` are included, and those that a person lists in `FLOWDSL_GIT_ENV`.
    """
    named = {*more, *map(str.strip, environ.get(MORE_FOR_GIT, "").split(","))}
    return {
        name: value for name, value in environ.items() if _NEEDED.fullmatch(name) or name in named
    }


class NoCheckout(Exception):
    """There is no commit to compare with; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The commit that is checked out in a folder.

    `dirty` is true if tracked files below the folder, or in the libraries, have changed;
    `find_untracked` returns untracked ones. In a `shallow` clone older commits are missing.
    """

    folder: str
    commit: str
    committed_at: datetime
    dirty: bool
    shallow: bool

    def relation(self, commit: str) -> Relation:
        """Return how this commit relates to `commit`: `older` means that it is an ancestor."""
        if commit == self.commit:
            return "same"
        if not re.fullmatch("[0-9a-f]{7,64}", commit):
            return "unknown"
        if _run_git(self.folder, "cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
            return "unknown"
        if self._is_ancestor(commit, self.commit):
            return "newer"
        return "older" if self._is_ancestor(self.commit, commit) else "diverged"

    def find_untracked(self, paths: Collection[str]) -> frozenset[str]:
        """Return those of `paths` that git does not track, including ignored ones.

        Paths are POSIX and relative to the folder. Raises `NoCheckout`.
        """
        rest = sorted(paths)
        tracked: set[str] = set()
        while rest:
            some, rest = rest[:AT_ONCE], rest[AT_ONCE:]
            tracked.update(_run_git(self.folder, "ls-files", "-z", "--", *some).stdout.split("\0"))
        return frozenset(paths) - tracked

    def _is_ancestor(self, old: str, new: str) -> bool:
        return _run_git(self.folder, "merge-base", "--is-ancestor", old, new).returncode == 0


def checkout_at(folder: str, libraries: Iterable[str] = ()) -> Checkout:
    """Return the checkout that contains `folder` and the folders of its libraries.

    Raises `NoCheckout` outside of git, before a first commit, and without git.
    """
    shown = _run_git(folder, "show", "--no-patch", "--no-show-signature", "--format=%H %cI", "HEAD")
    if shown.returncode != 0:
        raise NoCheckout(_explain_failure(shown.stderr))
    commit, _, committed = shown.stdout.strip().rpartition("\n")[2].partition(" ")
    below = [".", *(os.path.relpath(each, folder) for each in libraries)]
    words = ["status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=dirty"]
    status = _run_git(folder, *words, "--", *below, settings=_disable_own_filters(folder))
    if status.returncode != 0:
        raise NoCheckout(_explain_failure(status.stderr))
    shallow = _run_git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    try:
        committed_at = datetime.fromisoformat(committed)
    except ValueError:
        raise NoCheckout(f"the time of commit {commit[:12]} is none: {committed[:40]}") from None
    return Checkout(folder, commit, committed_at, bool(status.stdout), shallow)


def file_at(folder: str, commit: str, path: str, *, limit: int) -> bytes | None:
    """Return the bytes of a file at a commit; `path` is POSIX and relative to `folder`.

    None if the commit or the file is not in the repository, and for a file of more than `limit`
    bytes. Raises `NoCheckout` outside of git.
    """
    parts = path.split("/")
    if not re.fullmatch("[0-9a-f]{7,64}", commit) or "\0" in path or ".." in parts:
        return None
    size = _run_git(folder, "cat-file", "-s", f"{commit}:./{path}")
    if size.returncode != 0 or not size.stdout.strip().isdecimal() or int(size.stdout) > limit:
        return None
    shown = _git_bytes(folder, "cat-file", "blob", f"{commit}:./{path}")
    return shown.stdout if shown.returncode == 0 else None


_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    # Nothing is fetched: a missing object of a partial clone is missing.
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
}
"""Settings of each call, which outrank those of the repository.

Without them a work tree of somebody else names programs that git starts: its monitor of files, its
hooks, its way to a remote; or it is a bare repository in which a clone put them.
"""

_FILTER = re.compile(r"filter\..+\.(clean|smudge|process|required)", re.DOTALL)


def _disable_own_filters(folder: str) -> dict[str, str]:
    """Return the settings that switch off the filters which the repository itself defines.

    `git status` gives a file whose times have changed to the filter that `.gitattributes` names.
    Those of the person's own configuration, such as that of Git LFS, stay.
    """
    words = ["config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\."]
    listed = _run_git(folder, *words).stdout.split("\0")
    return {
        name: "false" if name.endswith(".required") else ""
        for scope, name in zip(listed[::2], listed[1::2], strict=False)
        if scope in ("local", "worktree") and _FILTER.fullmatch(name)
    }


def _run_git(
    folder: str, *words: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git in `folder` and return its output as text; raises as `_git_bytes` does."""
    done = _git_bytes(folder, *words, settings=settings)
    return subprocess.CompletedProcess(
        done.args, done.returncode, _decode_output(done.stdout), _decode_output(done.stderr)
    )


def _decode_output(output: bytes) -> str:
    return output.decode(errors="replace").replace("\r\n", "\n")


def _add_settings(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with `settings`, behind those that the person gives git this way."""
    given = environment.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isascii() and given.isdigit() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        added |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**environment, **added}


def _git_bytes(
    folder: str, *words: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `folder`; raises `NoCheckout` if git is missing or too slow."""
    environment = {
        **_add_settings(git_environment(os.environ), {**_SETTINGS, **(settings or {})}),
        "LC_ALL": "C",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    try:
        return subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise NoCheckout("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise NoCheckout(f"git did not answer within {SECONDS:.0f} s") from None
    except OSError as error:
        raise NoCheckout(f"git cannot be run: {(error.strerror or 'it fails').lower()}") from None


def _explain_failure(said: str) -> str:
    first = said.strip().partition("\n")[0].removeprefix("fatal: ")
    if "not a git repository" in first:
        return "the project is not in a git repository"
    if "ambiguous argument 'HEAD'" in first or "bad revision 'HEAD'" in first:
        return "the repository has no commit yet"
    return f"git says: {first}" if first else "git fails"
