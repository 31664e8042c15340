"""The ledgers of an environment, below `.flowdsl/runs` of a project.

Folders are opened one below the other and never through a symbolic link (`host.folders`), so that
nothing is written outside of the project. A process holds a lock on the ledger that it writes,
which the operating system releases however the process dies.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flowdsl.cyberdesk.models.run import Run
from flowdsl.host.folders import OpenFolder, Tree
from flowdsl.host.writing import reason_of
from flowdsl.runs.batches.ledger import (
    MAX_BYTES,
    RESOLVED,
    SENT,
    About,
    Batch,
    Entry,
    describe_batch,
    describe_run,
    digest_shared_parts,
    encode_lines,
    read_ledger,
    row_digest,
)
from flowdsl.runs.submit import Submission, SubmissionRecord
from flowdsl.state.errors import StateError, StoreBusy, StoreUnusable
from flowdsl.state.held import Runtime
from flowdsl.state.stores.os_lock import try_lock

FOLDER = ".flowdsl/runs"
SUFFIX = ".jsonl"

KEPT = timedelta(days=30)
"""How long a ledger is kept that nobody continues."""

MOST = 200
"""The number of ledgers kept for one environment."""


class Folder:
    """The ledgers of one environment of the project at `root`."""

    def __init__(self, root: str, environment: str) -> None:
        self._root = root
        self._parts = (*FOLDER.split("/"), quote(environment, safe=""))
        self.path = "/".join(self._parts)

    def new(self, about: About, runtime: Runtime) -> Ledger:
        """Return a ledger whose file is created when the first request is due."""
        now = runtime.now()
        batch = f"{now:%Y%m%d-%H%M%S}-{runtime.new_id()[:6]}"
        return Ledger(Batch(batch, now, about, runtime.new_id()), LedgerFile(self, batch))

    def left(self, now: datetime) -> list[Batch]:
        """Return the unfinished batches, newest first; expired ones are deleted.

        Raises `StoreUnusable`, `UnreadableLedger` if one cannot be read.
        """
        batches: list[Batch] = []
        for at, name in enumerate(self._names()):
            file = LedgerFile(self, name.removesuffix(SUFFIX))
            with closing(file):
                try:
                    content = file.read()
                except FileNotFoundError:
                    continue
                batch = read_ledger(content, f"{self.path}/{name}")
                is_old = batch is not None and now - batch.began > KEPT
                if batch is not None and not file.is_ours:
                    batch.is_live = True
                    batches.append(batch)
                elif batch is None or not batch.has_begun or is_old or at >= MOST:
                    file.drop()
                else:
                    batches.append(batch)
        return batches

    def open(self, batch: Batch) -> Ledger:
        """Open the ledger of a batch to continue it; raises `StoreUnusable`.

        `StoreBusy` means that another process is continuing it.
        """
        file = LedgerFile(self, batch.id)
        try:
            content = file.read()
        except FileNotFoundError:
            raise StoreUnusable(f"batch `{batch.id}` is done: another process ended it") from None
        if not file.is_ours:
            file.close()
            raise StoreBusy(f"another process continues batch `{batch.id}`")
        now = read_ledger(content, f"{self.path}/{batch.id}{SUFFIX}")
        file.cut(content.rfind(b"\n") + 1)  # drops a truncated last line
        return Ledger(now or batch, file)

    def drop(self, batch: Batch) -> None:
        """Delete the ledger of a batch, unless another process has it open."""
        file = LedgerFile(self, batch.id)
        with suppress(FileNotFoundError):
            file.read()
            file.drop()
        file.close()

    def _names(self) -> list[str]:
        try:
            with self._open_folder(make=False) as folder:
                names = folder.names()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnusable(f"`{self.path}` cannot be read: {reason_of(error)}") from None
        return sorted((each for each in names if each.endswith(SUFFIX)), reverse=True)

    @contextmanager
    def _open_folder(self, *, make: bool) -> Iterator[OpenFolder]:
        """Open the folder, with `make` creating it; raises `OSError`, also for a link."""
        with Tree(self._root, make=False) as tree:
            if make:
                # Keeps ledgers out of git.
                with suppress(FileExistsError):
                    ignored = tree.folder(self._parts[:-1]).create(".gitignore", 0o644)
                    with os.fdopen(ignored, "wb") as file:
                        file.write(b"*\n")
            yield tree.folder(self._parts, make=make)

    def open_file(self, name: str, flags: int) -> int:
        """Open a file of the folder for reading and appending; returns a descriptor."""
        with self._open_folder(make=bool(flags & os.O_CREAT)) as folder:
            return folder.open(name, flags | os.O_RDWR | os.O_APPEND, 0o600)

    def remove(self, name: str) -> None:
        """Delete a file of the folder."""
        with self._open_folder(make=False) as folder:
            folder.remove(name)


class LedgerFile:
    """The file of one ledger and the lock on it."""

    def __init__(self, folder: Folder, batch: str) -> None:
        self._folder, self._name = folder, batch + SUFFIX
        self._descriptor: int | None = None
        self.is_ours = False

    @property
    def is_open(self) -> bool:
        """Whether the file exists and is ours."""
        return self._descriptor is not None

    def take(self) -> None:
        """Create and lock the file, unless it is ours already; raises `OSError`."""
        while self._descriptor is None:
            # A process that reads the file before it is locked takes it for an empty one, and
            # deletes it.
            with suppress(FileExistsError):
                descriptor = self._folder.open_file(self._name, os.O_CREAT | os.O_EXCL)
                if try_lock(descriptor) and os.fstat(descriptor).st_nlink:
                    self._descriptor, self.is_ours = descriptor, True
                else:
                    os.close(descriptor)

    def read(self) -> bytes:
        """Read the file, and lock it unless another process has: `is_ours` tells.

        Raises `FileNotFoundError` and `StoreUnusable`; the file is closed then.
        """
        path = f"{self._folder.path}/{self._name}"
        try:
            descriptor = self._folder.open_file(self._name, 0)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreUnusable(self.named(error)) from None
        self._descriptor = descriptor
        try:
            self.is_ours = try_lock(descriptor)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink == 0:
                raise FileNotFoundError(2, "it is gone", path)
            if status.st_size > MAX_BYTES:
                raise StoreUnusable(f"`{path}` is larger than {MAX_BYTES // 1024**2} MB")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                file.seek(0)
                return file.read(MAX_BYTES + 1)
        except BaseException:
            self.close()
            raise

    def append(self, content: bytes) -> None:
        """Append to the file; raises `OSError`."""
        assert self._descriptor is not None
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def cut(self, size: int) -> None:
        """Truncate the file to its first `size` bytes."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, size)

    def drop(self) -> None:
        """Delete the file if it is ours."""
        if self.is_ours:
            if sys.platform == "win32":
                self.close()
            with suppress(OSError):
                self._folder.remove(self._name)

    def close(self) -> None:
        """Close the file and release its lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor, self.is_ours = None, False

    def named(self, error: OSError) -> str:
        """Describe an error, with the path."""
        return f"`{self._folder.path}/{self._name}` cannot be written: {reason_of(error)}"


class Ledger(SubmissionRecord):
    """A ledger that this process holds open: it records the outcomes of submissions.

    `begin` creates the file, and `end` deletes it if every run was created. A write that fails
    stops further requests: `sending` raises `StoreUnusable`. `check_alone` is called once the file
    exists, and raises `StateError` if nothing may be sent after all.
    """

    def __init__(self, batch: Batch, file: LedgerFile) -> None:
        self.batch = batch
        self._file = file
        self._numbers = {each.key: at for at, each in enumerate(batch.entries)}
        self._failure = ""
        self.check_alone: Callable[[], None] = lambda: None

    def begin(self, every: Sequence[Submission], newest: Run | None) -> None:
        """Record the requests before they are sent; raises `StoreUnusable` if none may be sent."""
        batch = self.batch
        lines: list[dict[str, Any]] = []
        is_new = not self._file.is_open
        if is_new:
            batch.newest = newest
            batch.shared = digest_shared_parts(batch.salt, every[0].request)
            lines.append(describe_batch(batch))
        for each in every:
            if each.key in self._numbers:
                continue
            digest = row_digest(batch.salt, each.request)
            of = next((at for at, e in enumerate(batch.entries) if e.key == each.instead_of), None)
            entry = Entry(each.key, each.place, each.request.count, digest, of)
            self._numbers[each.key] = len(batch.entries)
            batch.entries.append(entry)
            lines.append({"request": [entry.key, entry.place, entry.count, entry.digest, of]})
        try:
            self._file.take()
            self._file.append(encode_lines(lines))
        except OSError as error:
            raise StoreUnusable(
                f"{self._file.named(error)}; nothing was sent: `--no-ledger` runs without "
                "writing down what is started"
            ) from None
        if is_new:
            try:
                self.check_alone()
            except StateError:
                self.give_up()
                raise

    def sending(self, submission: Submission) -> None:
        """Record that a request is about to be sent, or that its outcome is unknown."""
        number = self._numbers[submission.key]
        entry = self.batch.entries[number]
        self._write({"sent": number})
        if self._failure:
            raise StoreUnusable(self._failure)
        entry.stage, entry.runs = SENT, []

    def resolved(self, submission: Submission) -> None:
        """Record that the outcome of a request is known."""
        number = self._numbers[submission.key]
        entry = self.batch.entries[number]
        entry.stage, entry.runs = RESOLVED, list(submission.runs)
        self._write({"made": number, "runs": [describe_run(run) for run in submission.runs]})

    def end(self, *, is_told: bool) -> bool:
        """Finish the batch; return whether the ledger is kept.

        It is kept for runs that were not created, or, unless `is_told`, whose ids could not be
        reported.
        """
        stays = self.batch.has_begun and not (self.batch.is_whole and is_told)
        if not stays:
            self._file.drop()
        self._file.close()
        return stays

    def leave(self) -> None:
        """Let other processes continue the batch."""
        self._file.close()

    def give_up(self) -> None:
        """Delete the batch, which nobody will continue."""
        self._file.drop()
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._failure:
            return
        try:
            self._file.append(encode_lines([line]))
        except OSError as error:
            self._failure = self._file.named(error)
