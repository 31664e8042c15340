"""The commands about machines, pools, connections, recordings, models, tags and usage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowdsl.emulator.store import Store
from tests.support.command_line import Result, read_tree, run_here, write_tree
from tests.support.services.embedded_service import Client

PROJECT = """\
[project]
name = "harbour"
id = "prj_harbour"

[env.local]
api = "local"
"""
FLOW = """\
flow 1

workflow look_up {
  title = "Look up a patient"
  inputs {
    site: string @machine
    desk: string @machine @wire("desk-no")
    floor: string? @machine
    day: string
  }
  secrets {
    password: string @machine
  }
  steps {
    step "Open the record" {
      do "Open {site} at {desk} for {day}." type floor into "the floor"
      type $password into "the password field"
    }
  }
}

workflow close_day {
  steps {
    do "Press Close."
  }
}
"""
HOSTILE = "desk\x1b[31m\u202e\nerror: gone"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Desk:
    """A deployed project, and the service behind it."""

    def __init__(self, root: Path, client: Client) -> None:
        self.root = root
        self._client = client

    def __call__(self, *words: str) -> Result:
        return run_here(self.root, *words, CI="")

    def items(self, *words: str) -> list[dict[str, Any]]:
        """The rows of a list, as programs get them."""
        answer = self.answer(*words)
        assert answer["total"] == len(answer["items"])
        found: list[dict[str, Any]] = answer["items"]
        return found

    def answer(self, *words: str, code: int = 0) -> dict[str, Any]:
        done = self(*words, "--json")
        assert done.code == code, done.err
        answer: dict[str, Any] = json.loads(done.out)
        assert answer["format_version"] == 1 and answer["environment"] == "local"
        return answer

    def send(self, method: str, path: str, **given: Any) -> Any:
        reply = self._client(method, path, **given)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def machine(self, name: str | None, **values: Any) -> Any:
        body = {"fingerprint": "f", "unkey_key_id": "key-canary", "name": name, **values}
        return self.send("POST", "machines", json=body)

    def pool(self, name: str, *machines: Any, **values: Any) -> Any:
        made = self.send("POST", "pools", json={"name": name, **values})
        if machines:
            ids = {"machine_ids": [each["id"] for each in machines]}
            self.send("POST", f"pools/{made['id']}/machines", json=ids)
        return made

    def workflow(self, name: str = "look_up") -> str:
        """The id of a deployed workflow."""
        state = json.loads((self.root / ".flowdsl/state/local.json").read_bytes())
        found: str = state["resources"][f"workflow.{name}"]["id"]
        return found

    def trajectory(self, name: str | None, **values: Any) -> Any:
        body = {
            "workflow_id": self.workflow(),
            "name": name,
            "trajectory_data": [{"func_name": "click", "args": [1, 2]}],
            "dimensions": {"width": 1024, "height": 768},
            **values,
        }
        return self.send("POST", "trajectories", json=body)

    def approved(self) -> dict[str, bool]:
        rows = self.send("GET", "trajectories", params={"is_generated": False})["items"]
        return {row["name"]: row["is_approved"] for row in rows}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a project after its first deploy."""
    root = tmp_path_factory.mktemp("harbour")
    write_tree(root, {"flowdsl.toml": PROJECT, "flows/desk.flow": FLOW})
    done = run_here(root, "deploy", "--yes", CI="")
    assert done.code == 0, done.err
    return read_tree(root)


@pytest.fixture
def desk(tmp_path: Path, deployed: dict[str, bytes]) -> Iterator[Desk]:
    write_tree(tmp_path, dict(deployed))
    with Store.open(tmp_path / ".flowdsl/emulator.sqlite") as store:
        yield Desk(tmp_path, Client(store))


def ok(done: Result) -> str:
    assert done.code == 0, done.err
    return done.text


def refused(done: Result) -> str:
    assert (done.code, done.out) == (64, b""), done.err
    return done.err


