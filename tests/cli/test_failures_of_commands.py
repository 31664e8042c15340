"""The exit code of each command for each failure of service and state: scripts rely on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import patch

import pytest

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.transport import Sender
from flowdsl.source.failure import FlowdslError
from flowdsl.state import errors as state_errors
from flowdsl.state.stores.file import FileStore
from tests.support.command_line import LOCAL_PROJECT, SMALL_FLOW, run_here
from tests.support.effort import rows

SERVICE: dict[str, FlowdslError] = {
    "refused": errors.AuthenticationRefused("no", status=401),
    "missing": errors.NotFound("no", status=404),
    "limited": errors.RateLimited("no", status=429),
    "away": errors.ServiceUnreachable("no"),
    "unknown": errors.ServiceFailure("no", status=502, outcome_unknown=True),
}
STATE: dict[str, FlowdslError] = {
    "corrupt": state_errors.CorruptState("no"),
    "busy": state_errors.StoreBusy("no"),
}

CODES = [
    ("plan", "4 11 11 11 11", "10 10"),
    ("pull look_up --diff", "4 11 11 11 11", "10 10"),
    ("runs show 3f2c", "4 6 11 11 11", "64 64"),
    ("runs delete 3f2c --yes", "4 11 11 11 8", "64 64"),
    ("machines check", "4 11 11 11 8", "10 5"),
    ("tags delete x --yes", "4 11 11 11 8", "64 64"),
    ("destroy --yes --accept-guard deletes=1", "4 11 11 11 11", "10 10"),
    ("state show", "0 0 0 0 0", "10 5"),
    ("unlock --lock-id x --yes", "6 6 6 6 6", "10 5"),
    ("import --all -o out", "4 11 11 11 11", "10 10"),
    ("restore look_up", "4 11 11 11 11", "10 10"),
    ("diff", "4 11 11 11 11", "10 10"),
    ("restore look_up --version 1 --yes", "4 11 11 11 11", "10 10"),
    ("trace 3f2c", "4 11 11 11 11", "64 64"),
    ("runs list", "4 6 11 11 11", "0 0"),
    ("runs watch 3f2c", "4 6 11 11 11", "64 64"),
    ("runs cancel 3f2c --yes", "4 6 11 11 11", "64 64"),
    ("runs retry 3f2c --yes", "4 6 11 11 11", "64 64"),
    ("machines list", "4 11 11 11 8", "0 0"),
    ("tags list", "4 11 11 11 8", "0 0"),
    ("trajectories list", "4 11 11 11 8", "0 0"),
    ("health", "4 11 11 11 8", "0 0"),
    ("usage", "4 11 11 11 8", "0 0"),
    ("deploy --yes", "4 11 11 11 11", "10 10"),
    ("recover --yes", "0 0 0 0 0", "10 10"),
    ("state rebuild --yes", "4 11 11 11 11", "10 10"),
    ("state list", "0 0 0 0 0", "10 5"),
    ("state unprotect look_up --yes", "0 0 0 0 0", "10 5"),
    ("state mv look_up look_up --yes", "64 64 64 64 64", "10 5"),
    ("state migrate --yes --to file:.flowdsl/state/prod.json", "0 10 10 10 10", "10 5"),
    ("ids export", "0 0 0 0 0", "10 5"),
]
"""A command line, and what it exits with for each of `SERVICE`, and for each of `STATE`."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one workflow, deployed to its embedded service."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "flowdsl.toml").write_text(LOCAL_PROJECT)
    (folder / "flows").mkdir()
    (folder / "flows/look_up.flow").write_text(SMALL_FLOW)
    assert run_here(folder, "deploy", "--yes").code == 0
    return folder


def codes_of(folder: Path, command: str, owner: type, name: str, failures: object) -> str:
    """What the command exits with where a call of the service, or of the store, fails."""
    assert isinstance(failures, dict)
    codes = []
    for failure in failures.values():
        with patch.object(owner, name, side_effect=failure):
            codes.append(str(run_here(folder, *command.split(), CI="").code))
    return " ".join(codes)


@pytest.mark.parametrize(("command", "of_service", "of_state"), rows(CODES, *range(10)))
def test_a_failure_has_the_exit_code_that_scripts_know(
    deployed: Path, tmp_path: Path, command: str, of_service: str, of_state: str
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(deployed, folder)
    assert codes_of(folder, command, Sender, "_send_in_time", SERVICE) == of_service
    assert codes_of(folder, command, FileStore, "load", STATE) == of_state


def test_a_run_that_cannot_be_made_has_the_exit_code_that_scripts_know(deployed: Path) -> None:
    # The other failures are waited for.
    failures = {name: SERVICE[name] for name in ("refused", "missing")}
    assert codes_of(deployed, "run look_up --no-ledger", Sender, "_send_in_time", failures) == "4 6"
    assert codes_of(deployed, "run look_up", FileStore, "load", STATE) == "10 10"
