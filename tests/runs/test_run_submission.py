"""No run is lost and none is made twice, whatever happens to requests and replies."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import AuthenticationRefused, CyberdeskError
from flowdsl.cyberdesk.models.run import ChainCreate, ChainStep, RunBulkCreate
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.runs.submit import BulkRequest, ChainRequest, SingleRequest, Submission, Submitter
from flowdsl.runs.watch import RunsEnding, ending_of
from flowdsl.state.errors import StoreUnusable
from tests.runs.run_world import RunWorld, ids_of
from tests.support.effort import THOROUGH, rows
from tests.support.rows import in_rows

LOST = ("after", "drop", "truncated", "broken_json")
"""Faults in which the run is made and its reply is lost."""
UNDONE = ("before", "hang", "status", "html_502")
"""Faults in which nothing is done, and nobody can tell."""


def broken(route: str, kind: str, *, keys: str = "honour", **more: Any) -> Scenario:
    chosen = more or {"nth": 1}
    return Scenario.model_validate(
        {"faults": [{"route": route, "kind": kind, **chosen}], "idempotency": keys}
    )


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize("kind", [*LOST, *UNDONE, "429"])
def test_one_run_is_made_once_whatever_becomes_of_its_reply(kind: str, keys: str) -> None:
    with RunWorld(broken("POST /v1/runs", kind, keys=keys)).open() as world:
        submission = world.submit_one()
        assert world.ids() == [run.id for run in submission.runs] and len(submission.runs) == 1
        assert (submission.unknown, submission.failures) == (None, [])
        sent_again = kind not in LOST
        assert world.posts() == (2 if sent_again else 1)


def test_what_is_lost_is_looked_for_at_once_and_sent_again_only_when_no_request_can_come() -> None:
    with RunWorld(broken("POST /v1/runs", "after")).open() as world:
        world.submit_one()
        assert world.elapsed < 1.0
    with RunWorld(broken("POST /v1/runs", "before")).open() as world:
        world.submit_one()
        assert 30.0 <= world.elapsed < 40.0
        assert world.said[0] == "looking for 1 run whose creation had no reply"


def test_a_run_that_is_listed_late_is_found() -> None:
    scenario = broken("POST /v1/runs", "after", keys="ignore").join_scenario(
        Scenario.model_validate({"listing_lag": 9})
    )
    with RunWorld(scenario).open() as world:
        submission = world.submit_one()
        world.elapsed += 60
        assert world.ids() == [run.id for run in submission.runs]


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize(("kind", "every"), rows([("after", 3), ("before", 7), ("drop", 2)], 0, 1))
def test_many_different_runs_are_each_made_once(kind: str, every: int, keys: str) -> None:
    with RunWorld(broken("POST /v1/runs", kind, keys=keys, every=every)).open() as world:
        made = world.submit(*(SingleRequest(world.one(user=f"u{n}")) for n in range(40)))
        assert sorted(ids_of(made)) == sorted(world.ids())
        inputs = {
            row["id"]: row["input_values"]["user"]
            for row in world.desk.ok("GET", "/v1/runs?limit=1000")["items"]
        }
        assert [inputs[run.id] for each in made for run in each.runs] == [
            f"u{n}" for n in range(40)
        ]


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize("kind", ["after", "before"])
def test_equal_runs_are_not_taken_for_each_other(kind: str, keys: str) -> None:
    with RunWorld(broken("POST /v1/runs", kind, keys=keys, every=2)).open() as world:
        made = world.submit(*(SingleRequest(world.one()) for _ in range(6)))
        assert [len(each.runs) for each in made] == [1] * 6
        assert sorted(ids_of(made)) == sorted(world.ids()) and len(set(ids_of(made))) == 6


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
def test_of_two_equal_requests_without_a_reply_each_gets_a_run_of_its_own(keys: str) -> None:
    faults = [
        {"route": "POST /v1/runs", "kind": "before", "nth": 1},
        {"route": "POST /v1/runs", "kind": "after", "nth": 2},
    ]
    scenario = Scenario.model_validate({"faults": faults, "idempotency": keys})
    with RunWorld(scenario).open() as world:
        made = world.submit(SingleRequest(world.one()), SingleRequest(world.one()))
        assert [len(each.runs) for each in made] == [1, 1]
        assert len(set(ids_of(made))) == 2 and sorted(ids_of(made)) == sorted(world.ids())


def test_a_run_that_was_there_before_is_not_taken_for_a_new_one() -> None:
    with RunWorld(broken("POST /v1/runs", "before")).open() as world:
        old = world.desk.ok(
            "POST",
            "/v1/runs",
            201,
            json={"workflow_id": world.workflow["id"], "input_values": world.one().input_values},
        )
        submission = world.submit_one()
        assert [run.id for run in submission.runs] != [old["id"]]
        assert len(world.ids()) == 2


def test_where_somebody_else_made_an_equal_run_nobody_guesses() -> None:
    with RunWorld(broken("POST /v1/runs", "after")).open() as world:
        body = {"workflow_id": world.workflow["id"], "input_values": world.one().input_values}

        others: list[str] = []

        async def meanwhile(method: str, _path: str) -> None:
            if method == "GET" and world.posts() == 1 and not others:
                others.append((await world.post("/v1/runs", body))["id"])

        world.meanwhile = meanwhile
        submission = world.submit_one()
        assert submission.runs == [] and submission.unknown is not None
        assert {run.id for run in submission.candidates} == set(world.ids())
        assert world.posts() == 1, "nothing is sent again that may have come"


@in_rows(
    ("kind", "keys", "count"),
    [
        ("after", "ignore", 500 if THOROUGH else 60),
        ("after", "honour", 30),
        ("before", "ignore", 30),
    ],
)
def test_a_bulk_is_made_once(kind: str, keys: str, count: int) -> None:
    with RunWorld(broken("POST /v1/runs/bulk", kind, keys=keys)).open() as world:
        body = RunBulkCreate(**world.one().model_dump(exclude_unset=True), count=count)
        (submission,) = world.submit(BulkRequest(body))
        assert sorted(run.id for run in submission.runs) == sorted(world.ids())
        assert len(submission.runs) == count and submission.failures == []


def test_runs_of_a_bulk_that_were_not_made_are_counted_with_their_reasons() -> None:
    rules = tuple(RunRule(nth=nth, refuse="no capacity") for nth in (2, 5))
    with RunWorld(Scenario(runs=rules)).open() as world:
        body = RunBulkCreate(**world.one().model_dump(exclude_unset=True), count=6)
        (submission,) = world.submit(BulkRequest(body))
        assert len(submission.runs) == 4
        assert submission.failures == ["run 2: no capacity", "run 5: no capacity"]


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize("kind", ["after", "before"])
def test_a_chain_is_started_once(kind: str, keys: str) -> None:
    with RunWorld(broken("POST /v1/runs/chain", kind, keys=keys)).open() as world:
        second = {"day": {"$ref": "first.outputs.day"}, "user": "ben"}
        steps = [
            ChainStep(workflow_id=world.workflow["id"], session_alias=alias, inputs=inputs)
            for alias, inputs in (("first", world.one().input_values), ("second", second))
        ]
        (submission,) = world.submit(ChainRequest(ChainCreate(steps=steps)))
        assert [run.session_alias for run in submission.runs] == ["first", "second"]
        assert sorted(run.id for run in submission.runs) == sorted(world.ids())


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize("kind", ["after", "before"])
@pytest.mark.parametrize("equal", [True, False])
def test_each_of_many_starts_of_a_chain_has_a_session_of_its_own(
    equal: bool, kind: str, keys: str
) -> None:
    with RunWorld(broken("POST /v1/runs/chain", kind, keys=keys, every=2)).open() as world:
        chains = []
        for number in range(5):
            user = "ann" if equal else f"u{number}"
            second = {"day": {"$ref": "first.outputs.day"}, "user": "ben"}
            steps = [
                ChainStep(workflow_id=world.workflow["id"], session_alias=alias, inputs=inputs)
                for alias, inputs in (
                    ("first", world.one(user=user).input_values),
                    ("second", second),
                )
            ]
            chains.append(ChainRequest(ChainCreate(steps=steps)))
        made = world.submit(*chains)
        assert sorted(ids_of(made)) == sorted(world.ids()) and len(set(ids_of(made))) == 10
        assert [[run.session_alias for run in each.runs] for each in made] == [
            ["first", "second"]
        ] * 5
        sessions = [{run.session_id for run in each.runs} for each in made]
        assert all(len(each) == 1 for each in sessions) and len(set.union(*sessions)) == 5
        rows = world.desk.ok("GET", "/v1/runs?limit=1000")["items"]
        users = {row["id"]: row["input_values"]["user"] for row in rows}
        wanted = ["ann" if equal else f"u{number}" for number in range(5)]
        assert [users[each.runs[0].id] for each in made] == wanted


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
@pytest.mark.parametrize("kind", ["after", "before"])
def test_a_chain_goes_on_once_in_its_session(kind: str, keys: str) -> None:
    with RunWorld().open() as world:
        body = {"workflow_id": world.workflow["id"], "input_values": world.one().input_values}
        first = world.desk.ok("POST", "/v1/runs", 201, json={**body, "start_session": True})
        world.use_faults(broken("POST /v1/runs/chain", kind, keys=keys))
        step = ChainStep(
            workflow_id=world.workflow["id"],
            session_alias="second",
            inputs=world.one().input_values,
        )
        (submission,) = world.submit(
            ChainRequest(ChainCreate(steps=[step], session_id=first["id"]))
        )
        (made,) = submission.runs
        assert sorted([first["id"], made.id]) == sorted(world.ids())
        assert made.session_id == first["session_id"]


def test_a_refused_row_is_told_and_the_others_are_made() -> None:
    with RunWorld().open() as world:
        bad = world.one().model_copy(update={"input_values": {"user": 5, "day": "x"}})
        made = world.submit(
            SingleRequest(world.one(user="a")),
            SingleRequest(bad),
            SingleRequest(world.one(user="b")),
        )
        assert [len(each.runs) for each in made] == [1, 0, 1]
        assert "status 422" in made[1].failures[0]


def test_a_storm_of_429_is_ridden_out() -> None:
    with RunWorld(
        Scenario.model_validate(
            {"faults": [{"route": "POST /v1/runs", "kind": "429", "share": 0.8, "seed": 3}]}
        )
    ).open() as world:
        made = world.submit(*(SingleRequest(world.one(user=f"u{n}")) for n in range(20)))
        assert len(world.ids()) == len(set(ids_of(made))) == 20
        assert any(line.endswith("trying again") for line in world.said)


def test_a_service_that_restarts_is_waited_for() -> None:
    with RunWorld().open() as world:
        world.break_next = lambda method, _path: (
            httpx.ConnectError("refused") if method == "POST" and world.elapsed < 200.0 else None
        )
        submission = world.submit_one()
        assert len(submission.runs) == 1 == len(world.ids())
        assert world.said[-1] == "the service answers again"


def test_a_refused_key_ends_it_all_at_once() -> None:
    with RunWorld(
        Scenario.model_validate(
            {"faults": [{"route": "POST /v1/runs", "kind": "status", "status": 401}]}
        )
    ).open() as world:
        with pytest.raises(AuthenticationRefused):
            world.submit(*(SingleRequest(world.one(user=f"u{n}")) for n in range(40)))
        assert world.posts() <= 8


def test_a_service_that_stays_away_is_given_up() -> None:
    with RunWorld().open() as world:
        world.break_next = lambda _method, _path: ConnectionRefusedError()
        with pytest.raises(CyberdeskError, match="gets no reply"):
            world.submit_one()
        assert 10.0 < world.elapsed < 60.0


def test_when_stopped_no_further_request_begins_and_none_is_lost() -> None:
    with RunWorld().open() as world:
        requests = [(SingleRequest(world.one(user=f"u{n}")), f"row {n}") for n in range(40)]

        async def work(client: CyberdeskClient) -> list[Submission]:
            submitter = Submitter(
                client,
                world.runtime,
                tell=world.said.append,
                stopped=lambda: world.posts() >= 5,
                concurrency=2,
            )
            return await submitter.submit(requests)

        made = world.run(work)
        assert sorted(ids_of(made)) == sorted(world.ids())
        assert 5 <= len(ids_of(made)) <= 6 and len(made) == 40
        assert ending_of(made, None) is RunsEnding.NOT_ALL_MADE


@pytest.mark.parametrize("keys", rows(["honour", "ignore"], 1))
def test_a_request_that_is_carried_out_later_than_one_can_be_is_told_as_a_stray(keys: str) -> None:
    with RunWorld(broken("POST /v1/runs", "before", keys=keys)).open() as world:
        body = {"workflow_id": world.workflow["id"], "input_values": world.one().input_values}
        late: list[str] = []

        async def meanwhile(method: str, _path: str) -> None:
            # It comes when the second request has made its run, which a service with keys notices.
            if method == "GET" and world.posts() == 2 and not late and keys == "ignore":
                late.append((await world.post("/v1/runs", body))["id"])

        world.meanwhile = meanwhile
        submission = world.submit_one()
        assert len(submission.runs) == 1 and [run.id for run in submission.strays] == late
        assert set(world.ids()) == {submission.runs[0].id, *late}
        assert ending_of([submission], None) is (RunsEnding.UNKNOWN if late else RunsEnding.SUCCESS)


class _Recorded:
    """A record that can be written so often."""

    def __init__(self, often: int) -> None:
        self.left, self.resolved_keys = often, list[str]()

    def begin(self, every: Any, newest: Any) -> None:
        pass

    def sending(self, submission: Submission) -> None:
        if not self.left:
            raise StoreUnusable("the disk is full")
        self.left -= 1

    def resolved(self, submission: Submission) -> None:
        self.resolved_keys.append(submission.key)


@in_rows("often", [0, 1, 5])
def test_what_cannot_be_written_down_is_not_sent(often: int) -> None:
    with RunWorld().open() as world:
        record = _Recorded(often)

        async def work(client: CyberdeskClient) -> list[Submission]:
            submitter = Submitter(client, world.runtime, tell=world.said.append, record=record)
            return await submitter.submit(
                [(SingleRequest(world.one(user=f"u{n}")), f"row {n}") for n in range(20)]
            )

        if not often:
            with pytest.raises(StoreUnusable, match="the disk is full"):
                world.run(work)
        else:
            made = world.run(work)
            assert sorted(ids_of(made)) == sorted(world.ids())
            refused = [each for each in made if each.failures]
            assert refused[0].failures == ["it was not sent: the disk is full"]
        assert len(world.ids()) == world.posts() == len(record.resolved_keys) == often
