"""What `flowdsl test` keeps on disk: which tests failed last, and the snapshots of prompts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

from flowdsl.host.folders import read_file
from flowdsl.host.writing import reason_of, remove_files, write_files
from flowdsl.incremental.index import UNTRACKED
from flowdsl.source.files import UnreadableFile, library_of
from flowdsl.testing.outcome import SNAPSHOT_ENDING, SNAPSHOT_FOLDER

from ...runtime.console import Console, UsageError
from ...runtime.target import CommandTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.testing.cases import Case
    from flowdsl.testing.suite import Suite

PLACE = ".flowdsl/cache/tests.json"
"""The file of a project that names the tests that failed last."""
_MAX_BYTES = 4_000_000
Key = tuple[str, str, str]
"""The file, the subject and the title of a test."""


def key_of(test: Case) -> Key:
    return test.module.source.path, test.subject, test.title


def read_failed(target: CommandTarget) -> set[Key]:
    """Return the tests that failed last; none if nothing is known."""
    if target.project is None:
        return set()
    try:
        content = read_file(target.full_path(PLACE), below=target.root, limit=_MAX_BYTES)
        failed = [] if content is None else json.loads(content)["failed"]
        return {(str(path), str(subject), str(title)) for path, subject, title in failed}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def write_failed(target: CommandTarget, ran: Iterable[tuple[Key, bool]], *, is_all: bool) -> None:
    """Keep which of the tests that ran failed; unless all ran, the others stay as they are.

    `ran` says of each whether it passed. If that cannot be written, the next command does not know.
    """
    if target.project is None or target.buffers:
        return
    known = read_failed(target)
    failed = set() if is_all else set(known)
    for key, passed in ran:
        (failed.discard if passed else failed.add)(key)
    if failed == known:
        return
    content = json.dumps({"failed": sorted(failed)}, ensure_ascii=False)
    try:
        files = {
            target.full_path(UNTRACKED): b"*\n",
            target.full_path(PLACE): content.encode("utf-8", "surrogatepass"),
        }
        write_files(files, below=target.root, durable=False)
    except (OSError, UnicodeError):
        return


def read_kept_snapshots(
    target: CommandTarget, tests: Sequence[Case]
) -> tuple[dict[str, str], dict[str, str]]:
    """Read the snapshots of tests, and why others are unreadable, both by project path."""
    from flowdsl.testing.cases import snapshot_paths

    found: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for path in snapshot_paths(tests):
        try:
            found[path] = target.files.read_text(path)
        except UnreadableFile as error:
            if not error.missing:
                unreadable[path] = error.reason
    return found, unreadable


def tell_unused(
    target: CommandTarget, used: Collection[str], console: Console, *, remove: bool
) -> None:
    """Report, or remove, snapshots next to a project's flows that no test compares with."""
    from pathlib import Path

    for folder in sorted({path.rpartition("/")[0] for path in target.entries}):
        place = Path(target.root, folder, SNAPSHOT_FOLDER)
        for file in () if place.is_symlink() else sorted(place.glob(f"*{SNAPSHOT_ENDING}")):
            path = f"{folder}/{SNAPSHOT_FOLDER}/{file.name}".removeprefix("/")
            if path in used:
                continue
            shown = target.show_path(path)
            if remove:
                try:
                    remove_files([str(file)], below=target.root)
                except OSError as error:
                    raise UsageError(f"`{shown}` cannot be removed: {reason_of(error)}") from None
                console.err(f"{shown} removed: no test compares with it")
            else:
                console.err(
                    f"warning: no test compares with the snapshot {shown}; `flowdsl test "
                    "--update` removes it"
                )


def update_snapshots(
    suite: Suite,
    target: CommandTarget,
    tests: Sequence[Case],
    snapshots: dict[str, str],
    console: Console,
) -> None:
    """Write missing and differing snapshots, and use the new texts from now on."""
    from flowdsl.testing.cases import snapshot_paths

    fresh = {
        path: suite.payload(case.workflow).prompt for path, case in snapshot_paths(tests).items()
    }
    stale = {path: prompt for path, prompt in fresh.items() if snapshots.get(path) != prompt}
    for path in stale:
        library = library_of(path)
        if library is not None:
            kept = target.library_refusal(library, "test --update .")
            raise UsageError(f"`{target.show_path(path)}` is not written from here: {kept}")
    contents = {target.full_path(path): prompt.encode() for path, prompt in stale.items()}
    try:
        write_files(contents, below=target.root, durable=False)
    except OSError as error:
        raise UsageError(f"the snapshots cannot be written: {reason_of(error)}") from None
    snapshots |= stale
    for path in stale:
        console.err(f"{target.show_path(path)} written")
