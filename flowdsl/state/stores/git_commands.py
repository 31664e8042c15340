"""Calls of `git` in a temporary repository of our own.

They cannot ask a question, hang, run hooks, or touch another repository.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from flowdsl.host import signals
from flowdsl.host.git import git_environment
from flowdsl.state.errors import UnsupportedStore
from flowdsl.state.stores.retry import StoreFailure

LOCAL_SECONDS = 20.0
_ENDING_SECONDS = 5.0

REMOTE = "flowdsl-state"
"""The name of the remote, chosen so that no global settings refer to it."""

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "push.recurseSubmodules": "no",
    "fetch.recurseSubmodules": "false",
    "fetch.prune": "false",
    "credential.interactive": "false",
}
_FIXED = {
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "FlowDSL",
    "GIT_AUTHOR_EMAIL": "flowdsl@localhost",
    "GIT_COMMITTER_NAME": "FlowDSL",
    "GIT_COMMITTER_EMAIL": "flowdsl@localhost",
}
_OF_ANOTHER_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_DATE",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DEFAULT_HASH",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_TEMPLATE_DIR",
        "GIT_WORK_TREE",
    }
)
_CARRIED = r"^(http\..*|credential\.(.*\.)?(username|usehttppath)|url\..*|ssh\.variant)$"
"""Settings by which the project's repository reaches its remotes; CI puts its token there.

Those that name a program (`core.sshCommand`, a credential helper) are not among them: whoever made
the work tree may have written them. Git takes them from the person's own files and environment.
"""

_HELPERS = r"^(credential\.(.*\.)?helper|core\.sshcommand)$"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_PROGRAMS = {
    "gh": ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    "glab": ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN", "GITLAB_HOST"),
    "aws": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    "gcloud": ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"),
}
"""Programs that are credential helpers, and where they find the key of the git server."""

_CREDENTIAL = re.compile(r"(?<=://)[^/\s@]+@")
_REFUSED = re.compile(
    r"stale info|fetch first|non-fast-forward|already exists|failed to lock|cannot lock"
)
_FINAL = re.compile(
    r"Authentication failed|could not read (Username|Password)|Permission denied|access denied|"
    r"not allowed|declined|does not appear to be a git repository|[Nn]ot found|"
    r"Host key verification|error: 40[134]"
)


def git_settings(root: Path) -> dict[str, list[str]]:
    """Return the settings of the repository around `root` for its remotes; {} without one."""
    try:
        listed = _ask(root, "config", "--local", "--includes", "-z", "--get-regexp", _CARRIED)
    except StoreFailure:
        return {}
    found: dict[str, list[str]] = {}
    for entry in listed.split("\0"):
        key, separator, value = entry.partition("\n")
        if separator:
            found.setdefault(key, []).append(value)
    return found


def helper_variables(root: Path) -> frozenset[str]:
    """Return the environment variables with which a person's git reaches a server.

    Git gets them for the remote. They are those that a credential helper or a command for SSH
    mentions, and those of known helpers. A script in a file may read others, see
    `git.MORE_FOR_GIT`.
    """
    texts = [os.environ.get(name, "") for name in ("GIT_SSH_COMMAND", "GIT_ASKPASS")]
    with suppress(StoreFailure):  # none is set
        texts += _ask(root, "config", "--includes", "-z", "--get-regexp", _HELPERS).split("\0")
    variables = {name for text in texts for name in _VARIABLE.findall(text)}
    words = {word.rpartition("/")[2] for text in texts for word in re.split(r"[\s!'\";]+", text)}
    return frozenset(variables.union(*(_PROGRAMS[word] for word in words & _PROGRAMS.keys())))


def remote_url(root: Path, name: str) -> str | None:
    """Return the push address of a remote of the repository around `root`; None without that."""
    try:
        found = _ask(root, "remote", "get-url", "--push", name).rstrip("\n")
        if "://" in found or re.match(r"[^/\\]{2,}:", found):
            return found
        return str(Path(_ask(root, "rev-parse", "--show-toplevel").rstrip("\n")) / found)
    except StoreFailure:
        return None


def _ask(root: Path, *arguments: str) -> str:
    """Return what git says in the repository around `root`; raises `StoreFailure`."""
    environ = _build_environment({})
    output = run_git(arguments, folder=root, environ=environ, seconds=LOCAL_SECONDS)
    return output.decode("utf-8", "surrogateescape")


class Workshop:
    """A temporary bare repository with one remote, `REMOTE`, removed with this object.

    The remote's address and the settings are passed in environment variables, because everybody on
    the machine can see the arguments of a process. `variables` are names of further variables for
    git.
    """

    def __init__(
        self, url: str, settings: Mapping[str, Sequence[str]], variables: Iterable[str] = ()
    ) -> None:
        self._environ = _build_environment({**settings, f"remote.{REMOTE}.url": [url]}, variables)
        self._folder: Path | None = None
        self._opening = Lock()

    def local(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Return the output of a command that works on this disk; raises `StoreFailure`."""
        return self._run(arguments, stdin, LOCAL_SECONDS)

    def remote(self, *arguments: str, seconds: float) -> bytes:
        """Return the output of a command that contacts the remote; raises `StoreFailure`."""
        return self._run(arguments, b"", seconds)

    def _run(self, arguments: Sequence[str], stdin: bytes, seconds: float) -> bytes:
        return run_git(
            arguments, folder=self._open(), environ=self._environ, seconds=seconds, stdin=stdin
        )

    def _open(self) -> Path:
        with self._opening:
            if self._folder is None:
                folder = Path(tempfile.mkdtemp(prefix="flowdsl-state-"))
                remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                signals.at_end(lambda _number: remove())
                run_git(
                    ["init", "--bare", "--quiet", "--template=", "--initial-branch=state", "."],
                    folder=folder,
                    environ=self._environ,
                    seconds=LOCAL_SECONDS,
                )
                self._folder = folder
            return self._folder


