"""Scenario files: what they may say, and how a mistake in one is told."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import get_args

import httpx
import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import Fault, FaultKind, RecordedRequest
from flowdsl.emulator.middleware import RateLimit
from flowdsl.emulator.scenario import (
    Scenario,
    ScenarioError,
    load_scenario,
    make_fault,
    make_scenario,
)
from flowdsl.emulator.simulation.rules import Effects, RunRule
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import PNG, STANDSTILL, Desk, check
from tests.support.effort import THOROUGH
from tests.support.rows import in_rows

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
CREATE = "POST /v1/workflows"
BODY = {"main_prompt": "Open the ledger."}

EVERYTHING = f"""
idempotency = "90s"
listing_lag = "1500ms"
rate_limit = "100/1m"

[webhooks]
url = "http://127.0.0.1:8200/cyberdesk"
secret = "{SECRET}"

[[runs]]
workflow = "Claims*"
nth = 2
fail = {{ step = 3, reason = "the portal is closed" }}

[[faults]]
route = "{CREATE}"
kind = "after"
nth = 1

[[faults]]
route = "* /v1/*"
kind = "429"
share = 0.05
seed = 7
retry_after = 2
"""


def check_everything(scenario: Scenario) -> None:
    assert scenario.idempotency == 90.0
    assert scenario.listing_lag == 1.5
    assert scenario.rate_limit == RateLimit(100, 60.0)
    assert scenario.webhooks is not None
    assert scenario.webhooks.secret == SECRET
    assert scenario.runs[0].fail is not None
    assert scenario.runs[0].fail.step == "3"
    assert scenario.faults == (
        Fault(CREATE, 1, "after"),
        Fault("* /v1/*", None, "429", share=0.05, seed=7, retry_after="2"),
    )


def test_toml_and_json_say_the_same() -> None:
    check_everything(load_scenario(EVERYTHING))
    check_everything(load_scenario(json.dumps(tomllib.loads(EVERYTHING))))
    assert load_scenario("idempotency = 90").idempotency == 90.0
    assert load_scenario("") == load_scenario(" {}") == Scenario()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("listing_lag = 1\nx = ", "neither TOML nor JSON: invalid value (at line 2, column 5)"),
        pytest.param("a." * 100_000 + "a = 1", "it is nested too deeply", id="long key"),
        pytest.param('"a".' * 100_000 + "a = 1", "it is nested too deeply", id="quoted key"),
        pytest.param("a = " + "[" * 8_000, "it is nested too deeply", id="nested"),
        pytest.param("a = " + "9" * 5_000, "neither TOML nor JSON: exceeds", id="digits"),
        ("x y", "line 1, column 3"),
        ('{"faults": [}', "line 1 column 13"),
        ("lag = 1", "`lag` is no key; the keys of a scenario are `runs`, `faults`, `idempotency`"),
        (
            f'[[faults]]\nroute = "{CREATE}"\nkind = "after"\nnht = 1',
            "`nht` is no key; the keys in `faults[0]` are `route`, `nth`, `kind`",
        ),
        (
            "[[runs]]\nfail = { step = 1, resaon = '' }",
            "`resaon` is no key; the keys in `runs[0].fail` are `step`, `reason`",
        ),
        (f'[[faults]]\nroute = "{CREATE}"', "`faults[0].kind` is missing"),
        (f'[[faults]]\nroute = "{CREATE}"\nkind = "aftr"', "`faults[0].kind` is `aftr`, expected"),
        ('[[faults]]\nroute = "/v1/x"\nkind = "after"', "`faults[0].route` is no route, as in"),
        (
            f'[[faults]]\nroute = "{CREATE}"\nkind = "after"\nnth = 1\nevery = 2',
            "`faults[0]`: `nth` and `every` exclude each other",
        ),
        (f'[[faults]]\nroute = "{CREATE}"\nkind = "after"\nnth = 0', "`faults[0].nth`"),
        (f'[[faults]]\nroute = "{CREATE}"\nkind = "after"\nshare = 5', "`faults[0].share`"),
        (f'[[faults]]\nroute = "{CREATE}"\nkind = "slow"\nseconds = "5"', "as in `500ms`"),
        ("format_version = 2", "`format_version` is `2`, expected is 1"),
        ("[[runs]]\nscren = {}", "`scren` is no key; the keys in `runs[0]` are `screen`, `reads`"),
        (
            "[[runs]]\nscreen = { 'the list' = 'yes' }",
            "`runs[0].screen.the list`: it is true, false, `never`, or a list of them",
        ),
        ("[[runs]]\nscreen = { 'the list' = [] }", "it is true, false, `never`, or a list of them"),
        ("[[runs]]\ncommands = { x = 'never' }", "it is true, false, `failed`, or a list of them"),
        ("[[runs]]\nreads = { '~ ' = 1 }", "`runs[0].reads`: `~ ` names no question"),
        ("[[runs]]\nentries = [{ screen = {} }]", "`runs[0].entries[0].entry` is missing"),
        (
            "[[runs]]\nentries = [{ entry = 1, fail = {} }]",
            "the keys in `runs[0].entries[0]` are `screen`, `reads`, `commands`, `entry`",
        ),
        ("faults = {}", "`faults` is no list of tables, as `[[faults]]` begins one"),
        ("[[runs]]\nstay = 'asleep'", "`runs[0].stay` is `asleep`, expected is 'scheduling'"),
        ("idempotency = 'off'", "`idempotency`: it is `honour`, `ignore` or how long"),
        ("idempotency = -1", "`idempotency`: it is"),
        ("idempotency = nan", "`idempotency`: it is"),
        ("idempotency = true", "`idempotency`: it is"),
        ("idempotency = '25h'", "`idempotency`: it is"),
        ("listing_lag = -1", "`listing_lag`"),
        ("listing_lag = nan", "`listing_lag`"),
        ("rate_limit = '0/1m'", "as in `100/1m`"),
        ("rate_limit = '10/0s'", "as in `100/1m`"),
        ("rate_limit = 10", "as in `100/1m`"),
        ("[webhooks]\nurl = 'http://hooks.example.test/'", "`webhooks.url`: a webhook goes to"),
        ("[webhooks]\nsecret = 'whsec_c2VjcmV0'", "`webhooks.url` is missing; `webhooks.secret`"),
    ],
)
def test_mistakes_name_the_place_and_what_may_stand_there(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(text)
    assert message in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_nesting_without_end_is_no_crash() -> None:
    with pytest.raises(ScenarioError, match="nested too deeply"):
        load_scenario('{"a":' + "[" * 200_000)


def test_a_fault_in_one_line() -> None:
    expected = Fault("PATCH /v1/workflows/{id}", None, "slow", every=3, seconds=0.5)
    assert make_fault("PATCH /v1/workflows/{id} slow every=3 seconds=500ms") == expected
    assert make_fault("POST /v1/runs slow seconds=2").seconds == 2.0
    for words in ("", "POST /v1/workflows", "POST /v1/workflows later", "POST /x after n"):
        with pytest.raises(ScenarioError):
            make_fault(words)


def test_the_later_of_two_scenarios_wins_and_its_faults_come_first() -> None:
    first = load_scenario(EVERYTHING)
    joined = first.join_scenario(
        make_scenario({"listing_lag": 4, "faults": [{"route": "GET /v1/runs", "kind": "drop"}]})
    )
    assert (joined.listing_lag, joined.idempotency) == (4.0, 90.0)
    assert [fault.kind for fault in joined.faults] == ["drop", "after", "429"]
    assert joined.runs == first.runs
    assert first.join_scenario(Scenario()) == first


@in_rows(
    ("route", "hint"),
    [
        ("POST /v1/workflow", "; there is `POST /v1/workflows`"),
        ("PUT /v1/workflows", "`PUT /v1/workflows`; there is"),
        ("GET /nowhere/at/all/in/this/world", "no route of the emulator"),
    ],
)
def test_a_fault_that_no_request_can_meet_is_refused(route: str, hint: str) -> None:
    with Store.open(None) as store, pytest.raises(ScenarioError) as caught:
        create_app(store, scenario=Scenario(faults=(Fault(route, None, "after"),)))
    assert hint in str(caught.value)


@in_rows(
    "route",
    [
        "GET /v1/workflows/{id}",
        "GET /v1/workflows/00000000-0000-4000-8000-000000000000",
        "* /v1/*",
        "GET /v1/health",
    ],
)
def test_a_fault_may_name_routes_and_addresses(route: str) -> None:
    with Store.open(None) as store:
        create_app(store, scenario=Scenario(faults=(Fault(route, None, "after"),)))


class Clock:
    def __init__(self) -> None:
        self.time = STANDSTILL

    def __call__(self) -> object:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@contextmanager
def rehearsal(text: str) -> Iterator[tuple[Desk, Clock]]:
    clock = Clock()
    with (
        Store.open(None, clock=clock) as store,  # type: ignore[arg-type]
        Desk(create_app(store, scenario=load_scenario(text))) as desk,
    ):
        yield desk, clock


def test_a_file_steers_runs() -> None:
    with rehearsal("[[runs]]\nworkflow = 'Claims'\nerror = 'the desktop went away'") as (
        desk,
        clock,
    ):
        runs = [
            desk.ok("POST", "/v1/runs", 201, json={"workflow_id": desk.workflow(name=name)["id"]})
            for name in ("Claims", "Invoices")
        ]
        clock.move(10)
        ended = [desk.ok("GET", f"/v1/runs/{run['id']}") for run in runs]
        assert [run["status"] for run in ended] == ["error", "success"]
        assert ended[0]["error"] == ["the desktop went away"]


def post(desk: Desk, key: str = "k") -> httpx.Response:
    return desk.send("POST", "/v1/workflows", json=BODY, headers={"Idempotency-Key": key})


def test_ignored_keys_do_everything_again() -> None:
    with rehearsal("idempotency = 'ignore'") as (desk, _):
        assert post(desk).json()["id"] != post(desk).json()["id"]
        assert len(desk.ids()) == 2


def test_keys_expire_and_are_kept_anew() -> None:
    with rehearsal("idempotency = '30s'") as (desk, clock):
        first = post(desk).json()["id"]
        clock.move(29)
        assert post(desk).json()["id"] == first
        clock.move(2)
        second = post(desk).json()["id"]
        assert second != first
        clock.move(29)
        assert post(desk).json()["id"] == second
        assert set(desk.ids()) == {first, second}


def test_honoured_keys_live_for_ever() -> None:
    with rehearsal("idempotency = 'honour'") as (desk, clock):
        first = post(desk).json()["id"]
        clock.move(10_000_000)
        assert post(desk).json()["id"] == first


def test_young_rows_are_missing_from_lists_alone() -> None:
    with rehearsal("listing_lag = '3s'") as (desk, clock):
        workflow = desk.workflow()
        group = desk.ok("POST", "/v1/workflow-tag-groups", 201, json={"name": "desk"})
        tag = desk.tag("night", group_id=group["id"])
        body = {"tag_ids": [tag["id"]]}
        desk.ok("POST", f"/v1/workflows/{workflow['id']}/tags", json=body)
        machine = desk.machine()
        desk.pool()
        trajectory = desk.trajectory(workflow)
        run = desk.ok("POST", "/v1/runs", 201, json={"workflow_id": workflow["id"]})
        models = len(desk.ok("GET", "/v1/model-configurations"))
        model = {"name": "m", "provider": "openai", "model": "x"}
        desk.ok("POST", "/v1/model-configurations", 201, json=model)
        desk.ok("POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.png", PNG)})
        body = {"machine_id": machine["id"], "websocket_id": "w"}
        desk.ok("POST", "/v1/connections", 201, json=body)
        pages = (
            "workflows",
            "machines",
            "pools",
            "trajectories?is_generated=false",
            "runs",
            "connections",
        )
        lists = ("workflow-tags", "workflow-tag-groups", "workflows/prompt-images")

        def sizes() -> list[int]:
            counted = []
            for name in pages:
                page = desk.ok("GET", f"/v1/{name}")
                assert page["total"] == len(page["items"])
                counted.append(page["total"])
            return [*counted, *(len(desk.ok("GET", f"/v1/{name}")) for name in lists)]

        assert sizes() == [0] * 9
        assert len(desk.ok("GET", "/v1/model-configurations")) == models
        # Reading by id never lags, and what a list would not show yet is in replies that hold it.
        assert desk.get(workflow)["tags"][0]["group"]["id"] == group["id"]
        for path in (f"trajectories/{trajectory['id']}", f"runs/{run['id']}"):
            desk.ok("GET", f"/v1/{path}")
        assert desk.send("POST", "/v1/workflow-tags", json={"name": "night"}).status_code == 400
        clock.move(3.1)
        assert sizes() == [1] * 9
        assert len(desk.ok("GET", "/v1/model-configurations")) == models + 1


def test_the_control_routes_change_faults_and_show_requests() -> None:
    requests: list[RecordedRequest] = []
    with (
        Store.open(None) as store,
        Desk(create_app(store, requests=requests, with_control=True)) as desk,
    ):
        assert desk.ok("GET", "/_emulator/faults") == []
        fault = {"route": "* /*", "kind": "html_502"}
        (made,) = desk.ok("PUT", "/_emulator/faults", json=[fault])
        assert made["kind"] == "html_502"
        assert desk.send("GET", "/v1/workflows").status_code == 502
        desk.ok("PUT", "/_emulator/faults", 422, json=[{**fault, "kind": "later"}])
        desk.ok("PUT", "/_emulator/faults", json=[])
        assert desk.send("GET", "/v1/workflows").status_code == 200
        assert desk.ok("GET", "/_emulator/requests") == [
            {"method": "GET", "path": "/v1/workflows", "status": 502, "fault": "html_502"},
            {"method": "GET", "path": "/v1/workflows", "status": 200, "fault": None},
        ]
        desk.ok("DELETE", "/_emulator/requests", 204)
        assert requests == []


def test_control_is_off_unless_asked_for_and_never_part_of_the_contract(desk: Desk) -> None:
    assert desk.send("GET", "/_emulator/faults").status_code == 404
    with Store.open(None) as store:  # to describe an application takes a second
        paths = create_app(store, with_control=True).openapi()["paths"] if THOROUGH else ()
    assert not [path for path in paths if "_emulator" in path]


DOCUMENT = Path(__file__).parents[3] / "docs/emulator.md"


def _scenarios_of_the_documents() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S)


def test_the_scenario_of_the_documents_does_what_they_say() -> None:
    text, _ = _scenarios_of_the_documents()
    quiet = load_scenario(text).model_copy(update={"faults": ()})
    clock = Clock()
    with Store.open(None, clock=clock) as store:  # type: ignore[arg-type]
        create_app(store, scenario=load_scenario(text))
        with Desk(create_app(store, scenario=quiet)) as desk:
            schema = {"type": "object", "properties": {"status": {"type": "string"}}}
            workflow = desk.workflow(
                name="Claim status (night)",
                main_prompt="Claims\n\nSteps\n1. Open it.\n2. Search.\n3. Read the status.\n",
                output_schema=json.dumps(schema),
                post_run_checks=[check("Status screen saved", file_names=["status.png"])],
            )
            runs = [
                desk.ok(
                    "POST",
                    "/v1/runs",
                    201,
                    json={"workflow_id": workflow["id"], "input_values": {"claim_no": number}},
                )
                for number in ("HM-4711", "1", "2", "3", "4")
            ]
            clock.move(60)
            ended = [desk.ok("GET", f"/v1/runs/{run['id']}") for run in runs]
    assert ended[0]["status"] == "task_failed"
    assert ended[0]["error"] == ["the portal shows no such claim"]
    assert [run["post_run_checks"][0]["status"] for run in ended[1:]] == [
        *["success"] * 3,
        "failed",
    ]
    assert ended[4]["output_data"]["status"] == "paid"


def test_the_answers_of_the_documents_are_a_scenario() -> None:
    _, text = _scenarios_of_the_documents()
    (rule,) = load_scenario(text).runs
    assert rule.screen["~a dialog that says the claim is locked"] == [True, False]
    assert rule.screen["the list of claims is visible"] is False
    assert rule.reads == {"note": "three claims", "the claim number in the title": "unreadable"}
    assert rule.commands == {"~Get-Item": False}
    assert [each.entry for each in rule.entries] == [3]
    assert rule.effects().entries == rule.entries


def test_the_documents_name_every_key_and_every_kind_of_fault() -> None:
    text = DOCUMENT.read_text("utf-8")
    for kind in get_args(FaultKind):
        assert f"`{kind}`" in text
    for key in (*Effects.model_fields, *RunRule.model_fields):
        assert re.search(rf"\b{key}\b", text), key
    for key in Scenario.model_fields:
        assert re.search(rf"`(\[\[)?{key}(\]\]|\.url)?`", text), key
