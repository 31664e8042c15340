"""Chains that pause: what is asked for, when, and how a chain goes on; by the real program."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.cli.runtime import exit_codes
from flowdsl.emulator.scenario import Scenario
from tests.support.command_line import Beside, environment
from tests.support.services.deployed_desk import CANARY, Desk, deploy_once, opened_desk
from tests.support.terminal import Terminal, flowdsl_at_terminal, needs_terminal

FLOW = r"""flow 1

workflow begin {
  title = "Begin"
  inputs { amount: int, folder: string = "In" }
  secrets { password: string }
  outputs { reference: string }
  steps {
    step "Begin" {
      do "Transfer {amount} into {folder}."
      type $password into "the field \"Password\""
      extract reference: string from "the reference"
      emit reference = reference
    }
  }
}

workflow confirm {
  title = "Confirm"
  inputs { reference: string, note: string @pattern(r"^[a-z ]+$"), weight: int? }
  secrets { code: string @pattern(r"^[a-z0-9-]+$") }
  outputs { confirmed: string }
  steps {
    step "Confirm" {
      do "Open {reference}, note {note}."
      if not weight is empty { do "Enter {weight}." }
      type $code into "the field \"Code\""
      emit confirmed = "{note}"
    }
  }
}

workflow file_receipt {
  title = "File"
  inputs { reference: string, note: string, folder: string }
  outputs { name: string }
  steps {
    step "File" {
      do "File {reference} of {note} in {folder}."
      emit name = "{folder}/{note}"
    }
  }
}

chain transfer {
  inputs { amount: int, folder: string = "Archive" }
  secrets { password: string }
  step begin = run begin(amount: amount, folder: folder, password: $password)
  ## The bank has sent a code to the office.
  pause {
    ## All of the message.
    secret code: string @pattern(r"^[a-z]+-")
    note: string = "by hand"
    weight: int?
  }
  step confirm = run confirm(
    reference: begin.outputs.reference,
    note: note,
    weight: weight,
    code: $code
  )
  step receipt = run file_receipt(
    reference: begin.outputs.reference,
    note: confirm.outputs.confirmed,
    folder: folder
  )
}

chain twice {
  inputs { amount: int }
  secrets { password: string }
  step begin = run begin(amount: amount, password: $password)
  pause { note: string }
  step one = run file_receipt(reference: begin.outputs.reference, note: note, folder: "One")
  pause { folder: string }
  step two = run file_receipt(reference: begin.outputs.reference, note: note, folder: folder)
}

chain kept {
  keep_session = true
  inputs { amount: int }
  secrets { password: string }
  step begin = run begin(amount: amount, password: $password)
  pause { folder: string }
  step two = run file_receipt(reference: begin.outputs.reference, note: "n", folder: folder)
}

