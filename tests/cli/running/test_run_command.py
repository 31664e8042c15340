"""`flowdsl run` and `flowdsl runs`, by the real program against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.cli.runtime import exit_codes
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from tests.support.command_line import Beside, environment
from tests.support.effort import only_thorough, rows
from tests.support.forked import begin_on
from tests.support.services.deployed_desk import (
    CANARY,
    PROJECT,
    Desk,
    deploy_once,
    opened_desk,
)
from tests.support.terminal import flowdsl_at_terminal, needs_terminal

FLOW = r"""flow 1

## Looks a claim up.
workflow look_up {
  title = "Look up"
  inputs {
    claim: string @pattern(r"^C[0-9]+$")
    day: date
    kind: "dental" | "vision" = "dental"
    site: string? @machine
    scan: file?
  }
  secrets { pin: string }
  outputs { status: string, claim_no: string }
  steps {
    step "Sign in" { type $pin into "the PIN field" }
    step "Look up" {
      do "Open claim {claim} of {day} ({kind})." type site into "the site" type scan into "the scan"
      extract status: string from "the status"
      emit status = status
      emit claim_no = "{claim}"
    }
  }
}

workflow note {
  title = "Note"
  inputs { text: string, weight: int = 3 }
  outputs { noted: string }
  steps { step "Note" { do "Write {text} with {weight}." emit noted = "{text}" } }
}

workflow unused { title = "Unused" steps { step "Go" { do "Open the desk." } } }

chain whole {
  inputs { claim: string, day: date }
  secrets { pin: string }
  step first = run look_up(claim: claim, day: day, pin: $pin)
  step second = run note(text: first.outputs.status)
  step third = run note(text: second.outputs.noted, weight: 5)
}
"""
UUID = "00000000-0000-4000-8000-000000000000"
GOOD = ("--input", "claim=C1", "--input", "day=2026-03-01", "--secret", "pin=env:PIN")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the project and the data of the service it is deployed to; and its address."""
    folder = tmp_path_factory.mktemp("deployed")
    return folder, deploy_once(folder, FLOW)


@pytest.fixture
def rules() -> tuple[RunRule, ...]:
    return ()


@pytest.fixture
def desk(tmp_path: Path, deployed: tuple[Path, str], rules: tuple[RunRule, ...]) -> Iterator[Desk]:
    with opened_desk(tmp_path, deployed, Scenario(runs=rules)) as desk:
        yield desk


def test_a_day_is_filled_in_without_a_new_deploy(desk: Desk) -> None:
    """To the service the input is what it was: one that has to be given."""
    zone = ZoneInfo("Pacific/Kiritimati")
    desk.write("flows/desk.flow", FLOW.replace("day: date\n", "day: date = today - 1w\n", 1))
    project = (desk.root / "flowdsl.toml").read_text()
    desk.write(
        "flowdsl.toml", project.replace("[env", 'timezone = "Pacific/Kiritimati"\n\n[env', 1)
    )
    before = datetime.now(zone).date()
    started = desk.run("run", "look_up", "--input", "claim=C1", "--secret", "pin=env:PIN")
    days = {str(day - timedelta(weeks=1)) for day in (before, datetime.now(zone).date())}
    assert started.code == 0 and "warning" not in started.err
    assert desk.made()[0]["input_values"]["day"] in days
    assert desk.run("plan", "-e", "prod").err == "plan: 3 up to date\n"


def test_a_time_zone_that_nobody_knows_is_told(desk: Desk) -> None:
    project = (desk.root / "flowdsl.toml").read_text()
    desk.write("flowdsl.toml", project.replace("[env", 'timezone = "Europe/Berlim"\n\n[env', 1))
    refused = desk.run("run", "look_up", *GOOD)
    assert refused.code != 0 and "`Europe/Berlin` exists" in refused.err
    assert desk.made() == []


