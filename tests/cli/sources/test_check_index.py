"""The index of a project.

A second check of the real command line does not read what has not changed, and says the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from flowdsl.cli.runtime import target
from flowdsl.incremental import work
from tests.support.command_line import run_command, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
FLOW = 'flow 1\n\n## Opens it.\nworkflow open_{name} {{ steps {{ do "Open {{{name}}}" }} }}\n'
INDEX = ".flowdsl/cache/check.json"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(target, "INDEX_FROM", 4)
    names = ("chart", "ledger", "portal")
    flows = {f"flows/{name}.flow": FLOW.format(name=name) for name in names}
    clean = FLOW.replace("{{{name}}}", "it")
    flows["flows/more.flow"] = clean.format(name="more")
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, **flows})
    for path in flows:
        os.utime(tmp_path / path, (1_000_000_000, 1_000_000_000))
    return tmp_path


def check(project: Path, *words: str, **environ: str) -> bytes:
    cache = str(project.parent / f"{project.name}-cache")
    ci, cache = environ.get("CI", ""), environ.get("XDG_CACHE_HOME", cache)
    words = ("check", "--format", "json", *words)
    return run_here(project, *words, CI=ci, XDG_CACHE_HOME=cache).out


def changed_word(project: Path) -> bytes:
    """The body of the index with another message in place of one that it holds."""
    document = json.loads((project / INDEX).read_bytes()[65:])
    document["groups"][0][4][0][2] = "told from the index"
    return json.dumps(document).encode()


def test_a_second_check_says_the_same_from_the_index(project: Path) -> None:
    first = check(project)
    assert len(json.loads(first)["diagnostics"]) == 3
    # What is told comes from the index: a changed word of it shows, sealed with the secret.
    body = changed_word(project)
    key = project.parent / f"{project.name}-cache/flowdsl/index.key"
    secret = key.read_bytes()
    assert (len(secret), key.stat().st_mode & 0o777) == (32, 0o600)
    signed = os.fsencode(os.path.realpath(project)) + f"\0{INDEX}\0".encode() + body
    seal = hashlib.blake2b(signed, key=secret, digest_size=32).hexdigest().encode()
    (project / INDEX).write_bytes(seal + b"\n" + body)
    assert b"told from the index" in check(project)
    assert check(project, CI="true") == first, "a build does not read it"


def test_an_index_that_came_with_a_repository_is_not_read(project: Path) -> None:
    first = check(project)
    elsewhere = {"XDG_CACHE_HOME": str(project.parent / f"{project.name}-other")}
    seal = (project / INDEX).read_bytes()[:65]
    for forged in (changed_word(project), seal + changed_word(project)):
        (project / INDEX).write_bytes(forged)
        assert check(project) == first
        assert check(project, **elsewhere) == first
        assert check(project) == first


def test_a_build_writes_no_index(project: Path) -> None:
    first = check(project, CI="true")
    assert not (project / INDEX).exists()
    assert check(project) == first
    assert (project / INDEX).exists()


def test_a_secret_that_a_repository_may_hold_is_none(project: Path) -> None:
    """As where the home of a build lies in its checkout."""
    first = check(project)
    (project / INDEX).unlink()
    (project / "flowdsl").mkdir()
    (project / "flowdsl/index.key").write_bytes(b"k" * 32)
    (project / "flowdsl/index.key").chmod(0o600)
    assert check(project, XDG_CACHE_HOME=str(project)) == first
    assert not (project / INDEX).exists()


def test_a_secret_that_is_no_secret_is_made_anew(project: Path) -> None:
    check(project)
    key = project.parent / f"{project.name}-cache/flowdsl/index.key"
    for content, mode in ((b"short", 0o600), (b"k" * 32, 0o644), (b"k" * 33, 0o600)):
        key.write_bytes(content)
        key.chmod(mode)
        check(project)
        assert key.read_bytes()[:2] != content[:2]
        assert (key.stat().st_size, key.stat().st_mode & 0o777) == (32, 0o600)


def test_a_change_is_seen_and_the_others_stay(project: Path) -> None:
    check(project)
    mended = FLOW.format(name="chart").replace("{chart}", "the chart")
    (project / "flows/chart.flow").write_text(mended)
    found = json.loads(check(project))["diagnostics"]
    assert [each["path"] for each in found] == ["flows/ledger.flow", "flows/portal.flow"]


def test_a_change_of_a_file_that_a_const_takes_in_is_seen(project: Path) -> None:
    flow = FLOW.format(name="chart").replace("{chart}", "{words}")
    flow = flow.replace("flow 1\n", 'flow 1\nconst words from "../words.md"\n')
    write_tree(project, {"flows/chart.flow": flow, "words.md": "the chart\n"})
    check(project)
    assert len(json.loads(check(project))["diagnostics"]) == 2
    (project / "words.md").write_text("a \0 b\n")
    found = json.loads(check(project))["diagnostics"]
    assert [each["name"] for each in found] == ["unreadable-file", *["undeclared-name"] * 2]
    (project / "words.md").write_text("the chart again\n")
    assert len(json.loads(check(project))["diagnostics"]) == 2


def test_another_project_file_makes_the_index_void(project: Path) -> None:
    check(project)
    lint = '\n[[lint.forbid]]\ntext = "Open"\nmessage = "no"\n'
    (project / "flowdsl.toml").write_text(PROJECT + lint)
    names = {each["name"] for each in json.loads(check(project))["diagnostics"]}
    assert "forbidden-words" in names


def test_an_index_that_cannot_be_written_changes_nothing(project: Path) -> None:
    expected = check(project)
    (project / INDEX).unlink()
    (project / INDEX).mkdir()
    assert check(project) == expected


def test_several_processes_find_the_same(project: Path) -> None:
    extra = {
        f"flows/w{number}.flow": FLOW.format(name=f"w{number}")
        for number in range(work.POOL_FROM + 1)
    }
    write_tree(project, extra)
    one = check(project, "--jobs", "1")
    (project / INDEX).unlink()
    # The command forks, which nobody should where threads run as in a worker of the tests.
    shared = run_command(project, "check", "--format", "json", "--jobs", "2", CI="true")
    assert shared.out == one
    assert len(json.loads(one)["diagnostics"]) == len(extra) + 3


def test_an_import_that_is_proposed_follows_files_that_nothing_connects(project: Path) -> None:
    """The finding of one file is stored, and what other files declare is not."""

    first = check(project)
    write_tree(project, {"flows/consts.flow": 'flow 1\nconst portal = "https://a.test"\n'})
    found = check(project)
    assert b'import { portal } from \\"./consts.flow\\"' in found
    assert b"unused-const" not in found
    (project / "flows/consts.flow").unlink()
    assert check(project) == first
