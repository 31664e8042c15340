"""`flowdsl doctor`: what it finds in a sound project, and in one that is broken in many ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.emulator.scenario import Scenario
from tests.support.command_line import SMALL_FLOW, run_here
from tests.support.services.deployed_desk import CANARY, Desk, deploy_once, opened_desk

STATE = ".flowdsl/state/prod.json"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("doctor")
    return folder, deploy_once(folder, SMALL_FLOW)


@pytest.fixture
def desk(tmp_path: Path, deployed: tuple[Path, str]) -> Iterator[Desk]:
    with opened_desk(tmp_path, deployed, Scenario()) as opened:
        yield opened


def examine(desk: Desk, *words: str, code: int = 1, **environ: str) -> dict[str, list[str]]:
    """What the command finds wrong or worth a note, by subject: outcome, message and advice."""
    done = desk.run("doctor", "--json", *words, **environ)
    assert done.code == code, done.err
    found: dict[str, list[str]] = {}
    for each in json.loads(done.text)["items"]:
        if each["outcome"] not in ("ok", "unknown"):
            text = f"{each['outcome']}: {each['message']}: {each['advice']}"
            found.setdefault(each["subject"], []).append(text)
    return found


def change_state(desk: Desk, **changes: Any) -> None:
    file = desk.root / STATE
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **changes}))


def test_a_sound_project_has_no_problem_and_nothing_is_written(desk: Desk) -> None:
    before = (desk.root / STATE).read_bytes()
    assert set(examine(desk, code=0)) == {"git", "the state"}  # no repository, and a file
    assert (desk.root / STATE).read_bytes() == before
    assert {method for method, _, _ in desk.server.seen} == {"GET"}
    text = desk.run("doctor").text
    assert "environment prod" in text and "1 workflow, at `file:" in text
    assert "every model" not in text, "it names neither"


def test_each_thing_that_is_wrong_has_its_place_and_what_to_do(desk: Desk) -> None:
    assert "which is empty or not set" in examine(desk, DESK_KEY="")["the key"][0]

    def refuse(_method: str, path: str) -> Response | None:
        return None if path.endswith("health") else JSONResponse({"detail": "no key"}, 401)

    desk.server.answer = refuse
    assert "put it in the place of this one" in examine(desk)["the key"][0]
    desk.server.answer = lambda _method, _path: None

    sound = (desk.root / STATE).read_text()
    change_state(desk, organization_id="00000000-0000-4000-8000-000000000000")
    assert "use a key of that organisation" in examine(desk)["the organisation"][0]
    (desk.root / STATE).write_text(sound)

    past = datetime.now(UTC) - timedelta(hours=3)
    lease = {"holder": "build (7)", "id": "l1", "acquired_at": past.isoformat()}
    change_state(desk, lease={**lease, "expires": (past + timedelta(minutes=1)).isoformat()})
    [stale] = examine(desk)["the lease"]
    assert "build (7) holds it for 3 h, and has not renewed it" in stale
    assert "`flowdsl unlock --env prod --lock-id l1`" in stale
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    change_state(desk, lease={**lease, "expires": future})
    assert examine(desk, code=0)["the lease"][0].startswith("note: ")
    (desk.root / STATE).write_text("{")
    assert examine(desk)["the state"][0].startswith("problem: ")
    (desk.root / STATE).write_text(sound)

    flow = desk.root / "flows/desk.flow"
    flow.write_text(SMALL_FLOW.replace("  steps", '  model { main = "careful" }\n  steps'))
    assert "`careful`" in examine(desk)["names"][0]
    flow.write_text(SMALL_FLOW.replace("do ", "d "))
    assert "`flowdsl check` shows them" in examine(desk)["the flows"][0]
    flow.write_text(SMALL_FLOW)
    (desk.root / "flowdsl.toml").write_text("[project\n")
    assert "`flowdsl.toml` has 1 error" in examine(desk)["the project"][0]
    (desk.root / "flowdsl.toml").unlink()
    assert "`flowdsl init`" in examine(desk)["the project"][0]


def test_a_failure_is_told_for_what_was_asked(desk: Desk) -> None:
    flow = desk.root / "flows/desk.flow"
    flow.write_text(SMALL_FLOW.replace("  steps", '  model { main = "careful" }\n  steps'))
    for broken, subject in (
        ("/v1/health", "the service"),
        ("/v1/machines", "the organisation"),
        ("/v1/model-configurations", "names"),
    ):

        def refuse(_method: str, path: str, broken: str = broken) -> Response | None:
            return JSONResponse({"detail": "torn"}, 400) if path == broken else None

        desk.server.answer = refuse
        found = examine(desk)
        assert "torn" in found.pop(subject)[0]
        assert set(found) == {"git", "the state"}


def test_a_clock_that_is_wrong_is_told_in_its_direction(desk: Desk) -> None:
    for seconds, direction in ((-300, "ahead of"), (300, "behind"), (-30, "")):

        async def read_clock(_client: CyberdeskClient, shift: int = seconds) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=shift)

        with patch.object(CyberdeskClient, "read_clock", read_clock):
            found = examine(desk, code=1 if direction else 0)
        assert ("the clock" in found) == bool(direction)
        assert all(f"300 s {direction}" in each for each in found.get("the clock", ()))


def test_a_dead_service_ends_in_time_and_the_rest_is_told(
    tmp_path: Path, deployed: tuple[Path, str]
) -> None:
    with opened_desk(tmp_path, deployed, Scenario()) as desk:
        pass
    found = examine(desk, "--timeout", "300ms")
    assert found["the service"][0].startswith("problem: ")
    assert set(found) == {"git", "the state", "the service"}


def test_the_platform_is_asked_and_what_was_made_for_it_is_deleted(desk: Desk) -> None:
    def outcomes(*words: str, code: int = 0) -> dict[str, tuple[str, str]]:
        done = desk.run("doctor", "--live", *words, "--json")
        assert done.code == code, done.text
        items = json.loads(done.text)["items"]
        return {
            each["subject"]: (each["outcome"], each["message"])
            for each in items
            if "assumptions" in (each["environment"] or "")
        }

    asked = outcomes()
    assert asked["list-limit"][0] == asked["not-found-is-json"][0] == "ok"
    assert all(method == "GET" for method, _, _ in desk.server.seen)
    before = desk.http("GET", "workflows")["items"]
    written = outcomes("--writes")
    assert len(written) == len(asked) + 7
    assert {outcome for outcome, _ in written.values()} <= {"ok", "unknown"}
    assert desk.http("GET", "workflows")["items"] == before

    # A service that is not as assumed, and one that cannot delete.
    def answer(method: str, path: str) -> Response | None:
        if method == "DELETE":
            return JSONResponse({"detail": "not today"}, 403)
        is_one = method == "GET" and path.count("/") > 2
        return JSONResponse({"error": "gone"}, 404) if is_one else None

    desk.server.answer = answer
    wrong = outcomes("--writes", code=1)
    assert wrong["not-found-is-json"][0] == "problem"
    assert "delete the workflow" in wrong["delete-not-found"][1]
    assert CANARY not in str(wrong)

    # One that makes nothing: what the reading questions found is shown all the same.
    def refuse(method: str, _path: str) -> Response | None:
        return JSONResponse({"detail": "not today"}, 403) if method == "POST" else None

    desk.server.answer = refuse
    refused = outcomes("--writes")
    assert refused["list-limit"][0] == "ok"
    assert refused["check-reconcile"] == ("unknown", "no workflow was made to ask it of")
    assert len(refused) == len(written) - 1 and "delete-not-found" not in refused


@pytest.mark.parametrize("items", [None, "rows", [1, None, {"updated_at": 5}, {"updated_at": "x"}]])
def test_replies_of_another_shape_leave_a_question_open(desk: Desk, items: object) -> None:
    def answer(_method: str, path: str) -> Response | None:
        return JSONResponse({"items": items, "total": 1, "detail": [7]}, 422 if items else 200)

    done = desk.run("doctor", "--live", "--json")
    desk.server.answer = answer
    odd = desk.run("doctor", "--live", "--json")
    assert (done.code, odd.code) == (0, 1), odd.err
    assert len(json.loads(odd.text)["items"]) > 9


def test_flows_that_are_none_are_a_problem_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    (tmp_path / "flowdsl.toml").write_text('[project]\nname = "desk"\nflows = ["README.md"]\n')
    items = json.loads(run_here(tmp_path, "doctor", "--json").text)["items"]
    assert [each["outcome"] for each in items if each["subject"] == "the project"] == ["problem"]


def test_writes_belong_to_live_and_questions_to_one_environment(tmp_path: Path) -> None:
    assert run_here(tmp_path, "doctor", "--writes").code == 64