def test_a_run_prints_its_id_and_a_watched_one_its_outputs(desk: Desk) -> None:
    started = desk.run("run", "look_up", *GOOD)
    (row,) = desk.made()
    assert (started.code, started.text) == (0, row["id"] + "\n")
    assert row["input_values"] == {"claim": "C1", "day": "2026-03-01", "kind": "dental"}
    assert list(row["sensitive_input_aliases"]) == ["pin"]
    watched = desk.run("runs", "watch", row["id"][:8])
    assert (watched.code, json.loads(watched.text)) == (0, desk.made()[0]["output_data"])
    one = desk.run(
        "run", "workflow.look_up", *GOOD, "-e", "prod", "--watch", "--output", "claim_no"
    )
    assert (one.code, one.text) == (0, desk.made()[0]["output_data"]["claim_no"] + "\n")


def test_json_and_junit_say_how_it_ended(desk: Desk) -> None:
    result = desk.run("run", "look_up", *GOOD, "--watch", "--json", "--junit", "runs.xml")
    found = json.loads(result.text)
    assert (found["format_version"], found["kind"], found["workflow"]) == (1, "run", "look_up")
    assert (found["exit_code"], found["failures"], found["unknown"]) == (0, [], [])
    (run,) = found["runs"]
    assert run["status"] == "success" and run["output_data"] == desk.made()[0]["output_data"]
    suite = ElementTree.parse(desk.root / "runs.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--input", "clam=C1"),
            (
                "`--input clam`: `clam` is no input of workflow `look_up`; an input named `claim` "
                "exists"
            ),
        ),
        (
            ("--input", "pin=x"),
            (
                "`--input pin`: `pin` is a secret of `look_up` and not given as an input; give it "
                "as `--secret pin=env:NAME` or `--secret pin=file:PATH`"
            ),
        ),
        (
            ("--secret", "pin=" + CANARY),
            (
                "argument --secret: `pin` gets no value of a secret here, where others can read "
                "it; name its source: `env:NAME`, `file:PATH` or `ask`; see `flowdsl run -h`"
            ),
        ),
        (
            ("--secret", "pni=env:PIN"),
            "`--secret pni`: `pni` is no secret of workflow `look_up`; a secret named `pin` exists",
        ),
        (
            ("--secret", "pin=env:NOPE"),
            "`--secret pin`: the environment variable `NOPE` is empty or not set",
        ),
        (
            ("--input", "kind=dentl"),
            "`--input kind`: `kind` takes `dental` or `vision`, not `dentl`; `dental` exists",
        ),
        (
            ("--inputs", "nope.yaml"),
            "`--inputs`: `nope.yaml` cannot be read: no such file or directory",
        ),
        (
            ("--file", "kind=flowdsl.toml"),
            (
                "`--file kind=flowdsl.toml`: `kind` takes `dental` or `vision`, not a file; give "
                "it with `--input kind=...`"
            ),
        ),
        (
            ("--machine", "a", "--pool", "b"),
            "argument --pool: not allowed with argument --machine; see `flowdsl run -h`",
        ),
        (
            ("--count", "0"),
            "argument --count: `0` is not a number from 1 to 10000; see `flowdsl run -h`",
        ),
        (("--output", "x"), "`--output` needs `--watch`: there are no outputs before the end"),
    ],
)
def test_a_wrong_command_line_has_one_message_and_sends_nothing(
    desk: Desk, words: tuple[str, ...], line: str
) -> None:
    given = ("--input", "claim=C1", "--input", "day=2026-03-01")
    secret = () if any("pin" in each for each in words[1:]) else ("--secret", "pin=env:PIN")
    result = desk.run("run", "look_up", *given, *secret, *words)
    missing = [each for each in result.err.splitlines() if "is not given" in each]
    lines = [each for each in result.err.splitlines() if each not in missing]
    assert (result.code, lines) == (exit_codes.USAGE, [f"error: {line}"])
    assert desk.server.seen == []


def test_a_line_end_that_the_prompt_has_no_place_for_is_refused_by_command_and_service(
    desk: Desk,
) -> None:
    refused = desk.run("run", "note", "--input", "text=a\n")
    assert (refused.code, desk.server.seen) == (exit_codes.USAGE, [])
    assert refused.err.startswith("error: `--input text`: `text` takes a text on one line")
    desk.write("notes.csv", 'text\na\n"b\n"\n')
    table = desk.run("run", "note", "--inputs", "notes.csv")
    assert table.err.startswith("error: notes.csv:3:1: `text` takes a text on one line")
    (workflow,) = (
        each for each in desk.http("GET", "workflows")["items"] if each["name"] == "Note"
    )
    body = {"workflow_id": workflow["id"], "input_values": {"text": "a\n", "weight": 3}}
    with pytest.raises(AssertionError, match="is not a text on one line"):
        desk.http("POST", "runs", json=body)
    assert desk.made() == []


