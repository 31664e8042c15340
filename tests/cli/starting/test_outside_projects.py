"""Commands that only look at an organisation work without a project, where nothing is open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdsl.cyberdesk.trust import OFFICIAL_HOST
from flowdsl.emulator.app import create_app
from flowdsl.emulator.clock import system_clock
from tests.support.command_line import Result, read_tree, run_here
from tests.support.services.embedded_service import Client
from tests.support.services.memory_store import MemoryStore
from tests.support.services.official import officially
from tests.support.services.served import Server

SENTENCE = "error: there is no `flowdsl.toml` in this folder or above; `flowdsl init` makes one"
KEY = "cd-canary-5523"
LISTS = ("machines", "pools", "connections", "trajectories", "models", "tags")


class Organisation:
    """An organisation at the official address, and a folder that belongs to no project."""

    def __init__(self, folder: Path, server: Server, network: dict[str, str]) -> None:
        self.folder, self.server, self._network = folder, server, network

    def __call__(self, *words: str, **environ: str) -> Result:
        return run_here(self.folder, *words, **{"NO_PROXY": ""} | self._network | environ)


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    folder = tmp_path_factory.mktemp("nowhere")
    with MemoryStore(system_clock) as store:
        client = Client(store)
        for number, name in enumerate(("front-desk", "back-office")):
            body = {"fingerprint": f"f{number}", "unkey_key_id": "k", "name": name}
            assert client("POST", "machines", json=body).is_success
        server = Server(create_app(store, allowed_hosts={OFFICIAL_HOST}))
        with officially(server, tmp_path_factory.mktemp("certificates")) as network:
            yield Organisation(folder, server, network)


def test_machines_are_listed_with_the_key_of_the_environment(organisation: Organisation) -> None:
    told = organisation("machines", "list", "--json", CYBERDESK_API_KEY=KEY)
    assert told.code == 0, told.err
    answer = json.loads(told.out)
    assert answer["environment"] == OFFICIAL_HOST
    assert [each["name"] for each in answer["items"]] == ["back-office", "front-desk"]
    assert organisation.server.seen[-1] == ("GET", "/v1/machines", f"Bearer {KEY}")
    shown = organisation("machines", "show", "front-desk", CYBERDESK_API_KEY=KEY)
    assert shown.code == 0 and "front-desk" in shown.text
    assert KEY not in told.text + told.err + shown.text + shown.err
    assert read_tree(organisation.folder) == {}


@pytest.mark.parametrize("words", [*(f"{each} list" for each in LISTS), "usage"])
def test_whatever_only_reads_needs_no_project(organisation: Organisation, words: str) -> None:
    done = organisation(*words.split(), CYBERDESK_API_KEY=KEY)
    assert done.code == 0, done.err
    assert read_tree(organisation.folder) == {}


def test_a_workflow_is_named_by_its_title(organisation: Organisation) -> None:
    done = organisation("usage", "--workflow", "No such", CYBERDESK_API_KEY=KEY)
    assert (done.code, done.out) == (64, b"")
    assert "`No such`" in done.err and "state" not in done.err


@pytest.mark.parametrize(
    ("words", "environ", "otherwise"),
    [
        ("machines list", {}, "set `CYBERDESK_API_KEY` to look at its organisation"),
        ("machines list", {"CYBERDESK_API_KEY": ""}, "set `CYBERDESK_API_KEY` to look at its org"),
        ("machines list --env prod", {"CYBERDESK_API_KEY": KEY}, "leave out `--env` to look at"),
        (
            "pools list",
            {"CYBERDESK_API_KEY": KEY, "FLOWDSL_ENV": "prod"},
            "unset `FLOWDSL_ENV` to look at the organisation of `CYBERDESK_API_KEY`",
        ),
        ("machines check", {"CYBERDESK_API_KEY": KEY}, ""),
        ("trajectories approve nightly", {"CYBERDESK_API_KEY": KEY}, ""),
        ("trajectories set-main nightly", {"CYBERDESK_API_KEY": KEY}, ""),
    ],
)
def test_what_is_open_or_writes_needs_one(
    organisation: Organisation, words: str, environ: dict[str, str], otherwise: str
) -> None:
    seen = len(organisation.server.seen)
    done = organisation(*words.split(), **environ)
    assert (done.code, done.out) == (64, b"")
    (line,) = done.err.splitlines()
    assert line.startswith(f"{SENTENCE}, or {otherwise}" if otherwise else SENTENCE)
    assert len(organisation.server.seen) == seen


def test_a_project_decides_alone(organisation: Organisation, tmp_path: Path) -> None:
    (tmp_path / "flowdsl.toml").write_text('[project]\nname = "a"\nid = "prj_a"\n')
    seen = len(organisation.server.seen)
    done = organisation("-C", str(tmp_path), "machines", "list", CYBERDESK_API_KEY=KEY)
    assert done.code == 64 and "the project declares no environment" in done.err
    assert len(organisation.server.seen) == seen