def test_machines_are_listed_filtered_and_shown(desk: Desk) -> None:
    first = desk.machine(
        "desk-1",
        hostname="HOST-1",
        machine_parameters={"site": "north", "rooms": [1, {"a": None}]},
        machine_sensitive_parameters={"password": "hunter2"},
    )
    second = desk.machine("desk-2", hostname="HOST-2")
    desk.send("PATCH", f"machines/{second['id']}", json={"status": "disconnected"})
    desk.pool("reception", first)

    lines = ok(desk("machines", "list")).splitlines()
    assert lines[0].split() == [
        *("ID", "NAME", "STATUS", "FREE", "HOST", "POOLS", "PARAMETERS", "LAST", "SEEN")
    ]
    assert lines[1].startswith(f"{first['id']}  desk-1  connected") and "reception" in lines[1]
    assert lines[2].startswith(f"{second['id']}  desk-2  disconnected")

    def names(*filters: str) -> list[str]:
        return [row["name"] for row in desk.items("machines", "list", *filters)]

    assert names() == ["desk-1", "desk-2"]
    assert names("--status", "disconnected") == ["desk-2"]
    assert names("--name", "desk-1") == ["desk-1"]
    assert names("--search", "host-2") == ["desk-2"]
    assert names("--pool", "reception") == ["desk-1"]
    assert names("--created-from", second["created_at"]) == ["desk-2"]
    assert names("--created-to", first["created_at"]) == ["desk-1"]

    by_name = desk.answer("machines", "show", "desk-1")
    assert by_name == desk.answer("machines", "show", first["id"])
    assert by_name["kind"] == "machine"
    item = by_name["item"]
    assert item["machine_parameters"] == {"site": "north", "rooms": [1, {"a": None}]}
    assert item["machine_sensitive_parameters"] == ["password"]
    assert [pool["name"] for pool in item["pools"]] == ["reception"]
    shown = ok(desk("machines", "show", "desk-1"))
    assert "machine parameters: site" in shown and '[1, {"a": null}]' in shown
    assert "key-canary" not in shown + json.dumps(by_name)


def test_a_name_that_means_nothing_or_several_things(desk: Desk) -> None:
    ids = sorted(desk.machine("desk-1", hostname=host)["id"] for host in ("A", "B"))
    desk.machine(None)

    several = refused(desk("machines", "show", "desk-1")).splitlines()
    assert several[0] == "error: `desk-1` is the name of 2 machines; write the id of one"
    assert sorted(line.split()[1] for line in several[1:]) == ids
    assert refused(desk("machines", "show", "desk-l")) == (
        "error: there is no machine `desk-l`; `desk-1` exists\n"
    )
    assert refused(desk("pools", "show", "x")) == (
        "error: there is no pool `x`; there are no pools with a name\n"
    )
    for command in ("machines", "pools", "connections", "trajectories", "models", "tags"):
        missing = refused(desk(command, "show", UNKNOWN))
        assert missing.endswith(f"`{UNKNOWN}` in this organisation\n")


def test_pools_are_listed_and_shown_with_their_machines(desk: Desk) -> None:
    machine = desk.machine("desk-1")
    desk.machine("desk-2")
    pool = desk.pool("reception", machine, pool_parameters={"site": "south"})
    desk.pool("archive")

    lines = ok(desk("pools", "list")).splitlines()
    assert [line.split()[1] for line in lines] == ["NAME", "archive", "reception"]
    (row,) = desk.items("pools", "list", "--machine", "desk-1")
    assert (row["id"], row["machine_count"]) == (pool["id"], 1)
    item = desk.answer("pools", "show", "reception")["item"]
    assert [each["name"] for each in item["machines"]] == ["desk-1"]
    assert item["pool_parameters"] == {"site": "south"}


def test_connections_are_listed_newest_first_with_the_names_of_machines(desk: Desk) -> None:
    machine, other = desk.machine("desk-1"), desk.machine("desk-2")
    made = [
        desk.send("POST", "connections", json={"websocket_id": "w", "machine_id": each["id"]})
        for each in (machine, machine, other)
    ]
    desk.send("PATCH", f"connections/{made[0]['id']}", json={"status": "error"})

    rows = desk.items("connections", "list")
    assert [row["id"] for row in rows] == [each["id"] for each in reversed(made)]
    assert [row["machine"] for row in rows] == ["desk-2", "desk-1", "desk-1"]
    assert [row["id"] for row in desk.items("connections", "list", "--machine", "desk-2")] == [
        made[2]["id"]
    ]
    (failed,) = desk.items("connections", "list", "--status", "error")
    assert failed["id"] == made[0]["id"]
    assert "desk-1" in ok(desk("connections", "list"))
    assert desk.answer("connections", "show", made[0]["id"])["item"]["status"] == "error"