def test_moments_outside_of_the_calendar_are_no_filters(desk: Desk) -> None:
    for option in ("--from", "--to"):
        result = desk.run("runs", "list", option, "0001-01-01T00:00:00+05:00")
        assert (result.code, desk.posts()) == (exit_codes.USAGE, [])
        assert "is no time such as `2026-05-31`" in result.err


def test_names_that_mean_nothing_or_several_things(desk: Desk) -> None:
    for number in range(2):
        body = {"fingerprint": f"f{number}", "unkey_key_id": "k", "name": "front", "hostname": "h"}
        desk.http("POST", "machines", json=body)
    desk.http("POST", "pools", json={"name": "night shift"})
    twice = desk.run("run", "look_up", *GOOD, "--machine", "front")
    assert twice.code == 64 and twice.err.count(" h ") == 2
    assert twice.err.startswith("error: `front` is the name of 2 machines; write the id of one\n")
    far = desk.run("run", "look_up", *GOOD, "--machine", "frnt")
    assert far.err == "error: there is no machine `frnt`; `front` exists\n"
    pool = desk.run("run", "look_up", *GOOD, "--pool", "nigth shift")
    assert pool.err == "error: there is no pool `nigth shift`; `night shift` exists\n"
    flow = desk.run("run", "lok_up", *GOOD)
    assert (flow.code, flow.err) == (
        64,
        "error: `lok_up` is no workflow or chain of the sources; a workflow `look_up` exists\n",
    )
    assert desk.made() == []


def test_what_is_not_deployed_is_said(desk: Desk) -> None:
    (desk.root / "flows/new.flow").write_text(
        'flow 1\nworkflow fresh { steps { step "Go" { do "Open the desk." } } }\n'
    )
    result = desk.run("run", "fresh")
    assert (result.code, result.err) == (
        exit_codes.CONFLICT,
        "error: `fresh` is not deployed to `prod`; `flowdsl deploy --env prod` deploys what the "
        "sources say\n",
    )


def test_inputs_of_sources_that_are_not_deployed_are_warned_of(desk: Desk) -> None:
    changed = FLOW.replace('"vision" = "dental"', '"vision" | "legal" = "dental"')
    (desk.root / "flows/desk.flow").write_text(changed)
    result = desk.run("run", "look_up", *GOOD)
    assert result.code == 0
    assert result.err.startswith(
        "warning: the inputs of `look_up` in the sources are not those that are deployed;"
    )


def test_the_parameters_of_the_machine_are_checked_before_a_run_is_made(desk: Desk) -> None:
    body = {
        "fingerprint": "f",
        "unkey_key_id": "k",
        "name": "front",
        "machine_parameters": {"kind": "dentl"},
    }
    machine = desk.http("POST", "machines", json=body)
    result = desk.run("run", "look_up", *GOOD, "--machine", "front")
    assert (result.code, result.err) == (
        64,
        "error: machine `front`: its parameter `kind` takes `dental` or `vision`, not `dentl`; "
        "`dental` exists\n",
    )
    desk.http("PATCH", f"machines/{machine['id']}", json={"machine_parameters": {"kind": "vision"}})
    assert desk.run("run", "look_up", *GOOD, "--machine", machine["id"]).code == 0
    (row,) = desk.made()
    assert "kind" not in row["input_values"], "the default does not stand over the machine"


def test_a_chain_of_three_feeds_each_step_from_the_one_before(desk: Desk) -> None:
    result = desk.run("run", "whole", *GOOD, "--watch", "--json")
    found = json.loads(result.text)
    assert (result.code, found["chain"]) == (0, "whole")
    first, second, third = found["runs"]
    assert [run["session_alias"] for run in found["runs"]] == ["first", "second", "third"]
    assert len({run["session_id"] for run in found["runs"]}) == 1
    for run, text in (
        (second, first["output_data"]["status"]),
        (third, second["output_data"]["noted"]),
    ):
        told = desk.http("GET", f"runs/{run['id']}")["run_message_history"][0]
        assert text in json.dumps(told), "the reference is filled in by the service"
    rows = {row["session_alias"]: row["input_values"] for row in desk.made()}
    assert rows["second"] == {"text": {"$ref": "first.outputs.status"}, "weight": 3}
    assert rows["third"]["weight"] == 5 and rows["first"]["kind"] == "dental"


