"""A secret of this machine's user, with which the program recognises files it wrote itself."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping

from .folders import OpenFolder, open_folder

NAME = "index.key"
SIZE = 32
"""Bytes of the secret."""


def machine_secret(root: str, environ: Mapping[str, str]) -> bytes | None:
    """Return the secret in the user's cache folder, created if it is missing.

    None if there is no such folder, if it cannot be used, and if it lies in the project at the
    absolute path `root` or in its work tree: its files could come from the repository.
    """
    from .gitignore import work_tree

    folder = cache_folder(environ)
    if folder is None:
        return None
    real = os.path.join(os.path.realpath(folder), "")
    tops = (root, work_tree(root) or root)
    if any(real.startswith(os.path.join(os.path.realpath(top), "")) for top in tops):
        return None
    try:
        with open_folder(folder) as opened:
            return _read_secret(opened) or _make_secret(opened)
    except (OSError, ValueError):
        return None


def cache_folder(environ: Mapping[str, str]) -> str | None:
    """Return the absolute path of our folder in the user's cache; None without a home."""
    above = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(above):
        home = os.path.expanduser("~")
        if sys.platform == "win32":
            above = environ.get("LOCALAPPDATA", "")
        elif sys.platform == "darwin":
            above = os.path.join(home, "Library", "Caches")
        else:
            above = os.path.join(home, ".cache")
    return os.path.join(above, "flowdsl") if os.path.isabs(above) else None


def _read_secret(folder: OpenFolder) -> bytes | None:
    """Return the secret; None if it is missing, incomplete or not ours."""
    found = folder.status(NAME)
    if found is None:
        return None
    if os.name == "posix" and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077):
        folder.remove(NAME)
        return None
    content = folder.read(NAME, SIZE)
    if len(content) == SIZE:
        return content
    folder.remove(NAME)
    return None


def _make_secret(folder: OpenFolder) -> bytes | None:
    """Create a secret; return another process's if that creates one at the same time."""
    secret = os.urandom(SIZE)
    try:
        descriptor = folder.create(NAME, 0o600)
    except FileExistsError:
        return _read_secret(folder)
    try:
        os.write(descriptor, secret)
    finally:
        os.close(descriptor)
    return secret
