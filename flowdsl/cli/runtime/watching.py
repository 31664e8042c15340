"""`--watch` of `check` and `test`: work again whenever a file changes."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Iterator
from typing import NoReturn

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.semantics.names.files import find_files_taken_in
from flowdsl.source.failure import FlowdslError
from flowdsl.source.files import SUFFIX, UnreadableFile
from flowdsl.source.record import Record

from .console import Console, UsageError, command_error
from .target import CommandTarget

POLL = 100
"""Milliseconds after which an idle watcher yields. The first check waits that long for the watcher
to start."""
NAMED = 3
"""The maximum number of changed files that are named."""

_LEFTOVERS = ("~", ".swp", ".swx", ".tmp", f"{os.sep}.flowdsl")
"""Suffixes of temporary files that editors create next to a saved file, and our own folder."""


class WatchScope(Record, eq=True):
    """The folders that are watched.

    For a project, these are its folder and those of its libraries, including subfolders (`deep`);
    for files without a project, only the folders that contain them.
    """

    folders: frozenset[str]
    deep: bool


def watch_scope_of(target: CommandTarget, paths: Collection[str]) -> WatchScope:
    """Return the folders in which files of a check, `paths`, can change."""
    if target.project is not None or target.problems:
        return WatchScope(frozenset({target.root, *target.libraries.values()}), True)
    named = {each for path in paths for each in _find_files_taken_in(target, path)}
    folders = (os.path.join(target.root, *path.split("/")[:-1]) for path in {*paths, *named})
    return WatchScope(frozenset({target.root, *filter(os.path.isdir, folders)}), False)


def _find_files_taken_in(target: CommandTarget, path: str) -> tuple[str, ...]:
    try:
        return (
            find_files_taken_in(path, target.files.read_text(path)) if path.endswith(SUFFIX) else ()
        )
    except UnreadableFile:
        return ()


def check_forever(first: WatchScope, check: Callable[[], WatchScope], console: Console) -> NoReturn:
    """Check or test, and do so again after every change, until a signal arrives.

    A run that fails prints its reason, and then waits for changes as well.
    """
    watched = first
    changes = _wait_for_changes(watched)
    while True:
        try:
            now = check()
            if now != watched:
                watched, changes = now, _wait_for_changes(now)
        except FlowdslError as failure:
            for message in command_error(failure).messages:
                console.err(f"error: {make_printable(message)}")
        console.err("watching for changes; Ctrl-C ends")
        console.flush()
        gc.collect()  # disabled for short-lived commands, but this one is long-lived
        changed = sorted(next(filter(None, changes)))
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        console.err(f"\n--- changed: {', '.join(map(make_printable, changed[:NAMED]))}{more} ---\n")


def _wait_for_changes(watched: WatchScope) -> Iterator[set[str]]:
    """Yield sets of changed files, by their paths from the working folder.

    A set may be empty. Raises `UsageError` when watching is not possible.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise UsageError(
            "`--watch` needs the package `watchfiles`: pip install 'flowdsl[watch]'"
        ) from None
    events = watch(
        *sorted(watched.folders),
        watch_filter=None,
        rust_timeout=POLL,
        yield_on_timeout=True,
        recursive=watched.deep,
    )
    try:
        next(events)  # start watching now, so that no change during a check is missed
    except OSError as error:
        raise UsageError(f"the files cannot be watched: {error}") from None
    return (
        {path for _, full in found if (path := _relevant_path(full, watched))} for found in events
    )


def _relevant_path(full: str, watched: WatchScope) -> str | None:
    """The path of a relevant file, from the working folder; None for any other file."""
    folder = next((each for each in watched.folders if full.startswith(each)), "")
    hidden = any(part.startswith(".") for part in full[len(folder) :].split(os.sep)[:-1])
    if hidden or full.endswith(_LEFTOVERS):
        return None
    try:
        return os.path.relpath(full)
    except ValueError:  # on another drive of Windows
        return full