def test_a_chain_is_started_for_each_row(desk: Desk) -> None:
    desk.write("days.csv", "claim,day\nC1,2026-03-01\nC2,2026-03-02\nC3,2026-03-03\n")
    words = ("run", "whole", "--inputs", "days.csv", *GOOD[4:])
    result = desk.run(*words, "--watch", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.text)["runs"]
    sessions: dict[str, list[str]] = {}
    for run in found:
        sessions.setdefault(run["session_id"], []).append(run["row"])
    assert sorted(sessions.values()) == [[f"days.csv:{number}"] * 3 for number in (2, 3, 4)]
    claims = {run["row"]: run["input_values"]["claim"] for run in found[::3]}
    assert claims == {f"days.csv:{number}": f"C{number - 1}" for number in (2, 3, 4)}
    assert desk.posts() == ["/v1/runs/chain"] * 3


def test_a_row_that_a_step_does_not_take_is_named_and_nothing_is_started(desk: Desk) -> None:
    desk.write("days.csv", "claim,day\nC1,2026-03-01\nX2,2026-03-02\n")
    result = desk.run("run", "whole", "--inputs", "days.csv", *GOOD[4:])
    assert (result.code, result.err) == (
        64,
        "error: days.csv:3: step `first`: `claim` matches `^C[0-9]+$`, not `X2`\n",
    )
    assert desk.posts() == []


def test_a_chain_is_started_so_many_times_and_what_is_not_started_is_listed(desk: Desk) -> None:
    refused = desk.run("run", "whole", *GOOD, "--count", "3", "--session", UUID)
    assert (refused.code, refused.err) == (
        64,
        "error: each start of a chain has a session of its own: without `--session`\n",
    )
    sent: list[str] = []

    def answer(method: str, path: str) -> Response | None:
        sent.extend([path] * (method == "POST"))
        if method == "POST" and len(sent) == 2:
            detail = [{"loc": ["body"], "msg": "no capacity", "type": "x"}]
            return JSONResponse({"detail": detail}, status_code=422)
        return None

    desk.server.answer = answer
    result = desk.run("run", "whole", *GOOD, "--count", "6", "--json")
    found = json.loads(result.text)
    assert result.code == exit_codes.PARTIAL and len(sent) == 6
    assert {run["id"] for run in found["runs"]} == {row["id"] for row in desk.made()}
    assert len(found["runs"]) == 15 and len({run["session_id"] for run in found["runs"]}) == 5
    (failure,) = found["failures"]
    assert "no capacity" in failure["message"]
    ways = [line for line in result.err.splitlines() if line.startswith("a chain goes on: ")]
    assert {line.split()[-3] for line in ways} == {run["session_id"] for run in found["runs"]}


def test_a_chain_checks_a_value_by_the_type_of_each_step(desk: Desk) -> None:
    result = desk.run("run", "whole", *GOOD[2:], "--input", "claim=X1")
    assert (result.code, result.err) == (
        64,
        "error: step `first`: `claim` matches `^C[0-9]+$`, not `X1`\n",
    )
    assert desk.posts() == []


@pytest.mark.parametrize(
    ("rules", "code", "words"),
    [
        ((RunRule(error="the desktop is locked"),), exit_codes.RUN_ERROR, "the desktop is locked"),
        ((RunRule(fail={"step": "1", "reason": "no PIN"}),), exit_codes.FINDINGS, "no PIN"),  # type: ignore[arg-type]
        ((RunRule(cancelled=0.4),), exit_codes.RUN_CANCELLED, "cancelled"),
        (
            (RunRule(stay="running"),),
            exit_codes.RUN_UNFINISHED,
            "the run goes on: flowdsl runs watch",
        ),
    ],
)
def test_the_exit_code_says_how_a_watched_run_ended(desk: Desk, code: int, words: str) -> None:
    time = "8s" if code == exit_codes.RUN_UNFINISHED else "60s"
    result = desk.run("run", "look_up", *GOOD, "--watch", "--timeout", time, "--junit", "r.xml")
    assert result.code == code and words in result.err, result.err
    suite = ElementTree.parse(desk.root / "r.xml").getroot()
    counts = [suite.get(each) for each in ("failures", "errors", "skipped")]
    assert counts == {
        exit_codes.RUN_ERROR: ["0", "1", "0"],
        exit_codes.RUN_UNFINISHED: ["0", "0", "1"],
    }.get(code, ["1", "0", "0"])