chain straight {
  inputs { amount: int }
  secrets { password: string }
  step begin = run begin(amount: amount, password: $password)
}
"""
GIVEN = ("--input", "amount=5", "--secret", "password=env:PASS")
CODE = ("--answer", "code=env:PIN")
CODE_TYPED = ("--answer", "code=ask", "--answer", "note=", "--answer", "weight=")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("deployed")
    return folder, deploy_once(folder, FLOW)


@pytest.fixture
def scenario() -> dict[str, Any]:
    return {}


@pytest.fixture
def desk(tmp_path: Path, deployed: tuple[Path, str], scenario: dict[str, Any]) -> Iterator[Desk]:
    with opened_desk(tmp_path, deployed, Scenario.model_validate(scenario)) as desk:
        yield desk


def run(desk: Desk, *words: str, **environ: str) -> Any:
    return desk.run("run", *words, PASS="hidden", **environ)


def by_alias(desk: Desk) -> dict[str, dict[str, Any]]:
    """The runs of the service by the steps that they are of; each step has one."""
    rows = desk.made()
    assert len({row["session_alias"] for row in rows}) == len(rows)
    return {row["session_alias"]: row for row in rows}


def reserved(desk: Desk) -> list[str | None]:
    return [each["reserved_session_id"] for each in desk.http("GET", "machines")["items"]]


def test_a_chain_goes_on_in_its_session_with_what_was_answered(desk: Desk) -> None:
    result = run(desk, "transfer", *GIVEN, *CODE, "--answer", "weight=7", "--watch", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.text)
    assert [each["session_alias"] for each in found["runs"]] == ["begin", "confirm", "receipt"]
    assert {each["status"] for each in found["runs"]} == {"success"}
    assert len({each["session_id"] for each in found["runs"]}) == 1
    rows = by_alias(desk)
    assert rows["confirm"]["input_values"] == {
        "reference": {"$ref": "begin.outputs.reference"},
        "note": "by hand",
        "weight": 7,
    }
    assert list(rows["confirm"]["sensitive_input_aliases"]) == ["code"]
    assert rows["receipt"]["input_values"]["folder"] == "Archive"
    told = desk.http("GET", f"runs/{rows['receipt']['id']}")["run_message_history"][0]
    assert rows["begin"]["output_data"]["reference"] in json.dumps(told)
    assert rows["begin"]["ended_at"] <= rows["confirm"]["created_at"]
    assert desk.posts() == ["/v1/runs/chain"] * 2
    assert reserved(desk) == [None], "the machine is free again"


def test_without_a_watch_the_last_part_goes_on_alone(desk: Desk) -> None:
    result = run(desk, "transfer", *GIVEN, *CODE)
    rows = by_alias(desk)
    assert result.code == 0, result.err
    assert result.text.split() == [rows[name]["id"] for name in ("begin", "confirm", "receipt")]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--answer", "cod=x"),
            "`--answer cod`: chain `transfer` does not ask for `cod`; an answer named `code` "
            "exists",
        ),
        (
            ("--answer", f"code={CANARY}"),
            "`--answer code`: `code` is a secret, which is not written where others can read it; "
            "name its source: `env:NAME`, `file:PATH` or `ask`",
        ),
        (
            ("--answer", "code=env:NOWHERE"),
            "`--answer code`: the environment variable `NOWHERE` is empty or not set",
        ),
        (
            ("--answer", "code=env:WRONG"),
            "`--answer code`: the secret `code` does not fit: it matches `^[a-z]+-`",
        ),
        (
            ("--answer", "code=ask"),
            "`--answer code`: there is no terminal to ask on; give it as `--answer code=env:NAME`",
        ),
        (
            (*CODE, "--answer", "weight=many"),
            "`--answer weight`: `weight` takes a whole number, not `many`",
        ),
        (
            (*CODE, "--answer", "note=a", "--answer", "note=b"),
            "`--answer note`: answer `note` is given twice",
        ),
        # What the step behind the pause takes is looked at as well.
        ((*CODE, "--answer", "note=NO"), "step `confirm`: `note` matches `^[a-z ]+$`, not `NO`"),
        (
            (),
            "chain `transfer` asks for `code`, and there is no terminal to ask on; "
            "give it as `--answer code=env:NAME`",
        ),
        (
            (*CODE, "--count", "2"),
            "chain `transfer` pauses for answers, so that it is started once: without `--count` "
            "and without rows",
        ),
        ((*CODE, "--resume", "abc"), "`--resume abc` is no id of a session"),
    ],
)
def test_answers_that_do_not_fit_are_refused_before_any_request(
    desk: Desk, words: tuple[str, ...], line: str
) -> None:
    result = run(desk, "transfer", *GIVEN, *words, WRONG="WRONG" + CANARY)
    assert (result.code, result.err) == (64, f"error: {line}\n")
    assert desk.posts() == []


def test_only_a_chain_that_pauses_has_answers(desk: Desk) -> None:
    for name in ("straight", "begin"):
        result = run(desk, name, *GIVEN, "--answer", "code=1")
        line = f"error: `--answer` is for a chain that pauses, and `{name}` does not\n"
        assert (result.code, result.err) == (64, line)


@pytest.mark.parametrize("scenario", [{"runs": [{"workflow": "Begin", "error": "it is locked"}]}])
def test_a_chain_whose_first_part_fails_asks_nobody_and_lets_the_machine_go(desk: Desk) -> None:
    result = run(desk, "transfer", *GIVEN, *CODE, "--watch")
    assert result.code == exit_codes.RUN_ERROR
    assert "the chain ends before its pause" in result.err
    assert "--resume" not in result.err
    assert list(by_alias(desk)) == ["begin"] and reserved(desk) == [None]


@pytest.mark.parametrize("scenario", [{"runs": [{"workflow": "Begin", "error": "it is locked"}]}])
def test_a_chain_that_keeps_its_session_keeps_it_when_a_part_fails(desk: Desk) -> None:
    result = run(desk, "kept", *GIVEN, "--answer", "folder=x", "--watch")
    assert result.code == exit_codes.RUN_ERROR, result.err
    assert reserved(desk) == [by_alias(desk)["begin"]["session_id"]]


@pytest.mark.parametrize("scenario", [{"runs": [{"workflow": "File", "error": "it is locked"}]}])
def test_what_fails_behind_a_pause_ends_the_chain(desk: Desk) -> None:
    result = run(desk, "twice", *GIVEN, "--answer", "note=n", "--answer", "folder=x", "--watch")
    assert result.code == exit_codes.RUN_ERROR, result.err
    assert set(by_alias(desk)) == {"begin", "one"} and reserved(desk) == [None]


def at_terminal(desk: Desk, *words: str) -> Any:
    environ = environment(CI="", DESK_KEY="key", PASS="hidden", TERM="dumb")
    return flowdsl_at_terminal(["run", *words], folder=desk.root, environ=environ)


@needs_terminal
def test_a_person_is_asked_until_it_fits(desk: Desk) -> None:
    with at_terminal(desk, "transfer", *GIVEN, "--watch") as screen:
        shown = screen.until(r"note \(Enter for `by hand`\): ")
        assert "The bank has sent a code to the office." in shown
        assert list(by_alias(desk)) == ["begin"] and reserved(desk) != [None]
        screen.type("NO\n")
        screen.until(r"weight \(Enter for none\): ")
        screen.type("many\n")
        screen.until(r"`weight` takes a whole number, not `many`")
        screen.until("weight")
        screen.type("4\n")
        assert "All of the message." in screen.until(r"code \(not shown\): ")
        screen.type("UPPER\n")
        screen.until(r"the secret `code` does not fit: it matches `\^\[a-z\]\+-`")
        screen.until(r"code \(not shown\): ")
        screen.type(CANARY + "\n")
        # The step takes less than the pause, so that everything is asked for again.
        screen.until(r"step `confirm`: `note` matches")
        for prompt, text in (("note", "yes"), ("weight", ""), ("code", CANARY)):
            screen.until(rf"{prompt} \(")
            screen.until(r"\): ")
            screen.type(text + "\n")
        code, rest = screen.ended()
    assert code == 0 and CANARY not in rest
    rows = by_alias(desk)
    assert rows["confirm"]["input_values"]["note"] == "yes"
    assert "weight" not in rows["confirm"]["input_values"]
    assert rows["receipt"]["status"] == "success"


def left(screen: Terminal, keys: str, code: int) -> list[str]:
    """The command with which a chain goes on that is left at its question by pressing `keys`."""
    screen.until(r"note[^:]*: ")
    screen.type(keys)
    ended, rest = screen.ended()
    assert ended == code, rest
    line = next(line for line in rest.splitlines() if line.startswith("the chain waits: "))
    words = shlex.split(line.removeprefix("the chain waits: "))
    assert words[:2] == ["flowdsl", "run"]
    return words[2:]


@needs_terminal
@pytest.mark.parametrize(("keys", "code"), [("\x03", 130), ("\x04", 64)])
def test_who_leaves_the_question_is_told_how_to_go_on(desk: Desk, keys: str, code: int) -> None:
    words = ("transfer", *GIVEN, "--input", "folder=My papers", "--watch")
    with at_terminal(desk, *words) as screen:
        command = left(screen, keys, code)
    session = by_alias(desk)["begin"]["session_id"]
    assert reserved(desk) == [session]
    assert command == [
        *("transfer", "--resume", session, "--input", "amount=5", "--input", "folder=My papers"),
        *("--secret", "password=env:PASS", "--watch", "--env", "prod"),
    ]
    result = run(desk, *command, *CODE)
    assert result.code == 0, result.err
    rows = by_alias(desk)
    assert rows["receipt"]["input_values"]["folder"] == "My papers"
    assert {row["session_id"] for row in rows.values()} == {session} and reserved(desk) == [None]
    again = run(desk, *command, *CODE)
    assert again.code == 0 and "no pause of the chain is left" in again.err
    assert len(desk.made()) == 3, "nothing is made twice"


@needs_terminal
def test_a_chain_that_waits_needs_only_what_its_later_steps_read(desk: Desk) -> None:
    with at_terminal(desk, "twice", *GIVEN) as screen:
        command = left(screen, "\x03", 130)
    session = command[2]
    resume = ("twice", "--resume", session)
    refused = run(desk, *resume, "--answer", "folder=x")
    line = "error: chain `twice` asks for `note`, and there is no terminal to ask on; "
    assert (refused.code, refused.err) == (64, f"{line}give it as `--answer note=...`\n")
    other = run(desk, *resume, "--answer", "note=n", "--answer", "folder=x", "--input", "amount=6")
    assert (other.code, other.err) == (
        64,
        "error: `amount`: step `begin` was begun with `5`, not with `6`; a chain goes on with the "
        "values that it began with\n",
    )
    assert len(desk.made()) == 1
    # Neither the input nor the secret of the first step is needed any more.
    with at_terminal(desk, *resume, "--answer", "note=n") as screen:
        screen.until("folder: ")
        screen.type("\x03")
        _, rest = screen.ended()
    assert f"the chain waits: flowdsl run twice --resume {session} --answer note=n" in rest
    assert set(by_alias(desk)) == {"begin", "one"}
    lost = run(desk, *resume, "--answer", "folder=x", "--watch")
    assert lost.code == 64 and "asks for `note`" in lost.err, "a later step reads it once more"
    with at_terminal(desk, *resume, "--answer", "folder=x", "--watch") as screen:
        screen.until("note: ")
        screen.type("other\n")
        screen.until("step `one` was begun with `n`, not with `other`")
        screen.until("note: ")
        screen.type("n\n")
        code, rest = screen.ended()
    assert code == 0, rest
    two = by_alias(desk)["two"]["input_values"]
    assert (two["note"], two["folder"]) == ("n", "x")


def test_a_session_without_the_chain_is_refused(desk: Desk) -> None:
    run(desk, "straight", *GIVEN, "--watch")
    session = desk.made()[0]["session_id"]
    for chain, code in (("transfer", 64), ("twice", 64)):
        words = (*CODE,) if chain == "transfer" else ("--answer", "note=n", "--answer", "folder=x")
        result = run(desk, chain, "--resume", "0" * 8 + session[8:], *words, *GIVEN)
        assert result.code == code and "has no runs of the first part of chain" in result.err
    assert len(desk.made()) == 1


def lost(nth: int) -> dict[str, Any]:
    """The part of a chain is begun, and the reply that tells so is lost."""
    fault = {"route": "POST /v1/runs/chain", "kind": "after", "nth": nth}
    return {"faults": [fault], "idempotency": "ignore"}


@pytest.mark.parametrize("scenario", [lost(1), lost(2)])
def test_a_lost_reply_makes_no_part_twice(desk: Desk) -> None:
    result = run(desk, "transfer", *GIVEN, *CODE, "--watch")
    assert result.code == 0 and "whose creation had no reply" in result.err
    assert set(by_alias(desk)) == {"begin", "confirm", "receipt"}
    assert desk.posts() == ["/v1/runs/chain"] * 2


@needs_terminal
def test_a_service_that_goes_away_while_a_person_thinks_makes_nothing_twice(desk: Desk) -> None:
    away = ["GET", "GET"]

    def answer(method: str, _path: str) -> Response | None:
        return Response("<html>", status_code=502) if away and away.pop() == method else None

    with at_terminal(desk, "transfer", *GIVEN, *CODE_TYPED, "--watch") as screen:
        screen.until(r"code \(not shown\): ")
        desk.server.answer = answer
        screen.type(CANARY + "\n")
        code, rest = screen.ended()
    assert code == 0 and not away, rest
    assert set(by_alias(desk)) == {"begin", "confirm", "receipt"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("scenario", [{"runs": [{"workflow": "Begin", "stay": "running"}]}])
def test_an_interrupt_before_the_pause_says_how_to_go_on(desk: Desk) -> None:
    secrets = {"DESK_KEY": "key", "PASS": "hidden", "PIN": CANARY}
    process = Beside(desk.root, "run", "transfer", *GIVEN, *CODE, CI="", **secrets)
    while "running" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    session = by_alias(desk)["begin"]["session_id"]
    assert process.returncode == 130
    assert err.splitlines()[-2] == (
        f"the chain goes on up to its pause: flowdsl run transfer --resume {session} "
        "--input amount=5 --secret password=env:PASS --answer code=env:PIN --env prod"
    )


def test_the_value_of_a_secret_answer_is_nowhere(desk: Desk, tmp_path: Path) -> None:
    (desk.root / "code.txt").write_text(CANARY + "\n")
    words = ("transfer", *GIVEN, "--answer", "code=file:code.txt")
    made = run(desk, *words, "--watch", "--json", "-v", "--junit", "r.xml", PIN="")
    assert made.code == 0, made.err

    sent: list[str] = []

    def refuse(method: str, path: str) -> Response | None:
        sent.extend([path] * (method == "POST"))
        if method == "POST" and len(sent) == 2:
            detail = [{"loc": ["body"], "msg": f"bad {CANARY}", "type": "x", "input": CANARY}]
            return JSONResponse({"detail": detail}, status_code=422)
        return None

    desk.server.answer = refuse
    refused = run(desk, *words, "--json", "-v", FLOWDSL_DEBUG="1", PIN="")
    assert refused.code == exit_codes.PARTIAL and "the chain waits: " in refused.err
    (desk.root / "code.txt").unlink()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert CANARY.encode() not in everything
