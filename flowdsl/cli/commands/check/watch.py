"""`flowdsl check --watch`: check again whenever a file changes."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Iterator
from typing import NoReturn

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.semantics.names.paths import find_files_taken_in
from flowdsl.source.failure import FlowdslError
from flowdsl.source.files import SUFFIX, UnreadableFile
from flowdsl.source.record import Record

from ...runtime.console import Console
from ...runtime.failure import UsageError, command_error
from ...runtime.target import Target

POLL = 100
"""Milliseconds until a watcher that sees nothing says so. The first check waits that long for the
watching to begin."""
NAMED = 3
"""The most changed files that are named."""

_LEFTOVERS = ("~", ".swp", ".swx", ".tmp")
"""Endings of files that editors put beside the one that they save."""


class WatchScope(Record, eq=True):
    """What is watched.

    For a project, that is its folder and those of its libraries, and all below them (`deep`); for
    files that stand alone, just their folders.
    """

    folders: frozenset[str]
    deep: bool


def watch_scope_of(target: Target, paths: Collection[str]) -> WatchScope:
    """Where the files of a check, `paths`, can change."""
    if target.project is not None or target.problems:
        return WatchScope(frozenset({target.root, *target.libraries.values()}), True)
    named = {each for path in paths for each in _find_files_taken_in(target, path)}
    folders = (os.path.join(target.root, *path.split("/")[:-1]) for path in {*paths, *named})
    return WatchScope(frozenset({target.root, *filter(os.path.isdir, folders)}), False)


def _find_files_taken_in(target: Target, path: str) -> tuple[str, ...]:
    try:
        return (
            find_files_taken_in(path, target.files.read_text(path)) if path.endswith(SUFFIX) else ()
        )
    except UnreadableFile:
        return ()


def check_forever(first: WatchScope, check: Callable[[], WatchScope], console: Console) -> NoReturn:
    """Check, and check again after every change; a signal ends it.

    A check that cannot be made says why, and waits for changes as well.
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
        gc.collect()  # a short command does without, but this one lives long
        changed = sorted(next(filter(None, changes)))
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        console.err(f"\n--- changed: {', '.join(map(make_printable, changed[:NAMED]))}{more} ---\n")


def _wait_for_changes(watched: WatchScope) -> Iterator[set[str]]:
    """The files that change from now on, by their paths from the working folder.

    Now and then the set is empty. Raises `UsageError` when watching is not possible.
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
        next(events)  # the watching begins here, so that nothing is missed during a check
    except OSError as error:
        raise UsageError(f"the files cannot be watched: {error}") from None
    return (
        {path for _, full in found if (path := _relevant_path(full, watched))} for found in events
    )


def _relevant_path(full: str, watched: WatchScope) -> str | None:
    """The path, from the working folder, of a file that may matter; None for any other."""
    folder = next((each for each in watched.folders if full.startswith(each)), "")
    hidden = any(part.startswith(".") for part in full[len(folder) :].split(os.sep)[:-1])
    if hidden or full.endswith(_LEFTOVERS):
        return None
    try:
        return os.path.relpath(full)
    except ValueError:  # another drive on Windows
        return full