@pytest.mark.parametrize("rules", [(RunRule(nth=2, refuse="no capacity"),)])
def test_runs_that_were_not_made_are_listed(desk: Desk) -> None:
    result = desk.run("run", "note", "--input", "text=x", "--count", "3", "--json")
    assert result.code == exit_codes.PARTIAL
    assert json.loads(result.text)["failures"] == [{"row": None, "message": "run 2: no capacity"}]
    assert "not made: run 2: no capacity" in result.err


def test_a_lost_reply_makes_no_second_run(desk: Desk) -> None:
    lost: list[str] = []

    def answer(method: str, path: str) -> Response | None:
        if (method, path) == ("POST", "/v1/runs") and not lost:
            lost.append(path)
            body = {"workflow_id": workflow, "input_values": {"text": "x", "weight": 3}}
            # The work is done, and a proxy tells of something else.
            desk.server.answer = lambda _method, _path: None
            desk.http("POST", "runs", json=body)
            return Response("<html>", status_code=502)
        return None

    desk.run("run", "note", "--input", "text=before")
    workflow = desk.made()[0]["workflow_id"]
    desk.server.answer = answer
    result = desk.run("run", "note", "--input", "text=x")
    assert result.code == 0, result.err
    rows = [row for row in desk.made() if row["input_values"]["text"] == "x"]
    assert [row["id"] for row in rows] == [result.text.strip()]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("rules", [(RunRule(stay="running"),)])
def test_an_interrupt_leaves_the_run_alive_and_says_how_to_go_on(desk: Desk) -> None:
    words = ("run", "note", "--input", "text=x", "--watch", "--json")
    process = Beside(desk.root, *words, CI="", DESK_KEY="key")
    while "running" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    (row,) = desk.made()
    assert process.returncode == 130
    assert f"the run goes on: flowdsl runs watch {row['id']} --env prod" in err
    assert row["status"] == "running"
    assert json.loads(out)["runs"][0]["id"] == row["id"]


def test_the_value_of_a_secret_is_nowhere(desk: Desk, tmp_path: Path) -> None:
    secret = desk.root / "pin.txt"
    secret.write_text(CANARY + "\n")

    def refuse(method: str, path: str) -> Response | None:
        if method == "POST":
            detail = [{"loc": ["body"], "msg": f"bad {CANARY}", "type": "x", "input": CANARY}]
            return JSONResponse({"detail": detail}, status_code=422)
        return None

    words = ("run", "look_up", *GOOD[:4], "--secret", "pin=file:pin.txt")
    made = desk.run(*words, "--watch", "--json", "-v", "--junit", "r.xml")
    assert made.code == 0
    desk.server.answer = refuse
    refused = desk.run(*words, "--json", "-v", "--junit", "r2.xml", FLOWDSL_DEBUG="1")
    assert refused.code == exit_codes.PARTIAL and "[redacted]" in refused.err
    desk.server.answer = lambda _method, _path: None
    secret.unlink()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert CANARY.encode() not in everything


@pytest.mark.parametrize(
    "rules",
    [
        (
            RunRule(error=f"the field PIN holds {CANARY[:9]}\n  {CANARY[9:]} already"),
            RunRule(nth=2),
        ),
        (RunRule(fail={"step": "1", "reason": f'refused "{CANARY}"'}),),  # type: ignore[arg-type]
        (RunRule(outputs={"status": f"typed {CANARY}", "claim_no": CANARY}),),
    ],
)
@pytest.mark.parametrize(
    "more", [(), ("--json",), ("--output", "status")], ids=["text", "json", "output"]
)
def test_what_the_service_says_of_a_run_is_without_its_secret(
    desk: Desk, more: tuple[str, ...]
) -> None:
    words = ("run", "look_up", *GOOD, "--watch", "--junit", "r.xml")
    result = desk.run(*words, *more)
    assert "[redacted]" in result.text + result.err
    written = (desk.root / "r.xml").read_text()
    assert CANARY not in written and CANARY[9:] not in written + result.text + result.err
    kept = (desk.root / ".flowdsl").rglob("*")
    assert not any(CANARY.encode() in path.read_bytes() for path in kept if path.is_file())


