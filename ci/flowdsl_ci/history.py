"""Fetches the whole history of a checkout, without which older commits are not recognised."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .process import run


def with_credentials(environ: Mapping[str, str], server: str, token: str) -> dict[str, str]:
    """`environ` with the token for git, for `server` alone; unchanged if git has a header for it.

    GitHub refuses a request with two such headers. The token is in a variable because other users
    can read the arguments of a process.
    """
    if not (token and server.startswith("https://")):
        return dict(environ)
    count = (
        int(environ["GIT_CONFIG_COUNT"]) if environ.get("GIT_CONFIG_COUNT", "").isdecimal() else 0
    )
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode("ascii")
    return dict(environ) | {
        f"GIT_CONFIG_KEY_{count}": f"http.{server.rstrip('/')}/.extraheader",
        f"GIT_CONFIG_VALUE_{count}": f"AUTHORIZATION: basic {basic}",
        "GIT_CONFIG_COUNT": str(count + 1),
    }


def has_header(folder: Path, environ: Mapping[str, str], server: str) -> bool:
    """Whether git has an `Authorization` header for `server`, as the checkout action leaves one."""
    words = ["git", "config", "--get-urlmatch", "http.extraheader", server]
    return bool(_output(words, folder, environ))


def complete(folder: Path, environ: Mapping[str, str]) -> bool:
    """Fetches what a shallow clone lacks; False if that fails.

    Without git, or outside of a repository, there is nothing to do.
    """
    if _output(["git", "rev-parse", "--is-shallow-repository"], folder, environ) != "true":
        return True
    quiet = {**environ, "GIT_TERMINAL_PROMPT": "0"}
    words = [
        "git",
        "fetch",
        "--quiet",
        "--unshallow",
        "--no-tags",
        "--no-recurse-submodules",
        "origin",
    ]
    return run(words, folder=folder, environ=quiet) == 0


def _output(words: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            words, cwd=folder, env=dict(environ), capture_output=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
