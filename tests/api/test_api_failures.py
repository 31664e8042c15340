"""What a call of `flowdsl.api` made is in its failure, and wrong arguments are told before that."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from flowdsl import api
from flowdsl.emulator.faults import Fault
from flowdsl.runs import submit
from tests.api.api_desk import DAY, PIN, ApiDesk

STAYS = {"workflow": "Note", "stay": "running"}
ONE_RUN = "GET /v1/runs/{run_id}"
ROWS = [{"text": str(number)} for number in range(3)]


def ids_there(desk: ApiDesk) -> set[str]:
    """The runs that the service has, by itself."""
    return {run["id"] for run in asyncio.run(desk.send("GET", "runs?limit=1000"))["items"]}


def boom(_run: api.Run) -> None:
    raise LookupError("the ledger is away")


# Failures after a creation


def test_a_watch_that_fails_has_the_run_that_was_made(desk: ApiDesk, project: api.Project) -> None:
    desk.faults = [Fault(ONE_RUN, None, "status", status=403)]
    with pytest.raises(api.BrokenOff) as broken:
        project.run("note", {"text": "a"}, watch=True)
    failure = broken.value
    assert {run.id for run in failure.runs} == ids_there(desk) and len(failure.runs) == 1
    assert failure.rows == {failure.runs[0].id: 0} and failure.not_made == ()
    assert isinstance(failure.__cause__, api.AuthenticationRefused)
    assert failure.runs[0].id in str(failure) and "403" in str(failure)


def test_a_watch_of_many_that_fails_has_rows_and_what_was_not_made(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [
        Fault("POST /v1/runs", 2, "status", status=409),
        Fault(ONE_RUN, None, "status", status=403),
    ]
    with pytest.raises(api.BrokenOff) as broken:
        project.run_many("note", ROWS, watch=True)
    (refused,) = broken.value.not_made
    assert refused.status == 409 and not refused.is_unknown
    assert {run.id for run in broken.value.runs} == ids_there(desk) == set(broken.value.rows)
    assert {*broken.value.rows.values(), refused.row} == {0, 1, 2}


def test_a_listener_that_raises_loses_nothing(desk: ApiDesk, project: api.Project) -> None:
    for watch in (
        lambda: project.run("note", {"text": "a"}, watch=True, on_change=boom),
        lambda: project.run_many("note", ROWS, watch=True, on_change=boom),
        lambda: project.run_chain("whole", DAY, secrets=PIN, watch=True, on_change=boom),
        lambda: project.run_chain(
            "asking", DAY, secrets=PIN, answers={"text": "a", "code": "a-1"}, on_change=boom
        ),
    ):
        before = ids_there(desk) if desk.opened else set()
        with pytest.raises(api.BrokenOff, match="the ledger is away") as broken:
            watch()
        assert isinstance(broken.value.__cause__, LookupError)
        assert {run.id for run in broken.value.runs} == ids_there(desk) - before
        assert set(broken.value.rows) == {run.id for run in broken.value.runs}


def test_a_watch_without_a_creation_tells_what_it_knows(
    desk: ApiDesk, project: api.Project
) -> None:
    batch = project.run_many("note", ROWS)
    with pytest.raises(api.BrokenOff, match="the watch of 3 runs broke off") as broken:
        project.watch(*batch.runs, on_change=boom)
    assert [run.id for run in broken.value.runs] == [run.id for run in batch.runs]


def test_a_listener_may_be_a_coroutine_function(desk: ApiDesk, project: api.Project) -> None:
    heard: list[str] = []

    async def listen(run: api.Run) -> None:
        await asyncio.sleep(0)
        heard.append(run.status)

    assert project.run("note", {"text": "a"}, watch=True, on_change=listen).status == "success"
    assert heard[-1] == "success"

    async def fail(_run: api.Run) -> None:
        await asyncio.sleep(0)
        raise LookupError("the ledger is away")

    with pytest.raises(api.BrokenOff, match="the ledger is away"):
        project.run("note", {"text": "a"}, watch=True, on_change=fail)


def test_a_listener_cannot_wait_for_its_own_project(project: api.Project) -> None:
    def ask(run: api.Run) -> None:
        project.watch(run)

    with pytest.raises(api.BrokenOff) as refused:
        project.run("note", {"text": "a"}, watch=True, on_change=ask)
    assert isinstance(refused.value.__cause__, api.UnusableArguments)


def test_a_listener_that_ends_the_program_ends_it(desk: ApiDesk, project: api.Project) -> None:
    def leave(_run: api.Run) -> None:
        sys.exit(3)

    with pytest.raises(SystemExit) as leaving:
        project.run("note", {"text": "a"}, watch=True, on_change=leave)
    batch = api.carried_by(leaving.value)
    assert leaving.value.code == 3 and batch is not None
    assert {run.id for run in batch.runs} == ids_there(desk)


def test_time_that_is_over_tells_the_rows(desk: ApiDesk, project: api.Project) -> None:
    desk.rules = [STAYS]
    with pytest.raises(api.StillRunning) as late:
        project.run_many("note", ROWS, watch=True, timeout=0)
    assert [late.value.rows[run.id] for run in late.value.runs] == [0, 1, 2]
    assert isinstance(late.value, api.BrokenOff)


def test_a_run_that_is_not_made_tells_the_status_and_the_cause(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [Fault("POST /v1/runs", 1, "status", status=409)]
    with pytest.raises(api.RunNotMade) as failure:
        project.run("note", {"text": "a"})
    assert failure.value.status == 409
    assert isinstance(failure.value.__cause__, api.CyberdeskError)
    assert failure.value.__cause__.status == 409


def test_rows_that_are_not_sent_are_told(desk: ApiDesk, project: api.Project) -> None:
    """A key that is revoked meanwhile: nothing more is sent, and nothing of it is lost."""
    rows = [{"text": str(number)} for number in range(20)]
    desk.faults = [Fault("POST /v1/runs", nth, "status", status=403) for nth in range(4, 21)]
    batch = project.run_many("note", rows)
    assert len(batch.runs) == 3
    not_made = [each.row for each in batch.not_made]
    assert sorted([*not_made, *batch.rows.values()]) == list(range(20))
    assert "it was not sent" in {each.message for each in batch.not_made}


def test_a_service_that_stays_away_while_a_lost_run_is_looked_for_loses_no_other(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [
        Fault("POST /v1/runs", 2, "after"),
        *(Fault("GET /v1/runs", nth, "status", status=403) for nth in range(2, 30)),
    ]
    batch = project.run_many("note", ROWS)
    (unknown,) = batch.not_made
    assert unknown.is_unknown and len(batch.runs) == 2
    assert {run.id for run in batch.runs} < ids_there(desk)


def test_a_retry_tells_the_run_that_it_began(desk: ApiDesk, project: api.Project) -> None:
    run = project.run("note", {"text": "a"}, watch=True)
    with pytest.raises(api.BrokenOff) as broken:
        project.retry(run, watch=True, on_change=boom)
    assert [each.id for each in broken.value.runs] == [run.id]
    project.watch(run)
    project.close()  # the faults are those of a service that is opened
    desk.faults = [
        Fault("POST /v1/runs/{run_id}/retry", 1, "after"),
        Fault(ONE_RUN, 2, "status", status=403),
    ]
    with pytest.raises(api.OutcomeUnknown) as unknown:
        project.retry(run)
    assert [each.id for each in unknown.value.candidates] == [run.id]
    assert isinstance(unknown.value.__cause__, api.CyberdeskError)


# Cancelled


def test_a_cancelled_watch_has_the_runs(desk: ApiDesk) -> None:
    desk.rules = [STAYS]

    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            heard = asyncio.Event()

            async def listen(_run: api.Run) -> None:
                heard.set()

            making = asyncio.create_task(
                project.run_many("note", ROWS, watch=True, on_change=listen)
            )
            await heard.wait()
            making.cancel()
            with pytest.raises(asyncio.CancelledError) as cut:
                await making
            batch = api.carried_by(cut.value)
            assert batch is not None and sorted(batch.rows.values()) == [0, 1, 2]
            await project.cancel(*batch.runs)  # there is one machine
            with pytest.raises(TimeoutError) as late:
                async with asyncio.timeout(None) as clock:
                    await project.run(
                        "note",
                        {"text": "b"},
                        watch=True,
                        on_change=lambda _run: clock.reschedule(0),
                    )
            assert (again := api.carried_by(late.value)) is not None
            assert {run.id for each in (batch, again) for run in each.runs} == {
                run.id for run in await project.runs(limit=None)
            }
            assert any(again.runs[0].id in note for note in notes_of(late.value))

    asyncio.run(work())


def notes_of(error: BaseException) -> list[str]:
    found: list[str] = []
    at: BaseException | None = error
    while at is not None:
        found += getattr(at, "__notes__", ())
        at = at.__cause__ or at.__context__
    return found


def test_a_creation_under_way_is_finished_when_it_is_cancelled(desk: ApiDesk) -> None:
    desk.faults = [Fault("POST /v1/runs", None, "slow", seconds=0.2)]

    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            rows = [{"text": str(number)} for number in range(20)]
            making = asyncio.create_task(project.run_many("note", rows))
            while not desk.posts():
                await asyncio.sleep(0.01)
            making.cancel()
            with pytest.raises(asyncio.CancelledError) as cut:
                await making
            batch = api.carried_by(cut.value)
            assert batch is not None and 0 < len(batch.runs) < 20
            assert {run.id for run in batch.runs} == {
                run.id for run in await project.runs(limit=None)
            }
            assert sorted([*batch.rows.values(), *(each.row for each in batch.not_made)]) == list(
                range(20)
            )

    asyncio.run(work())


def test_what_a_group_of_tasks_swallows_is_in_the_log(
    desk: ApiDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.rules = [STAYS]
    made: list[str] = []

    async def work() -> None:
        async with api.open_async_project(desk.root) as project, asyncio.TaskGroup() as group:
            heard = asyncio.Event()

            def listen(run: api.Run) -> None:
                made.append(run.id)
                heard.set()

            group.create_task(project.run("note", {"text": "a"}, watch=True, on_change=listen))
            await heard.wait()
            raise LookupError("another task of the group")

    with pytest.raises(ExceptionGroup):
        asyncio.run(work())
    assert f"1 run was made ({made[0]})" in caplog.text


def test_a_failure_while_another_is_handled_made_nothing(
    desk: ApiDesk, project: api.Project
) -> None:
    with pytest.raises(api.BrokenOff) as broken:
        project.run("note", {"text": "a"}, watch=True, on_change=boom)
    with pytest.raises(api.InputsRefused) as refused:
        try:
            raise broken.value
        except api.BrokenOff:
            project.run("note", {"text": 3})
    assert refused.value.__context__ is not None and api.carried_by(refused.value) is None


def test_closing_a_project_lets_creations_finish(desk: ApiDesk) -> None:
    desk.faults = [Fault("POST /v1/runs", None, "slow", seconds=0.2)]
    project = api.open_project(desk.root)
    ended: list[BaseException] = []

    def make() -> None:
        try:
            project.run_many("note", [{"text": str(number)} for number in range(20)])
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)

    other = threading.Thread(target=make)
    other.start()
    while not desk.posts():
        time.sleep(0.01)
    project.close()
    other.join(20)
    (cut,) = ended
    assert isinstance(cut, CancelledError)
    batch = api.carried_by(cut)
    assert batch is not None and {run.id for run in batch.runs} == ids_there(desk)
    assert not any(each.is_unknown for each in batch.not_made)


def test_whoever_cancels_twice_does_not_wait_and_is_told_what_is_unknown(
    desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        sent = asyncio.Event()

        async def hang(*_given: Any) -> None:
            sent.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(submit.SingleRequest, "send", hang)
        async with api.open_async_project(desk.root) as project:
            making = asyncio.create_task(project.run("note", {"text": "a"}))
            await sent.wait()
            making.cancel()
            for _ in range(10):
                await asyncio.sleep(0)
            assert not making.done(), "what is under way is waited for"
            making.cancel()
            with pytest.raises(asyncio.CancelledError) as cut:
                await making
            batch = api.carried_by(cut.value)
            assert batch is not None and batch.runs == ()
            (unknown,) = batch.not_made
            assert unknown.is_unknown and unknown.row == 0

    asyncio.run(work())


INTERRUPTED = """
import os, signal, sys
from flowdsl import api
from flowdsl.emulator import embedded