def test_a_file_goes_to_the_machine_and_its_path_into_the_input(desk: Desk) -> None:
    desk.write("scan.pdf", "%PDF")
    result = desk.run("run", "look_up", *GOOD, "--file", "scan=scan.pdf", "--file", "flowdsl.toml")
    assert result.code == 0, result.err
    (row,) = desk.made()
    assert row["input_values"]["scan"] == "~/CyberdeskTransfers/scan.pdf"
    assert len(row["input_attachment_ids"]) == 2


# `flowdsl runs`


def test_runs_are_listed_by_every_filter(desk: Desk) -> None:
    desk.run("run", "note", "--input", "text=blue")
    desk.run("run", "look_up", *GOOD, "--watch")
    everything = json.loads(desk.run("runs", "list", "--json").text)
    assert (everything["format_version"], everything["total"]) == (1, 2)
    machine = everything["items"][0]["machine_id"]
    filters: list[tuple[tuple[str, ...], int]] = [
        (("--workflow", "note"), 1),
        (("--workflow", "workflow.look_up", "--status", "success"), 1),
        (("--machine", machine), 2),
        (("--search", "blue"), 1),
        (("--from", "2030-01-01"), 0),
        (("--to", "2030-01-01T10:00", "--sort", "created"), 2),
        (("--all",), 2),
        (("--limit", "1"), 1),
    ]
    for words, count in rows(filters, 1, 2, 3, 4):
        listed = json.loads(desk.run("runs", "list", "--json", *words).text)
        assert len(listed["items"]) == count, words
    assert desk.run("runs", "list", "--limit", "0").code == 64
    shown = desk.run("runs", "list")
    assert "note" in shown.text and "look_up" in shown.text
    head, *lines = shown.text.splitlines()
    assert head.split()[:4] == ["RUN", "STATUS", "WORKFLOW", "CREATED"]
    ids = [row["id"] for row in everything["items"]]
    assert [line.split()[0] for line in lines] == [each[:8] for each in ids]
    assert desk.run("runs", "list", "--status", "error").out == b""
    newest = max(everything["items"], key=lambda row: row["created_at"])["id"]
    for words in (("runs", "show", "last"), ("trace", "last"), ("runs", "show", newest[:8])):
        assert newest in desk.run(*words).text, words
    attached = json.loads(desk.run("runs", "attachments", "last", "--json").text)
    assert attached["items"] == [] and desk.run("runs", "watch", "last").code == 0
    for word in ("delete", "cancel", "retry"):
        refused = desk.run("runs", word, "last", "--yes")
        assert refused.code == 64 and "name the run by its id" in refused.err, word
    assert desk.run("runs", "delete", newest, "--yes").code == 0
    assert desk.run("runs", "show", newest).code == 64
    wrong = desk.run("runs", "list", "--status", "runing")
    assert wrong.err == "error: `runing` is no status of a run; `running` exists\n"


def test_an_id_of_the_service_moves_no_cursor(desk: Desk) -> None:
    run = {"id": "5\x1b[2J", "status": "success"}
    desk.server.answer = lambda _method, path: JSONResponse(run) if "/runs/" in path else None
    done = desk.run("runs", "cancel", "5d8fdd12-0000-4000-8000-000000000000", "--yes")
    assert done.err == "note: run 5\\x1b[2J has ended as success\n"