def test_recordings_are_listed_with_their_workflows(desk: Desk) -> None:
    morning = desk.trajectory("morning", description="first")
    evening = desk.trajectory("evening", is_approved=True)
    desk.trajectory("closing", workflow_id=desk.workflow("close_day"))

    def names(*filters: str) -> list[str]:
        return [row["name"] for row in desk.items("trajectories", "list", *filters)]

    assert names() == ["closing", "evening", "morning"]
    assert names("--workflow", "look_up") == ["evening", "morning"]
    assert names("--workflow", "workflow.close_day") == ["closing"]
    assert names("--workflow", "Look up a patient") == ["evening", "morning"]
    assert names("--workflow", desk.workflow()) == ["evening", "morning"]
    assert names("--approved") == ["evening"]
    assert names("--unapproved") == ["closing", "morning"]
    assert names("--generated") == []
    assert names("--recorded", "--search", "first") == ["morning"]
    assert names("--created-to", morning["created_at"]) == ["morning"]
    assert names("--updated-from", evening["updated_at"]) == ["closing", "evening"]
    assert names("--run", UNKNOWN) == []
    assert "workflow.look_up" in ok(desk("trajectories", "list"))
    shown = desk.answer("trajectories", "show", "morning")["item"]
    assert shown["workflow"] == "workflow.look_up"
    assert shown["trajectory_data"][0]["func_name"] == "click"
    assert "1 item" in ok(desk("trajectories", "show", "morning"))
    assert "`look_up`" not in refused(desk("trajectories", "list", "--workflow", "lok_up"))


def test_recordings_are_approved_unapproved_and_made_the_main_one(desk: Desk) -> None:
    morning, _ = desk.trajectory("morning"), desk.trajectory("evening")

    done = desk("trajectories", "approve", "morning", "evening")
    assert (done.code, done.out) == (0, b"")
    assert done.err.splitlines()[0] == f"{morning['id']} morning is approved"
    assert desk.approved() == {"morning": True, "evening": True}

    before = desk.send("GET", f"trajectories/{morning['id']}")
    again = desk("trajectories", "approve", morning["id"])
    assert again.err == f"{morning['id']} morning is approved already\n"
    assert desk.send("GET", f"trajectories/{morning['id']}") == before

    (row,) = desk.items("trajectories", "unapprove", "evening")
    assert (row["name"], row["is_approved"]) == ("evening", False)
    assert desk.approved() == {"morning": True, "evening": False}

    assert desk("trajectories", "set-main", "morning").err.endswith("is the main one\n")
    only = desk("trajectories", "set-main", "evening")
    assert "note: runs replay it only once it is approved" in only.err
    rows = desk.items("trajectories", "list")
    assert {row["name"]: row["is_main"] for row in rows} == {"morning": False, "evening": True}


def test_nothing_is_approved_where_one_name_is_wrong(desk: Desk) -> None:
    for name in ("morning", "same", "same"):
        desk.trajectory(name)
    assert "2 trajectories" in refused(desk("trajectories", "approve", "morning", "same"))
    assert "`morning` exists" in refused(desk("trajectories", "approve", "morning", "mornign"))
    assert not any(desk.approved().values())


def test_models_are_listed_and_shown_without_their_keys(desk: Desk) -> None:
    body = {"name": "House model", "provider": "anthropic", "model": "m-1", "api_key": "hunter2"}
    made = desk.send("POST", "model-configurations", json=body)

    (own,) = desk.items("models", "list", "--own")
    assert (own["id"], own["has_api_key"], own["is_archived"]) == (made["id"], True, False)
    system = desk.items("models", "list", "--system", "--active")
    assert system and all(row["is_system_default"] for row in system)
    main = desk.items("models", "list", "--computer-use")
    assert main and all(row["is_computer_use_model"] for row in main)
    assert desk.items("models", "list", "--archived") == []
    assert "House model" in ok(desk("models", "list"))
    assert desk.answer("models", "show", "House model")["item"] == own
    assert "hunter2" not in ok(desk("models", "show", "House model"))
    assert "not allowed with" in refused(desk("models", "list", "--own", "--system"))


