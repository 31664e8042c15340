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
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def exclusive(path: Path, below: str | None = None) -> Iterator[None]:
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
            _try_lock(descriptor)
        except (BlockingIOError, PermissionError):
            raise StoreBusy(f"another process holds `{path}`") from None
        except OSError as error:
            raise StoreUnusable(f"`{path}` cannot be locked: {error.strerror}") from None
        yield
    finally:
        os.close(descriptor)