@pytest.mark.parametrize("rules", [(RunRule(workflow="Note", stay="running"),)])
def test_a_run_is_cancelled_and_retried_with_other_inputs(desk: Desk) -> None:
    made = desk.run("run", "note", "--input", "text=x").text.strip()
    live = desk.run("runs", "retry", made, "--yes")
    assert live.code == 64 and f"`flowdsl runs cancel {made}` ends it" in live.err
    unasked = desk.run("runs", "retry", "last", "--yes", "--secret", "pin=env:NOT_SET")
    assert "with `--yes`, `last` could be" in unasked.err  # before a secret is asked for
    twice = desk.run("runs", "cancel", made, made[:12], "--yes")
    assert twice.err == f"run {made} is cancelled\n"
    again = desk.run("runs", "cancel", made, "--yes", "--json")
    assert again.err == f"note: run {made} has ended as cancelled\n"
    assert json.loads(again.text)["items"] == []
    wrong = desk.run("runs", "retry", made, "--yes", "--input", "weight=many")
    assert wrong.err == "error: `--input weight`: `weight` takes a whole number, not `many`\n"
    retried = desk.run("runs", "retry", made, "--yes", "--input", "weight=7")
    assert (retried.code, retried.text) == (0, made + "\n")
    (row,) = desk.made()
    assert row["input_values"] == {"text": "x", "weight": 7} and row["status"] != "cancelled"


def test_a_retry_needs_the_secrets_again(desk: Desk) -> None:
    desk.run("run", "look_up", *GOOD, "--watch")
    (row,) = desk.made()
    without = desk.run("runs", "retry", row["id"], "--yes")
    assert without.code == 64 and "forgot the secrets `pin` when the run ended" in without.err
    given = desk.run("runs", "retry", row["id"], "--yes", "--secret", "pin=env:PIN", "--watch")
    assert given.code == 0 and json.loads(given.text) == desk.made()[0]["output_data"]


def test_files_are_saved_under_safe_names_and_replace_nothing(desk: Desk) -> None:
    desk.run("run", "note", "--input", "text=x", "--watch")
    (row,) = desk.made()
    for name, content in (
        ("../../evil.txt", "YQ=="),
        ("evil.txt", "Yg=="),
        ("big.bin", "eA" * 2**20),
    ):
        body = {
            "run_id": row["id"],
            "filename": name,
            "content": content,
            "content_type": "text/plain",
            "attachment_type": "output",
        }
        desk.http("POST", "run-attachments", json=body)
    folder = desk.root / "out"
    folder.mkdir()
    (folder / "evil.txt").write_text("mine")
    os.symlink(desk.root / "flowdsl.toml", folder / "evil (2).txt")
    result = desk.run("runs", "attachments", row["id"], "-o", "out", "--max-size", "1", "--json")
    assert result.code == exit_codes.PARTIAL and "big.bin is larger than 1 MB" in result.err
    assert (folder / "evil.txt").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == [
        "evil (2).txt",
        "evil (3).txt",
        "evil (4).txt",
        "evil.txt",
    ]
    assert not (desk.root.parent / "evil.txt").exists()
    assert "prj_1" in (desk.root / "flowdsl.toml").read_text()


def test_the_dashboard_is_named_by_the_project_alone(desk: Desk) -> None:
    made = desk.run("run", "note", "--input", "text=x").text.strip()
    opened = desk.run("runs", "open", made[:6])
    assert opened.text == f"https://desk.example.test/runs/{made}\n"
    text = PROJECT.format(api=desk.server.url).replace("dashboard", "#")
    (desk.root / "flowdsl.toml").write_text(text)
    assert "is not known" in desk.run("runs", "open", made).err