with api.open_project(sys.argv[1]) as project:
    asked = []
    def listen(run):
        asked.append(run.id)
        os.kill(os.getpid(), signal.SIGINT)
    try:
        project.run_many("note", [{"text": "a"}, {"text": "b"}], watch=True, on_change=listen)
    except KeyboardInterrupt as interrupt:
        batch = api.carried_by(interrupt)
        made = {run.id for run in batch.runs}
        there = {run.id for run in project.runs()}
        print(made == there, sorted(batch.rows.values()), len(interrupt.__notes__))
"""


# Wrong arguments


class Nothing:
    """A value of no type that anybody takes; whoever uses it fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"`{name}` of an argument was used")


METHODS = [
    name
    for name, each in vars(api.Project).items()
    if inspect.isfunction(each) and not name.startswith("_") and name != "close"
]
GIVEN: dict[str, Any] = {
    "workflow": "note",
    "chain": "whole",
    "inputs": {"text": "a"},
    "rows": [{"text": "a"}],
    "run": "0f9b",
    "folder": "out",
    "machine": "desk-1",
    "pool": "night",
    "connection": "c1",
    "trajectory": "t1",
}


@pytest.mark.parametrize("method", METHODS)
def test_an_argument_of_another_type_is_refused_before_anything_is_sent(
    desk: ApiDesk, project: api.Project, method: str
) -> None:
    parameters = dict(inspect.signature(getattr(api.Project, method)).parameters)
    del parameters["self"]
    given = {
        name: GIVEN[name]
        for name, about in parameters.items()
        if about.default is about.empty and name in GIVEN
    }
    for name, about in parameters.items():
        variadic = about.kind is inspect.Parameter.VAR_POSITIONAL
        words, more = ((Nothing(),), {}) if variadic else ((), {name: Nothing()})
        with pytest.raises((api.UnusableArguments, api.InputsRefused), match=f"`{name}"):
            getattr(project, method)(*words, **{**given, **more})
    assert desk.requests == [] and not desk.opened and not (desk.root / "out").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timeout": "3"}, "`timeout` takes a number of seconds, 0 or more, not a str"),
        ({"timeout": -1}, "`timeout` takes a number of seconds, 0 or more, not -1"),
        ({"timeout": math.nan}, "`timeout` takes a number of seconds, 0 or more, not nan"),
        ({"timeout": True}, "`timeout` takes a number of seconds, 0 or more, not a bool"),
        (
            {"timeout": 10**400},
            "`timeout` takes a number of seconds, 0 or more, not one of so many",
        ),
        ({"watch": "yes"}, "`watch` takes True or False, not a str"),
        ({"machine": "\ud800"}, "`machine` takes a text, and this has half of a character"),
        ({"pool": ["a", 3]}, "`pool` takes a text or a sequence of texts"),
        ({"files": ["a.png"]}, "`files` takes a sequence of `RunFile`"),
        ({"files": [api.RunFile(b"a.png")]}, "`files` takes a sequence of `RunFile`"),  # type: ignore[arg-type]
        (
            {"timeout": "3", "watch": 1},
            "`watch` takes True or False, not an int; `timeout` takes a number",
        ),
    ],
    ids=range(11),
)
def test_a_value_that_cannot_be_meant_is_refused_before_anything_is_sent(
    desk: ApiDesk, project: api.Project, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(api.UnusableArguments) as refused:
        project.run("note", {"text": "a"}, **given)
    assert str(refused.value).startswith(message)
    assert desk.requests == []


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}, math.nan, math.inf, 10**5000],
    ids=["text", "inside", "name", "nan", "inf", "digits"],
)
def test_a_value_that_no_request_can_carry_is_refused_with_its_row(
    desk: ApiDesk, project: api.Project, value: Any
) -> None:
    with pytest.raises(api.InputsRefused) as refused:
        project.run_many("note", [{"text": "a"}, {"text": value}])
    assert refused.value.problems[0].place.startswith('`rows[1]["text"]`')
    with pytest.raises(api.InputsRefused, match=r"secrets"):
        project.run("look_up", DAY, secrets={"pin": "\ud800"})
    assert desk.requests == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda project: project.runs(limit=True),
        lambda project: project.runs(limit=1001),
        lambda project: project.runs(skip=-1),
        lambda project: project.runs(sort="newest"),
        lambda project: project.attachments("0f9b", type="both"),
        lambda project: project.save_attachments("0f9b", "out", max_bytes=-1),
        lambda project: project.run_many("note", {"text": "a"}),
        lambda project: project.run_many("note", [{"text": "a"}], count=1.0),
        lambda project: project.run_many("note", "text"),
    ],
)
def test_other_values_that_cannot_be_meant(
    desk: ApiDesk, project: api.Project, ask: Callable[[Any], object]
) -> None:
    with pytest.raises(api.UnusableArguments):
        ask(project)
    assert desk.requests == [] and not desk.opened


def test_functions_refuse_wrong_arguments_too(desk: ApiDesk) -> None:
    for wrong in (3, None, b"x"):
        with pytest.raises(api.UnusableArguments, match="`path`"):
            api.open_project(wrong)  # type: ignore[arg-type]
        with pytest.raises(api.UnusableArguments, match="`text`"):
            api.check_text(wrong)  # type: ignore[arg-type]
        with pytest.raises(api.UnusableArguments, match="`text`"):
            api.compile_text(wrong)  # type: ignore[arg-type]
    with pytest.raises(api.UnusableArguments, match="`env`"):
        api.open_async_project(desk.root, 3)  # type: ignore[arg-type]


def test_a_filter_that_means_nothing_is_told_before_a_machine_is_looked_for(
    desk: ApiDesk, project: api.Project
) -> None:
    for wrong in ({"since": "yesterday"}, {"status": "runing"}, {"session": "s1"}):
        with pytest.raises(api.NoSuchName):
            project.runs(machine="desk-9", **wrong)  # type: ignore[arg-type]
    assert desk.requests == []
