"""A lock file held by the operating system, which frees it however the holder dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowdsl.host.writing import open_lock
from flowdsl.state.errors import StoreBusy, StoreUnusable

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        # Far behind every content, which others may read then.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold_exclusive_lock(path: Path, below: str | None = None) -> Iterator[None]:
    """Hold the lock at `path` in the context; raises `StoreBusy` at once when another holds it.

    The file stays afterwards: removing it would let two processes lock two files of one name.
    Closing the descriptor frees the lock, and the end of a process closes it. From the folder
    `below` on, which is that of the file where it is None, no symbolic link is followed.
    """
    try:
        # Python's descriptors are not inherited, so no child process keeps the lock.
        descriptor = open_lock(str(path), below)
    except OSError as error:
        raise StoreUnusable(f"the lock `{path}` cannot be opened: {error.strerror}") from None
    try:
        try:
            if not try_lock(descriptor):
                raise StoreBusy(f"another process holds `{path}`")
        except OSError as error:
            raise StoreUnusable(f"`{path}` cannot be locked: {error.strerror}") from None
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Lock an open file until its descriptor is closed; False where another process holds it.

    Raises `OSError` where the disk locks no files.
    """
    try:
        _try_lock(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    return True