def run_git(
    arguments: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    stdin: bytes = b"",
) -> bytes:
    """Return the output of git in `folder`.

    Git runs in a session of its own, so that it has no terminal to prompt on, gets no Ctrl+C meant
    for us, and can be killed together with all its child processes. Raises `StoreFailure`, and
    `UnsupportedStore` if git is missing.
    """
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UnsupportedStore(
            "state in a git repository needs the program `git` on `PATH`; install it"
        ) from None
    except OSError as error:
        raise StoreFailure(f"git cannot be started: {error.strerror}", final=True) from None
    with process, signals.BeforeEnding(lambda _number: _kill_process_tree(process)):
        try:
            output, errors = process.communicate(stdin, seconds)
        except subprocess.TimeoutExpired:
            _kill_process_tree(process)
            raise StoreFailure(f"git {arguments[0]} did not end within {seconds:.0f} s") from None
        except BaseException:
            _kill_process_tree(process)
            raise
    if process.returncode:
        reason = _describe_git_failure(output, errors) or f"git {arguments[0]} failed"
        refused = _REFUSED.search(reason) is not None
        final = not refused and _FINAL.search(reason) is not None
        raise StoreFailure(reason, final=final, refused=refused)
    return output


def _kill_process_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill git and all its child processes."""
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
    else:
        process.kill()
    try:
        process.communicate(timeout=_ENDING_SECONDS)
    except subprocess.TimeoutExpired:  # Another process has our pipes open.
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _build_environment(
    settings: Mapping[str, Sequence[str]], variables: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment variables of a call of git.

    They are those that git needs and `variables`, without those that point to another repository,
    and with `settings` that override git's files.
    """
    environ = {
        key: value
        for key, value in git_environment(os.environ, variables).items()
        if key not in _OF_ANOTHER_REPOSITORY and not key.startswith("GIT_TRACE")
    }
    entries = [(key, value) for key, values in settings.items() for value in values]
    entries += _SETTINGS.items()
    given = environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isascii() and given.isdecimal() else 0
    for number, (key, value) in enumerate(entries, first):
        environ[f"GIT_CONFIG_KEY_{number}"] = key
        environ[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environ, **_FIXED, "GIT_CONFIG_COUNT": str(first + len(entries))}


def _describe_git_failure(output: bytes, errors: bytes) -> str:
    """Return git's message about a failure, without credentials and prefixes.

    It is the ref that was refused, then the cause.
    """
    refs = [
        line.split("\t")[-1]
        for line in output.decode("utf-8", "replace").splitlines()
        if line.startswith("!\t")
    ]
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines()]
    for prefix in ("fatal:", "remote:", "error:", ""):
        told = [line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)]
        if any(told):
            break
    parts = [*refs[:1], next(filter(None, told), "")]
    return _CREDENTIAL.sub("", ": ".join(filter(None, parts)))[:300]
