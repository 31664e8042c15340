"""The text of deployed files: of the project and of its libraries, now and in the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from flowdsl.host.disk import DiskFiles
from flowdsl.ir.source_map import text_digest
from flowdsl.source.files import MemoryFiles
from flowdsl.tracing.maps import FoundMap, Place
from flowdsl.tracing.sources import read_sources

THEN, NOW = 'flow 1\ntask enter() { do "Then" }\n', 'flow 1\ntask enter() { do "Now" }\n'
PATHS = ("flows/a.flow", "@epic//login.flow")


@pytest.fixture
def commit(tmp_path: Path) -> str:
    """A commit with a file of a project and one of a library; both have another text by now."""

    def git(*words: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@acme.test", "-c", "core.autocrlf=false"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    places = [tmp_path / "desk/flows/a.flow", tmp_path / "shared/epic/login.flow"]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_text(THEN)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    for place in places:
        place.write_text(NOW)
    return git("rev-parse", "HEAD")


def found(commit: str | None) -> FoundMap:
    places = {n: Place("do", path, 2, 16, 2, 25) for n, path in enumerate(PATHS, 1)}
    digests = dict.fromkeys(PATHS, text_digest(THEN))
    return FoundMap(places=places, digests=digests, commit=commit)


def test_a_file_of_a_library_is_found_in_the_commit(tmp_path: Path, commit: str) -> None:
    files = MemoryFiles(dict.fromkeys(PATHS, NOW))
    root, libraries = str(tmp_path / "desk"), {"epic": str(tmp_path / "shared/epic")}
    sources = read_sources(found(commit), files, root, libraries)
    assert {path: (each.now, each.where, each.line(2)) for path, each in sources.items()} == (
        dict.fromkeys(PATHS, ("moved", "commit", 'task enter() { do "Then" }'))
    )


def test_a_library_that_is_declared_no_longer_has_no_text(tmp_path: Path, commit: str) -> None:
    files = DiskFiles(str(tmp_path / "desk"))
    source = read_sources(found(commit), files, str(tmp_path / "desk"), {})[PATHS[1]]
    assert (source.now, source.lines) == ("gone", None)
