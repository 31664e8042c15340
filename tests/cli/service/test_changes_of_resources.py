"""What commands change of machines, pools, recordings, runs and the like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.emulator.app import create_app
from flowdsl.emulator.clock import system_clock
from flowdsl.emulator.faults import Fault, FaultInjector, FaultKind
from flowdsl.emulator.scenario import make_scenario
from flowdsl.emulator.store import Store
from tests.support.command_line import Result, environment, read_tree, run_here, write_tree
from tests.support.services.embedded_service import Client
from tests.support.services.memory_store import MemoryStore, app_over, share_statements
from tests.support.services.served import Server, serving
from tests.support.terminal import flowdsl_at_terminal, needs_terminal

share_statements()

CANARY = "pw-canary-90a1"
PROJECT = """\
[project]
name = "harbour"
id = "prj_harbour"

[env.prod]
api = "{api}"
api_key = {{ env = "DESK_KEY" }}

[env.prod.models]
careful = "House model"
"""
FLOW = """\
flow 1

workflow look_up {
  title = "Look up a patient"
  inputs { site: string @machine, desk: string @machine, day: string }
  secrets { password: string @machine }
  steps {
    do "Open {site} at {desk} for {day}."
    type $password into "the password field"
  }
}

chain twice {
  inputs { site: string, desk: string, day: string }
  secrets { password: string }
  step a = run look_up(site: site, desk: desk, day: day, password: $password)
}
"""
ENVIRONMENT: dict[str, Any] = {"DESK_KEY": "local", "PW": CANARY, "CI": ""}
VALUES = ("--input", "day=2026-05-31", "--input", "site=north", "--input", "desk=1")
RUN = ("run", "look_up", *VALUES, "--secret", "password=env:PW")


class Desk:
    """A project that is deployed to a real server."""

    def __init__(self, root: Path, store: Store, server: Server) -> None:
        self.root, self.server, self._client = root, server, Client(store)
        api = server.url
        write_tree(root, {"flowdsl.toml": PROJECT.format(api=api), "flows/desk.flow": FLOW})
        done = self("deploy", "--yes")
        assert done.code == 0, done.err
        self.server.seen.clear()

    def __call__(self, *words: str, code: int | None = None) -> Result:
        done = run_here(self.root, *words, **ENVIRONMENT)
        assert CANARY not in done.text + done.err
        assert code is None or done.code == code, done.err
        return done

    def items(self, *words: str) -> list[dict[str, Any]]:
        """The objects that a command tells programs of."""
        answer = json.loads(self(*words, "--json", code=0).out)
        assert answer["format_version"] == 1 and answer["total"] == len(answer["items"])
        found: list[dict[str, Any]] = answer["items"]
        return found

    def send(self, method: str, path: str, **given: Any) -> Any:
        reply = self._client(method, path, **given)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        if path == "trajectories":
            params.setdefault("is_generated", False)
        found = self.send("GET", path, params=params)
        rows: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found
        return rows

    def machine(self, name: str = "desk-1", **values: Any) -> Any:
        body = {"fingerprint": "f", "unkey_key_id": "k", "name": name, **values}
        return self.send("POST", "machines", json=body)

    def writes(self) -> list[str]:
        """The requests since the last look that may change something."""
        sent = [f"{method} {path}" for method, path, _ in self.server.seen if method != "GET"]
        self.server.seen.clear()
        return sent


@contextmanager
def served(store: Store) -> Iterator[Server]:
    server = Server(app_over(store))
    with serving(server):
        yield server


@pytest.fixture
def store() -> Iterator[Store]:
    with MemoryStore(system_clock) as store:
        yield store


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Iterator[Desk]:
    with served(store) as server:
        yield Desk(tmp_path / "project", store, server)


def failure(done: Result, code: int = 64) -> str:
    assert (done.code, done.out) == (code, b""), done.err
    return done.err


def test_what_machines_check_finds_missing_is_mended_from_here(desk: Desk) -> None:
    desk.machine()
    assert desk("machines", "check").code == 1
    desk("machines", "set", "desk-1", "site=north", "--secret", "password=env:PW", code=0)
    assert desk("machines", "check").code == 1
    desk("pools", "create", "reception", "desk=1", code=0)
    desk("pools", "add", "reception", "desk-1", code=0)
    desk("machines", "check", "--pool", "reception", code=0)


def test_a_parameter_is_set_beside_the_others(desk: Desk) -> None:
    made = desk.machine(machine_parameters={"site": "north", "rooms": [1]})

    def parameters() -> Any:
        return desk.send("GET", f"machines/{made['id']}")["machine_parameters"]

    (item,) = desk.items("machines", "set", "desk-1", "floor:=3", 'list:=["a", {"b": null}]', "t==")
    assert item == json.loads(desk("machines", "show", "desk-1", "--json").out)["item"]
    whole = {"site": "north", "rooms": [1], "floor": 3, "list": ["a", {"b": None}], "t": "="}
    assert parameters() == item["machine_parameters"] == whole

    desk.writes()
    assert "is so already" in desk("machines", "set", "desk-1", "site=north", code=0).err
    assert desk.writes() == []
    desk("machines", "set", "desk-1", "--unset", "rooms", "--unset", "list", "site=", code=0)
    assert parameters() == {"site": "", "floor": 3, "t": "="}
    for wrong, said in (
        (["site"], "written `NAME=VALUE`"),
        (["=x"], "written `NAME=VALUE`"),
        (["a:=nan"], "takes JSON"),
        (["a:=" + "[" * 5000 + "]" * 5000], "nests deeper than 100 levels"),
        (["a=1", "a=2"], "`a` is given twice"),
        (["--unset", "rooms"], "no parameter `rooms` to unset; there are `floor`, `site`, `t`"),
        (["--secret", "a=hunter2"], "gets no value of a secret here"),
        (["--secret", "a=env:NOWHERE"], "`NOWHERE` is empty or not set"),
        (["a=1", "--secret", "a=env:PW"], "as a plain and a sensitive parameter"),
        (["--secret", "site=env:PW"], "`site` is a plain parameter of machine desk-1"),
        ([], "nothing is set"),
    ):
        assert said in failure(desk("machines", "set", "desk-1", *wrong)), wrong
    assert desk.writes() == ["PATCH /v1/machines/" + made["id"]]


def test_no_sensitive_parameter_is_lost_by_setting_another(desk: Desk) -> None:
    """The service replaces all of them, and tells nobody what they were."""
    made = desk.send(
        "POST", "pools", json={"name": "night", "pool_sensitive_parameters": {"a": "1", "b": "2"}}
    )

    def names() -> set[str]:
        return set(desk.send("GET", f"pools/{made['id']}")["pool_sensitive_parameters"])

    said = failure(desk("pools", "set", "night", "--secret", "c=env:PW"))
    assert "give `a`, `b` as well, as `--secret a=env:NAME`, or drop it" in said
    assert "give `b` as well" in failure(desk("pools", "set", "night", "--unset", "a"))
    assert names() == {"a", "b"}
    desk("pools", "set", "night", "site=x", code=0)
    assert names() == {"a", "b"}
    both = ("--secret", "a=env:PW", "--secret", "c=env:PW", "--unset", "b")
    desk("pools", "set", "night", *both, code=0)
    assert names() == {"a", "c"}
    desk("pools", "set", "night", "--unset", "a", "--unset", "c", code=0)
    assert names() == set()
    assert not any(CANARY.encode() in each for each in read_tree(desk.root).values())


DELETIONS = {
    "machines": "machines",
    "pools": "pools",
    "tags": "workflow-tags",
    "tag-groups": "workflow-tag-groups",
}


@pytest.mark.parametrize("command", DELETIONS)
def test_a_deletion_is_asked_for_and_is_whole_or_not_at_all(desk: Desk, command: str) -> None:
    bodies = {"machines": {"fingerprint": "f", "unkey_key_id": "k"}}
    path = DELETIONS[command]
    for name in ("one", "two", "three"):
        desk.send("POST", path, json={**bodies.get(command, {}), "name": name})

    def names() -> set[str]:
        return {each["name"] for each in desk.rows(path)}

    alone = failure(desk(command, "delete", "one"))
    assert alone == "error: there is no terminal to ask on; `--yes` deletes without asking\n"
    assert desk.server.seen == [], "nothing is asked of the service before"
    assert "`one` exists" in failure(desk(command, "delete", "two", "onne", "--yes"))
    assert names() == {"one", "two", "three"} and desk.writes() == []
    rows = desk.items(command, "delete", "-y", "one", "two", "one")
    assert [row["name"] for row in rows] == ["one", "two"]
    assert names() == {"three"} and len(desk.writes()) == 2


@needs_terminal
def test_a_person_is_asked_before_anything_is_deleted(desk: Desk) -> None:
    desk.machine()
    for answer, left in (("n", 1), ("", 1), ("y", 0)):
        words, environ = ["machines", "delete", "desk-1"], environment(**ENVIRONMENT)
        with flowdsl_at_terminal(words, folder=desk.root, environ=environ) as screen:
            shown = screen.until(r"\[y/N\] ")
            assert "machine desk-1 (" in shown and "its runs stay" in shown
            screen.type(f"{answer}\n")
            code, rest = screen.ended()
        assert code == 0
        assert ("nothing was changed" in rest) is bool(left)
        assert len(desk.rows("machines")) == left


CREATIONS: dict[str, tuple[str, Callable[[Desk], tuple[str, ...]], str]] = {
    "pool": ("POST /v1/pools", lambda _: ("pools", "create", "night"), "pools"),
    "copy": (
        "POST /v1/trajectories/{id}/duplicate",
        lambda desk: ("trajectories", "duplicate", recording(desk)),
        "trajectories",
    ),
    "file": (
        "POST /v1/run-attachments",
        lambda desk: ("attachments", "add", ended_run(desk), str(desk.root / "flowdsl.toml")),
        "run-attachments",
    ),
}


def recording(desk: Desk) -> str:
    """The id of a recording that nobody approved."""
    body = {
        "workflow_id": desk.rows("workflows")[0]["id"],
        "trajectory_data": [{"func_name": "click"}],
        "dimensions": {"width": 1, "height": 1},
    }
    return str(desk.send("POST", "trajectories", json=body)["id"])


def ended_run(desk: Desk) -> str:
    """The id of a run that is over."""
    made = desk.send("POST", "workflows", json={"main_prompt": "Open it."})
    run = desk.send("POST", "runs", json={"workflow_id": made["id"]})
    desk.send("PATCH", f"runs/{run['id']}", json={"status": "success"})
    return str(run["id"])


@pytest.mark.parametrize("what", CREATIONS)
@pytest.mark.parametrize("fault", ["after", "before"])
def test_a_lost_reply_makes_no_second_one_where_keys_are_ignored(
    tmp_path: Path, store: Store, what: str, fault: FaultKind
) -> None:
    route, words_of, path = CREATIONS[what]
    app = create_app(store, scenario=make_scenario({"idempotency": 0}))
    server = Server(FaultInjector(app, [Fault(route, 1, fault)]))
    with serving(server):
        desk = Desk(tmp_path / "project", store, server)
        words = words_of(desk)
        before = len(desk.rows(path))
        server.seen.clear()
        done = desk(*words)
    assert len(desk.writes()) == 1, "it is sent once"
    if fault == "after":
        assert done.code == 0 and len(desk.rows(path)) == before + 1
    else:
        assert (done.code, len(desk.rows(path))) == (8, before)
        assert (
            f"whether it was carried out is not known: `flowdsl {words[0]} list` shows" in done.err
        )


def test_a_pool_of_a_name_that_is_taken_is_not_made(desk: Desk) -> None:
    (made,) = desk.items("pools", "create", "night", "--description", "Nightly")
    assert (made["name"], made["description"], made["machines"]) == ("night", "Nightly", [])
    assert made["id"] in failure(desk("pools", "create", "night"))
    assert "needs a name" in failure(desk("pools", "create", " "))
    desk("pools", "create", "day", code=0)
    desk.writes()
    assert made["id"] in failure(desk("pools", "set", "day", "--name", "night"))
    assert "needs a name" in failure(desk("pools", "set", "day", "--name", ""))
    assert "needs a name" in failure(desk("machines", "set", "desk-1", "--name", " "))
    assert desk.writes() == []


def test_machines_go_into_pools_and_out_of_them(desk: Desk) -> None:
    desk.machine("desk-1"), desk.machine("desk-2")
    for name in ("day", "night"):
        desk.send("POST", "pools", json={"name": name})

    def members(pool: str) -> list[str]:
        item = json.loads(desk("pools", "show", pool, "--json", code=0).out)["item"]
        return [each["name"] for each in item["machines"]]

    desk("pools", "add", "day", "desk-1", "desk-2", code=0)
    desk.writes()
    assert "already" in desk("pools", "add", "day", "desk-2", code=0).err and not desk.writes()
    desk("pools", "remove", "day", "desk-1", code=0)
    assert members("day") == ["desk-2"]
    desk("machines", "set-pools", "desk-2", "--env", "prod", "night", code=0)
    assert (members("day"), members("night")) == ([], ["desk-2"])
    assert "already" in desk("machines", "set-pools", "desk-2", "night", code=0).err
    desk("machines", "set-pools", "desk-2", code=0)
    assert members("night") == []
    assert "`night` exists" in failure(desk("machines", "set-pools", "desk-1", "nihgt"))


def test_every_machine_of_a_pool_has_to_have_what_a_run_is_not_given(desk: Desk) -> None:
    whole = desk.machine("desk-1", machine_parameters={"site": "north", "desk": "1"})
    short = desk.machine("desk-2", machine_parameters={"site": "south"})
    for pool, machines in (("both", [whole, short]), ("one", [whole]), ("other", [short])):
        made = desk.send("POST", "pools", json={"name": pool})
        members = {"machine_ids": [each["id"] for each in machines]}
        desk.send("POST", f"pools/{made['id']}/machines", json=members)
    run = ("run", "look_up", "--input", "day=2026-05-31", "--secret", "password=env:PW")
    for pools in (["both"], ["other"], ["both", "other"]):
        told = failure(desk(*run, *(word for pool in pools for word in ("--pool", pool))))
        assert "`desk` is not given, and machine `desk-2` has no parameter" in told
        assert "`site`" not in told and "desk-1" not in told
    assert desk.writes() == [] == desk.rows("runs")
    desk(*run, "--pool", "one", code=0)
    desk(*run, "--pool", "both", "--pool", "one", code=0)
    desk("machines", "set", "desk-2", "desk=2", code=0)
    desk(*run, "--pool", "both", code=0)
    assert len(desk.rows("runs")) == 3


def test_a_session_is_cleared_where_there_is_one(desk: Desk) -> None:
    made = desk.machine()
    desk(*RUN, "--machine", "desk-1", "--start-session", code=0)
    desk.writes()
    session = desk.send("GET", f"machines/{made['id']}")["reserved_session_id"]
    assert session is not None
    assert "frees without asking" in failure(desk("machines", "clear-session", "desk-1"))
    (item,) = desk.items("machines", "clear-session", "desk-1", "--yes")
    assert item["reserved_session_id"] is None
    assert {each["status"] for each in desk.rows("runs")} == {"cancelled"}
    assert len(desk.writes()) == 1
    assert "is free already" in desk("machines", "clear-session", "desk-1", "-y", code=0).err
    assert desk.writes() == []


def test_a_run_may_have_a_model_of_its_own(desk: Desk) -> None:
    model = {"provider": "anthropic", "model": "m", "is_computer_use_model": True}
    house = desk.send("POST", "model-configurations", json={"name": "House model", **model})
    archived = desk.send("POST", "model-configurations", json={"name": "Old", **model})
    desk.send("PATCH", f"model-configurations/{archived['id']}", json={"is_archived": True})
    plain = {**model, "name": "Reader", "is_computer_use_model": False}
    desk.send("POST", "model-configurations", json=plain)
    before = desk.rows("workflows")

    for word in ("careful", house["id"], house["id"].upper(), "House model"):
        desk(*RUN, "--model", word, code=0)
    desk(*RUN, "--model", "careful", "--count", "3", code=0)
    desk(*RUN, code=0)
    chosen = [
        (each["model_metadata"] or {}).get("main_agent_model_id") for each in desk.rows("runs")
    ]
    assert sorted(map(str, chosen)) == sorted(["None", *[house["id"]] * 7])
    assert desk.rows("workflows") == before

    desk.writes()
    for word, said in (
        ("carful", "`carful` is not in `[env.prod.models]`"),
        ("Old", "`Old` is archived"),
        ("Reader", "it is not a computer use model"),
        ("00000000-0000-4000-8000-000000000000", "there is no model configuration with the id"),
    ):
        assert said in failure(desk(*RUN, "--model", word)), word
    chain = ("run", "twice", *VALUES, "--secret", "password=env:PW", "--model", "careful")
    assert "a chain takes no model" in failure(desk(*chain))
    assert desk.writes() == []


def test_a_retry_begins_a_session_under_an_alias(desk: Desk) -> None:
    run = ended_run(desk)
    desk("runs", "retry", run, "--start-session", "--alias", "login", "--yes", code=0)
    again = desk.send("GET", f"runs/{run}")
    assert (again["session_alias"], again["session_id"]) == ("login", run)
    desk.send("PATCH", f"runs/{run}", json={"status": "success"})
    desk("runs", "retry", run, "--release-session", "--yes", code=0)
    assert desk.send("GET", f"runs/{run}")["release_session_after"] is True
    for other in (("--leave-session",), ("--session", run)):
        words = ("runs", "retry", run, "--start-session", *other, "--yes")
        assert f"`--start-session` and `{other[0]}` cannot be combined" in failure(desk(*words))


def test_only_runs_that_have_ended_are_deleted(desk: Desk) -> None:
    ended = ended_run(desk)
    desk(*RUN, code=0)
    live = next(each["id"] for each in desk.rows("runs") if each["id"] != ended)
    desk.writes()
    said = failure(desk("runs", "delete", ended, live, "--yes"))
    assert f"run {live} is" in said and "`flowdsl runs cancel" in said
    assert failure(desk("runs", "delete", ended)).endswith("`--yes` deletes without asking\n")
    assert desk.writes() == []
    (item,) = desk.items("runs", "delete", ended[:8], "--yes")
    assert item["id"] == ended
    assert [each["id"] for each in desk.rows("runs")] == [live]


def test_a_recording_is_kept_once(tmp_path: Path) -> None:
    clock = [datetime(2026, 6, 1, tzinfo=UTC)]
    with MemoryStore(lambda: clock[0]) as store, served(store) as server:
        desk = Desk(tmp_path / "project", store, server)
        desk.machine()
        desk(*RUN, "--machine", "desk-1", code=0)
        clock[0] += timedelta(hours=1)
        run = desk.rows("runs")[0]["id"]
        desk.writes()
        (item,) = desk.items("runs", "trajectory", run)
        assert (item["run_id"], item["is_approved"]) == (run, False)
        assert desk.writes() == [f"POST /v1/runs/{run}/generate-trajectory"]
        assert "already" in desk("runs", "trajectory", run, code=0).err and not desk.writes()
        desk("trajectories", "approve", item["id"], code=0)
        answer = json.loads(desk("usage", "--run", run, "--json", code=0).out)
        assert answer["kind"] == "run_usage" and answer["totals"]["run_id"] == run
        refusal = JSONResponse({"detail": "not enabled"}, 403)
        server.answer = lambda _method, path: refusal if path.endswith("/llm-costs") else None
        told = desk("usage", "--run", run, "--json", code=0)
        assert "note: costs are missing" in told.err
        assert json.loads(told.out)["totals"]["cost_usd"] is None
        assert "chooses runs of a period" in failure(
            desk("usage", "--run", run, "--from", "2026-01-01")
        )


def test_files_of_a_run_are_added_addressed_kept_and_deleted(desk: Desk) -> None:
    run = ended_run(desk)
    write_tree(desk.root, {"claim.txt": b"4711\n", "photo.png": b"\x89PNG"})
    added = desk.items("attachments", "add", run, "claim.txt", "photo.png")
    assert [(each["filename"], each["content_type"], each["size_bytes"]) for each in added] == [
        ("claim.txt", "text/plain", 5),
        ("photo.png", "image/png", 4),
    ]
    text = added[0]["id"]
    address = desk("attachments", "url", text, "--expires-in", "60", code=0).text
    assert address.startswith("http") and len(address.splitlines()) == 1
    desk("attachments", "expire", text, "2027-01-31", code=0)
    kept = desk.send("GET", f"run-attachments/{text}")["expires_at"]
    assert kept.startswith("2027-01-31T00:00:00")
    assert desk.items("attachments", "expire", text, "--never")[0]["expires_at"] is None
    desk("attachments", "delete", text, "--yes", code=0)
    assert [each["filename"] for each in desk.items("attachments", "list", "--run", run)] == [
        "photo.png"
    ]
    desk.writes()
    for words, said in (
        (("expire", text), "a time, or `--never`"),
        (("expire", text, "2027-01-31", "--never"), "a time, or `--never`"),
        (("add", run, "missing.txt"), "`missing.txt` cannot be read"),
        (("add", run, "claim.txt", "photo.png", "--target", "x"), "the place of one file"),
        (("url", text, "--expires-in", "5"), "from 10 to 3600"),
        (("delete", text, "--yes"), "there is no attachment"),
    ):
        assert said in failure(desk("attachments", *words)), words
    said = failure(desk("runs", "attachments", "add", run, "claim.txt"))
    assert "`flowdsl attachments add`" in said
    assert "one argument too many" in failure(desk("runs", "attachments", run, run))
    assert desk.writes() == []


def test_keys_of_providers_are_stored_tried_and_deleted_unseen(desk: Desk) -> None:
    (item,) = desk.items("credentials", "set", "openai", "--key", "env:PW")
    assert (item["slot"], item["source"], item["status"]) == ("openai", "organization", "active")
    desk("credentials", "validate", "openai", code=0)
    words = ("--access-key-id", "env:PW", "--secret-key", "env:PW", "--region", "us-east-1")
    (item,) = desk.items("credentials", "set", "aws_bedrock", *words)
    assert item["auth_type"] == "aws_iam"
    desk("credentials", "delete", "openai", "--yes", code=0)
    assert "was gone already" in desk("credentials", "delete", "openai", "--yes", code=0).err
    assert "`flowdsl credentials set openai` stores one" in failure(
        desk("credentials", "validate", "openai")
    )
    failed = {
        "slot": "aws_bedrock",
        "ok": False,
        "checks": [{"check": "c", "label": "A call", "ok": False, "error": "refused\x1b[31m"}],
        "credential": item,
    }
    desk.server.answer = lambda method, _path: JSONResponse(failed) if method == "POST" else None
    said = failure(desk("credentials", "validate", "aws_bedrock"), 1)
    assert "failed  A call: refused" in said and "\x1b" not in said
    desk.server.answer = lambda _method, _path: None
    desk.writes()
    for wrong, told in (
        (("opnai", "--key", "env:PW"), "`openai` exists"),
        (("openai",), "a slot needs a key"),
        (("openai", "--key", "sk-123"), "`--key` takes no secret but its source"),
        (("openai", "--key", "ask"), "give it as `--key env:NAME` or `--key file:PATH`"),
        (("openai", "--key", "env:NOWHERE"), "`--key`: the environment variable `NOWHERE`"),
    ):
        said = failure(desk("credentials", "set", *wrong))
        assert told in said and "sk-123" not in said, wrong
    assert desk.writes() == []


def test_health_tells_of_every_machine_that_fails(desk: Desk) -> None:
    desk.machine()
    assert desk("health", code=0).text.splitlines()[1].split()[:2] == ["service", "yes"]
    made = desk.machine("desk-2")
    desk.send("PATCH", f"machines/{made['id']}", json={"status": "error"})
    done = desk("health", "--json", code=1)
    rows = {each["part"]: each["is_well"] for each in json.loads(done.out)["items"]}
    assert rows["service"] and not rows["machines"] and not rows["machine desk-2"]

    def answer(_method: str, path: str) -> Response | None:
        return JSONResponse({"detail": "no database"}, 500) if path.endswith("/db") else None

    desk.server.answer = answer
    assert "no database" in desk("health", code=1).text


def test_tags_are_given_taken_archived_and_put_in_order(desk: Desk) -> None:
    desk.send("POST", "workflows", json={"main_prompt": "Open it.", "name": "Other"})
    for name in ("a", "b", "c"):
        desk.send("POST", "workflow-tags", json={"name": name})
    desk("tags", "add", "a", "look_up", "Look up a patient", code=0)
    assert "already" in desk("tags", "add", "a", "workflow.look_up", code=0).err
    assert desk.writes()[-1] == "POST /v1/workflows/bulk/tags"
    assert {row["name"]: row["workflow_count"] for row in desk.items("tags", "list")} == {
        "a": 1,
        "b": 0,
        "c": 0,
    }
    desk("tags", "remove", "a", "look_up", code=0)
    assert "already" in desk("tags", "remove", "a", "look_up", code=0).err
    assert len(desk.writes()) == 1
    desk("tags", "order", "c", "b", code=0)
    order = sorted(desk.rows("workflow-tags"), key=lambda each: each["order"])
    assert [each["name"] for each in order] == ["c", "b", "a"]
    assert "in this order already" in desk("tags", "order", "c", code=0).err
    (row,) = desk.items("tags", "archive", "b")
    assert row["is_archived"] is True
    assert "already" in desk("tags", "archive", "b", code=0).err
    assert desk.items("tags", "unarchive", "b")[0]["is_archived"] is False


def test_a_picture_that_a_prompt_shows_is_deleted_with_a_note(desk: Desk) -> None:
    png = {"file": ("logo.png", b"\x89PNG\r\n\x1a\n", "image/png")}
    url = desk.send("POST", "workflows/prompt-image", files=png)["supabase_url"]
    prompt = {"main_prompt": f'<p><img src="{url}"></p>', "name": "Shown"}
    desk.send("POST", "workflows", json=prompt)
    (row,) = desk.items("images", "list")
    shown = json.loads(desk("images", "show", row["path"], "--json", code=0).out)["item"]
    assert shown["url"].startswith("http") and shown["url_expires_in"]
    done = desk("images", "delete", url, "--yes", code=0)
    assert "is in the prompt of Shown" in done.err and "is deleted" in done.err
    assert desk.items("images", "list") == []


def test_the_latest_recording_of_a_workflow(desk: Desk) -> None:
    assert "has no recording" in failure(desk("trajectories", "latest", "look_up"))
    made = recording(desk)
    shown = json.loads(desk("trajectories", "latest", "look_up", "--json", code=0).out)
    assert (shown["kind"], shown["item"]["id"]) == ("trajectory", made)
    copy = desk.items("trajectories", "duplicate", made)[0]
    assert copy["is_approved"] is False and copy["name"].endswith("(Copy)")