def test_tags_are_listed_with_their_groups(desk: Desk) -> None:
    group = desk.send("POST", "workflow-tag-groups", json={"name": "stage"})
    live = desk.send("POST", "workflow-tags", json={"name": "live", "group_id": group["id"]})
    old = desk.send("POST", "workflow-tags", json={"name": "old"})
    desk.send("POST", f"workflow-tags/{old['id']}/archive")
    desk.send("POST", f"workflows/{desk.workflow()}/tags", json={"tag_ids": [live["id"]]})

    assert [row["name"] for row in desk.items("tags", "list")] == ["live"]
    assert [row["name"] for row in desk.items("tags", "list", "--archived")] == ["old", "live"]
    (row,) = desk.items("tags", "list", "--group", "stage")
    assert (row["group"], row["workflow_count"]) == ("stage", 1)
    assert "stage" in ok(desk("tags", "list"))
    assert desk.answer("tags", "show", "old")["item"]["is_archived"] is True
    assert "`stage` exists" in refused(desk("tags", "list", "--group", "stag"))


def test_an_empty_list_says_so_to_people_and_programs(desk: Desk) -> None:
    done = desk("pools", "list")
    assert (done.code, done.out, done.err) == (0, b"", "no pools found in local\n")
    assert desk.items("pools", "list", "--json") == []


def test_names_that_drive_a_terminal_are_shown_and_bounded(desk: Desk) -> None:
    desk.machine(HOSTILE, hostname="h" * 5000, machine_parameters={HOSTILE: HOSTILE})
    desk.machine(HOSTILE)
    desk.machine("検査" * 200)
    for words in (
        ("machines", "list"),
        ("machines", "show", "検査" * 200),
        ("machines", "show", HOSTILE),
        ("machines", "show", HOSTILE + "x"),
        ("machines", "check", "--all"),
    ):
        done = desk(*words)
        shown = done.text + done.err
        assert "\x1b" not in shown and "\u202e" not in shown
        assert not any(line.startswith("error: gone") for line in shown.splitlines())
        if words[1] == "list":
            assert "desk\\x1b[31m\\u202e" in shown
            assert max(map(len, shown.splitlines())) < 250


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("usage", "--from", "yesterday"), "`yesterday` is not a day such as"),
        (("usage", "--from", "2026-11-02", "--to", "2026-11-01"), "which is not after"),
        (("machines", "list", "--status", "asleep"), "invalid choice: 'asleep'"),
        (("machines", "list", "--created-from", "0001-01-01T00:00+23:00"), "is not a day"),
        (("trajectories", "approve"), "required: TRAJECTORY"),
    ],
)
def test_mistakes_on_the_command_line(desk: Desk, words: tuple[str, ...], said: str) -> None:
    assert said in refused(desk(*words))


COMPLETE = {
    "machine_parameters": {"site": "north", "desk-no": "7"},
    "machine_sensitive_parameters": {"password": "hunter2"},
}


def test_machines_that_give_all_that_flows_take(desk: Desk) -> None:
    nobody = desk("machines", "check")
    assert nobody.code == 1 and "there is no machine" in nobody.err
    desk.machine("desk-1", **COMPLETE)
    done = desk("machines", "check")
    assert (done.code, done.out) == (0, b"")
    assert done.err == "1 machine, 2 workflows of local: nothing is missing\n"
    rows = desk.answer("machines", "check")["items"]
    assert {row["parameter"]: row["supplied_by"] for row in rows} == {
        "site": "machine",
        "desk-no": "machine",
        "floor": None,
        "password": "machine",
    }
    assert "nothing; it is optional" in ok(desk("machines", "check", "--all"))


def test_parameters_that_a_machine_lacks(desk: Desk) -> None:
    """A parameter without a value gives nothing, nor does a plain one where a secret is taken."""
    desk.machine("desk-1", **COMPLETE)
    lacking = {"site": "__EMPTY__", "desk-no": "", "password": "plain"}
    desk.machine("desk-2", machine_parameters=lacking)

    done = desk("machines", "check")
    assert done.code == 1
    assert [line.split() for line in done.text.splitlines()] == [
        ["MACHINE", "WORKFLOW", "PARAMETER", "SUPPLIED", "BY"],
        ["desk-2", "workflow.look_up", "site", "missing"],
        ["desk-2", "workflow.look_up", "desk-no", "missing"],
        ["desk-2", "workflow.look_up", "$password", "missing"],
    ]
    assert done.err == "2 machines, 2 workflows of local: 3 parameters missing\n"
    assert desk.answer("machines", "check", code=1)["missing"] == 3
    assert desk("machines", "check", "desk-1").code == 0
    assert desk("machines", "check", "--workflow", "close_day").code == 0
    assert "`workflow.look_up`" in refused(desk("machines", "check", "--workflow", "look"))


