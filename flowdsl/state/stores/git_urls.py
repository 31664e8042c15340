"""Addresses of state in git repositories."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flowdsl.state.errors import UnsupportedStore, WrongAddress
from flowdsl.state.stores import hide_credentials
from flowdsl.state.stores.git import GitStore
from flowdsl.state.stores.git_commands import (
    Workshop,
    git_settings,
    helper_variables,
    remote_url,
)
from flowdsl.state.stores.retry import RetryPolicy

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
