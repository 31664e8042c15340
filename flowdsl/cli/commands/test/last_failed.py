"""The tests that failed last, in `.flowdsl/cache/tests.json` of a project."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from flowdsl.incremental.index import UNTRACKED
from flowdsl.testing.cases import Case
from flowdsl.testing.outcome import Result

from ...runtime.target import CommandTarget

PLACE = ".flowdsl/cache/tests.json"
_MAX_BYTES = 4_000_000
Key = tuple[str, str, str]
"""The file, the subject and the title of a test."""


def key_of(test: Case) -> Key:
    return test.module.source.path, test.subject, test.title


def read_failed(target: CommandTarget) -> set[Key]:
    """Return the tests that failed last; none if nothing is known."""
    from flowdsl.host.folders import read_file

    if target.project is None:
        return set()
    try:
        content = read_file(_place_in(target), below=target.root, limit=_MAX_BYTES)
        failed = [] if content is None else json.loads(content)["failed"]
        return {(str(path), str(subject), str(title)) for path, subject, title in failed}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def write_failed(
    target: CommandTarget, ran: Iterable[tuple[Case, Result]], *, is_all: bool
) -> None:
    """Keep which of the tests that ran failed; unless all ran, the others stay as they are.

    If it cannot be written, the next command does not know it.
    """
    from flowdsl.host.writing import write_files

    if target.project is None or target.buffers:
        return
    known = read_failed(target)
    failed = set() if is_all else set(known)
    for test, result in ran:
        (failed.discard if result.passed else failed.add)(key_of(test))
    if failed == known:
        return
    content = json.dumps({"failed": sorted(failed)}, ensure_ascii=False)
    try:
        untracked = os.path.join(target.root, *UNTRACKED.split("/"))
        files = {untracked: b"*\n", _place_in(target): content.encode("utf-8", "surrogatepass")}
        write_files(files, below=target.root, durable=False)
    except (OSError, UnicodeError):
        return


def _place_in(target: CommandTarget) -> str:
    return os.path.join(target.root, *PLACE.split("/"))