def test_a_pool_gives_what_a_machine_lacks_to_runs_that_select_it(desk: Desk) -> None:
    machine = desk.machine("desk-1", machine_parameters={"desk-no": "7"})
    desk.pool(
        "reception",
        machine,
        pool_parameters={"site": "south", "desk-no": "1"},
        pool_sensitive_parameters={"password": "hunter2"},
    )
    desk.pool("archive", machine)

    done = desk("machines", "check")
    assert done.code == 0
    assert done.text.count("pool reception, in runs that select it") == 2
    rows = desk.answer("machines", "check", "--pool", "reception")["items"]
    assert {row["parameter"]: (row["supplied_by"], row["pools"]) for row in rows} == {
        "site": ("pool", ["reception"]),
        "desk-no": ("machine", []),
        "floor": (None, []),
        "password": ("pool", ["reception"]),
    }
    assert desk("machines", "check", "--pool", "archive").code == 1, "reception is not selected"
    assert desk("machines", "check", "--pool", "archive", "--pool", "reception").code == 0


def test_a_check_leaves_out_what_is_not_deployed(desk: Desk) -> None:
    desk.machine("desk-1")
    write_tree(desk.root, {"flows/desk.flow": FLOW.replace("workflow look_up", "workflow find")})
    done = desk("machines", "check")
    assert done.code == 0
    assert "note: workflow.find is not deployed, and was left out" in done.err
    assert "flowdsl deploy --env local" in refused(desk("machines", "check", "--workflow", "find"))
    write_tree(desk.root, {"flows/desk.flow": FLOW.replace("{site}", "{sight}")})
    assert desk("machines", "check").code == 3


INPUTS = {
    "input_values": {"site": "north", "desk-no": "7", "day": "Monday"},
    "sensitive_input_values": {"password": "hunter2"},
}


def ended_runs(
    desk: Desk, name: str, *usages: dict[str, int], status: str = "success"
) -> list[str]:
    ids = []
    for usage in usages:
        body = {"workflow_id": desk.workflow(name), **INPUTS}
        made = desk.send("POST", "runs", json=body)
        ended = {"status": status, "usage_metadata": usage}
        desk.send("PATCH", f"runs/{made['id']}", json=ended)
        ids.append(made["id"])
    return ids


def test_usage_by_workflow(desk: Desk) -> None:
    steps = {"total_agentic_steps": 5, "total_cached_steps": 2, "total_agentic_steps_billed": 4}
    ended_runs(desk, "close_day", steps)
    ended_runs(desk, "close_day", steps, status="task_failed")
    ended_runs(desk, "look_up", {"total_agentic_steps": 1})

    answer = desk.answer("usage")
    counted = [
        (row["workflow"], row["runs"], row["agentic_steps"], row["cached_steps"])
        for row in answer["items"]
    ]
    failed = {row["workflow"]: row["failed"] for row in answer["items"]}
    assert failed == {"workflow.close_day": 1, "workflow.look_up": 0}
    assert counted == [("workflow.close_day", 2, 10, 4), ("workflow.look_up", 1, 1, 0)]
    assert answer["totals"]["agentic_steps"] == 11
    assert answer["service"] == {
        "runs_counted": 3,
        "total_agentic_steps": 11,
        "total_cached_steps": 4,
    }
    assert (answer["items"][0]["cost_usd"], answer["items"][0]["has_unpriced"]) == (None, True)
    billed = desk.answer("usage", "--mode", "billed", "--workflow", "close_day")
    assert billed["totals"]["agentic_steps"] == 8
    assert billed["service"] is None
    table = desk("usage")
    head, *lines = table.text.splitlines()
    assert head.split()[:5] == ["WORKFLOW", "RUNS", "FAILED", "COST", "(USD)"]
    cells = [line.split()[:4] for line in lines]
    assert cells[0] == ["workflow.close_day", "2", "1", "-"] and cells[-1] == ["all", "3", "1", "-"]
    narrow = run_here(desk.root, "usage", CI="", COLUMNS="64").text.splitlines()
    assert max(map(len, narrow)) <= 64 and narrow[1].startswith("workflow.c…"), narrow
    assert "the service counts 11 agentic and 4 cached steps (simulated)" in table.err
    past = desk("usage", "--from", "2020-01-01", "--to", "2020-02-01")
    assert (past.code, past.out) == (0, b"")
    assert "0 runs of local made from 2020-01-01 00:00:00Z" in past.err
