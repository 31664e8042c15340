"""Real processes: first deploys at once, and deploys that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowdsl.emulator.store import Store
from flowdsl.state.stores import open_store


def start(root: Path, later: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.deploy_process", str(root), str(later)],
        stdout=subprocess.PIPE,
        text=True,
    )


def check_three_workflows(root: Path) -> None:
    versioned = open_store("file", root=root, project="prj_1", environment="test").load()
    assert versioned is not None
    document = versioned.document
    assert document.lease is None and document.pending == ()
    ids = {resource.id for resource in document.resources.values()}
    assert document.resources.keys() == {"workflow.a", "workflow.b", "workflow.c"}
    with Store.open(root / "emulator.sqlite") as store, store.read("org_local") as transaction:
        rows = transaction.connection.exec_driver_sql("SELECT id FROM workflows").scalars()
        assert sorted(rows) == sorted(ids)


def test_first_deploys_at_once_make_each_workflow_once(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    statuses = [process.communicate(timeout=120)[0] for process in processes]

    assert sorted(status.split("\n")[0] for status in statuses) == [
        "done",
        "nothing_to_do",
        "nothing_to_do",
    ], statuses
    check_three_workflows(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killing_a_deploy_as_it_writes_leaves_what_the_next_one_heals(tmp_path: Path) -> None:
    state = tmp_path / ".flowdsl/state/test.json"
    process = start(tmp_path)
    while process.poll() is None and not (state.exists() and '"create"' in state.read_text()):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()

    # A minute later, when no request of the killed process can still be on its way.
    status = start(tmp_path, later=60).communicate(timeout=120)[0]

    assert status.split("\n")[0] in ("done", "nothing_to_do"), status
    check_three_workflows(tmp_path)