def test_a_webhook_is_verified_from_standard_input(desk: Desk) -> None:
    from flowdsl.emulator.webhooks import new_secret, sign_headers

    secret, body = (
        new_secret(),
        b'{"event_type": "run_complete", "run": {"id": "r", "status": "success"}}',
    )
    headers = sign_headers(secret, "msg_1", datetime.now(UTC), body)
    words = [each for name, value in headers.items() for each in ("--header", f"{name}: {value}")]
    verify = ("runs", "verify-webhook", "--secret", "env:HOOK", *words)
    good = desk.run(*verify, stdin=body, HOOK=secret)
    assert (good.code, good.err) == (0, "genuine: run_complete of run r: success\n")
    bad = desk.run(*verify, stdin=body + b" ", HOOK=secret)
    assert bad.code == 1 and secret not in bad.err
    plain = desk.run("runs", "verify-webhook", "--secret", secret, stdin=body)
    assert plain.code == 64 and secret not in plain.err
    # Cut off at the limit, it would be told as a forged one.
    large = desk.run(*verify, stdin=body + b" " * 16 * 1024 * 1024, HOOK=secret)
    assert (large.code, "more than 16 MB" in large.err, large.out) == (64, True, b"")


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The emulator in a process of its own, once it answers."""
    command = [sys.executable, "-m", "flowdsl", "emulator", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data", str(folder / "desk.sqlite")], stderr=subprocess.PIPE, cwd=folder
    )
    assert process.stderr is not None and b"serving" in process.stderr.readline()
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@only_thorough
def test_a_watch_outlives_the_death_of_the_service(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/desk.flow").write_text(FLOW)
    (tmp_path / "flowdsl.toml").write_text(PROJECT.format(api=f"http://127.0.0.1:{port}"))
    service = serve(tmp_path, port)
    environ = environment(CI="", DESK_KEY="key")
    command = [sys.executable, "-m", "flowdsl"]
    watched = None
    try:
        subprocess.run([*command, "deploy", "--yes"], cwd=tmp_path, env=environ, check=True)
        watched = subprocess.Popen(
            [*command, "run", "note", "--input", "text=x", "--watch", "--json"],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert watched.stderr is not None and b"scheduling" in watched.stderr.readline()
        end(service)
        assert b"trying again" in watched.stderr.readline()
        service = serve(tmp_path, port)
        out, err = watched.communicate(timeout=60)
        assert watched.returncode == 0, err
        (run,) = json.loads(out)["runs"]
        assert run["status"] == "success" and b"answers again" in err
    finally:
        end(service)
        if watched is not None:
            end(watched)


@needs_terminal
@pytest.mark.parametrize("rules", [(RunRule(workflow="Note", stay="running"),)])
def test_runs_that_are_watched_at_a_terminal_are_one_live_table(desk: Desk) -> None:
    made = desk.run("run", "note", "--input", "text=x", "--count", "3").text.split()
    environ = environment(CI="", DESK_KEY="key", TERM="xterm")
    words = ["runs", "watch", "--workflow", "note"]
    with flowdsl_at_terminal(words, folder=desk.root, environ=environ) as screen:
        shown = screen.until("runs that have ended")
        assert all(run_id[:8] in shown and run_id not in shown for run_id in made)
        screen.until("running +step 2")
        for run_id in made:
            assert desk.run("runs", "cancel", run_id, "--yes").code == 0
        code, rest = screen.ended()
    assert code == exit_codes.RUN_CANCELLED
    assert all(f"{run_id}  " in rest for run_id in made), "each that has ended keeps a line"
    assert "3 runs: 3 cancelled" in rest


@pytest.mark.parametrize("rules", [(RunRule(workflow="Note", stay="running"),)])
@pytest.mark.parametrize("count", [1, 3])
def test_of_several_runs_only_what_has_ended_is_told(desk: Desk, count: int) -> None:
    made = ["run", "note", "--input", "text=x", "--count", str(count)]
    result = desk.run(*made, "--watch", "--timeout", "2s")
    assert result.code == exit_codes.RUN_UNFINISHED
    told = [line for line in result.err.splitlines() if "  running, " in line]
    assert len(told) == (1 if count == 1 else 0), result.err


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_missing_secret_is_asked_for_at_the_terminal_and_not_shown(desk: Desk) -> None:
    ours, theirs = os.openpty()
    environ = environment(CI="", DESK_KEY="key", TERM="dumb")
    words = ["run", "look_up", *GOOD[:4]]
    with tempfile.TemporaryFile() as output:
        streams = (theirs, output.fileno(), theirs)
        process = begin_on(words, streams, folder=desk.root, environ=environ, terminal=True)
        os.close(theirs)
        shown = b""
        while b"pin (not shown): " not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, CANARY.encode() + b"\n")
        code = process.wait(60)
        process.close()
        output.seek(0)
        out = output.read()
    with contextlib.suppress(OSError):  # the other end is closed
        while more := os.read(ours, 4096):
            shown += more
    os.close(ours)
    (row,) = desk.made()
    assert (code, out.decode().strip()) == (0, row["id"])
    assert CANARY.encode() not in shown and list(row["sensitive_input_aliases"]) == ["pin"]
