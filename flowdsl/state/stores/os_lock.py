"""A lock file held by the operating system, which releases it however the holder dies."""

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
        # Far beyond any content, which other processes can then still read.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold_exclusive_lock(path: Path, below: str | None = None) -> Iterator[None]:
    """Hold the lock at `path` in the context; raises `StoreBusy` at once if it is taken.

    The file remains afterwards: removing it would let two processes lock two files of one name.
    Closing the descriptor releases the lock, and the end of a process closes it. No symbolic link
    is followed from the folder `below` on, by default the file's own folder.
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
    """Lock an open file until its descriptor is closed; return False if another process has it.

    Raises `OSError` if the file system does not support locks.
    """
    try:
        _try_lock(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    return True
