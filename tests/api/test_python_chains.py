"""`run_chain` of a chain that pauses: answers that are given before, and those that come later."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowdsl import api
from flowdsl.emulator.faults import Fault
from flowdsl.runs.chain_body import chain_body
from flowdsl.runs.starting import parts
from tests.api.api_desk import CANARY, DAY, PIN, ApiDesk

CODE = f"sms-{CANARY}"
ANSWERS = {"text": "by hand", "code": CODE}
CHAIN = "/v1/runs/chain"
UNKNOWN_ID = "0f9b2c04-7f64-4a3e-9d0a-b8f3b0a3f2f5"


def lines(refused: api.InputsRefused) -> list[str]:
    return [problem.line() for problem in refused.problems]


@pytest.fixture
def secrets_sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The secrets of every step of the requests, in order; the service records none."""
    found: list[Any] = []

    def body(chain: Any, steps: Any, where: Any, **more: Any) -> Any:
        found.extend(step.sensitive_inputs for step in steps)
        return chain_body(chain, steps, where, **more)

    monkeypatch.setattr(parts, "chain_body", body)
    return found


def test_a_chain_gets_its_answers_at_its_pause(
    desk: ApiDesk, project: api.Project, secrets_sent: list[Any]
) -> None:
    batch = project.run_chain("asking", DAY, secrets=PIN, answers=ANSWERS, watch=True)
    assert [run.session_alias for run in batch.runs] == ["first", "second", "third"]
    assert batch.ended_well and set(batch.rows.values()) == {0}
    assert len({run.session_id for run in batch.runs}) == 1
    assert batch.runs[1].input_values == {"text": "by hand", "weight": 5}
    assert desk.posts() == [CHAIN] * 2
    assert secrets_sent == [PIN, None, {"pin": CODE}]


def test_without_a_watch_it_returns_when_the_last_part_has_begun(project: api.Project) -> None:
    batch = project.run_chain("asking", DAY, secrets=PIN, answers={**ANSWERS, "weight": 7})
    first, second, third = batch.runs
    assert first.status == "success" and second.is_live and third.is_live
    _, second, third = project.watch(*batch.runs)
    assert second.input_values == {"text": "by hand", "weight": 7}


def test_answers_that_are_missing_or_wrong_are_told_before_anything_is_sent(
    desk: ApiDesk, project: api.Project
) -> None:
    with pytest.raises(api.InputsRefused) as missing:
        project.run_chain("asking", DAY, secrets=PIN, answers={"text": "by hand"})
    assert lines(missing.value) == [
        "`answers`: chain `asking` asks for `code`, which is not given; give it as "
        '`answers={"code": ...}`'
    ]
    with pytest.raises(api.InputsRefused) as wrong:
        answers = {"txt": "a", "weight": "7", "text": None, "code": CANARY.upper()}
        project.run_chain("asking", DAY, secrets=PIN, answers=answers)
    assert lines(wrong.value) == [
        '`answers["txt"]`: chain `asking` does not ask for `txt`; an answer named `text` exists',
        '`answers["weight"]`: `weight` takes a whole number, not `7`; write it without quotes',
        '`answers["text"]`: `text` takes a text, and this is empty',
        '`answers["code"]`: the secret `code` does not fit: it matches `^[a-z]+-`',
    ]
    with pytest.raises(api.InputsRefused, match="a secret is a text, not a value of type int"):
        project.run_chain("asking", DAY, secrets=PIN, answers={**ANSWERS, "code": 4711})
    with pytest.raises(api.InputsRefused, match="it takes a mapping of names to values"):
        project.run_chain("asking", DAY, secrets=PIN, answers=["a"])  # type: ignore[arg-type]
    assert desk.posts() == []


def test_answers_are_for_chains_that_pause(desk: ApiDesk, project: api.Project) -> None:
    for given in ({"answers": {"text": "a"}}, {"resume": UNKNOWN_ID}):
        (word,) = given
        with pytest.raises(api.UnusableArguments, match=f"`{word}` is for a chain that pauses"):
            project.run_chain("whole", DAY, secrets=PIN, **given)  # type: ignore[arg-type]
    with pytest.raises(api.UnusableArguments, match="`resume` excludes"):
        project.run_chain("asking", DAY, secrets=PIN, resume=UNKNOWN_ID, machine="Hill")
    assert desk.posts() == []


def test_a_function_is_called_when_the_steps_in_front_of_the_pause_have_ended(
    desk: ApiDesk, project: api.Project
) -> None:
    seen: list[tuple[list[str], list[str]]] = []

    def code() -> str:
        seen.append((desk.posts(), [run.status for run in project.runs()]))
        return CODE

    answers = {"text": "by hand", "code": code}
    assert project.run_chain("asking", DAY, secrets=PIN, answers=answers, watch=True).ended_well
    assert seen == [([CHAIN], ["success"])]


def test_a_chain_whose_answer_does_not_come_waits_and_goes_on(
    desk: ApiDesk, project: api.Project
) -> None:
    def code() -> str:
        raise LookupError("no message came")

    with pytest.raises(api.ChainWaits) as waits:
        project.run_chain("asking", DAY, secrets=PIN, answers={**ANSWERS, "code": code})
    session = waits.value.session
    assert str(waits.value) == f"chain `asking` waits in session `{session}`: no message came"
    assert isinstance(waits.value.__cause__, LookupError)
    (first,) = waits.value.runs
    assert session is not None and first.session_id == session and first.status == "success"

    with pytest.raises(api.ChainWaits, match="the secret `code` does not fit") as unfit:
        answers = {**ANSWERS, "code": lambda: CANARY.upper()}
        project.run_chain("asking", DAY, secrets=PIN, answers=answers, resume=session)
    assert CANARY.upper() not in str(unfit.value)
    with pytest.raises(api.InputsRefused, match="asks for `code`, which is not given"):
        project.run_chain("asking", DAY, answers={"text": "a"}, resume=session)
    with pytest.raises(api.InputsRefused, match="step `first` was begun with `C1`, not with `C2`"):
        project.run_chain("asking", {**DAY, "claim": "C2"}, answers=ANSWERS, resume=session)
    assert desk.posts() == [CHAIN]

    batch = project.run_chain("asking", DAY, answers=ANSWERS, resume=session, watch=True)
    assert desk.posts() == [CHAIN] * 2
    assert batch.ended_well and [run.session_alias for run in batch.runs] == [
        "first",
        "second",
        "third",
    ]
    assert batch.runs[0].id == first.id


def test_a_session_that_is_none_of_the_chain_is_refused(project: api.Project) -> None:
    with pytest.raises(api.NoSuchName, match="has no runs of the first part"):
        project.run_chain("asking", DAY, answers=ANSWERS, resume=UNKNOWN_ID)
    with pytest.raises(api.NoSuchName, match="`here` is no id of a session"):
        project.run_chain("asking", DAY, answers=ANSWERS, resume="here")


@pytest.mark.parametrize("watch", [False, True])
def test_a_part_that_fails_ends_the_chain_and_frees_its_machine(
    desk: ApiDesk, project: api.Project, watch: bool
) -> None:
    desk.rules = [{"workflow": "Look up", "error": "the desk is locked"}]

    def code() -> str:
        raise AssertionError("nobody is asked")

    answers = {"text": "a", "code": code}
    batch = project.run_chain("asking", DAY, secrets=PIN, answers=answers, watch=watch)
    (run,) = batch.runs
    assert run.status == "error" and not batch.ended_well
    assert desk.posts() == [CHAIN]
    # There is one machine.
    assert project.run("note", {"text": "b"}, watch=True, timeout=20).status == "success"


def test_time_that_is_over_in_front_of_a_pause_sends_nothing_more(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.rules = [{"workflow": "Look up", "stay": "running"}]
    with pytest.raises(api.StillRunning) as late:
        project.run_chain("asking", DAY, secrets=PIN, answers=ANSWERS, timeout=0.05)
    assert [run.session_alias for run in late.value.runs] == ["first"]
    assert desk.posts() == [CHAIN]
    assert not [each for each in desk.requests if each.method == "PATCH"]


def test_a_later_part_that_is_not_made_is_in_the_result(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [Fault(f"POST {CHAIN}", 2, "status", status=409)]
    batch = project.run_chain("asking", DAY, secrets=PIN, answers=ANSWERS, watch=True)
    assert [run.session_alias for run in batch.runs] == ["first"]
    (failure,) = batch.not_made
    assert "409" in failure.message and not batch.ended_well
    desk.faults = [Fault(f"POST {CHAIN}", 1, "status", status=409)]
    project.close()  # the faults are those of a service that is opened
    with pytest.raises(api.RunNotMade):
        project.run_chain("asking", DAY, secrets=PIN, answers=ANSWERS)


def test_a_coroutine_function_is_awaited_while_others_go_on(
    desk: ApiDesk, secrets_sent: list[Any]
) -> None:
    async def work() -> None:
        asked, told = asyncio.Event(), asyncio.Event()

        async def code() -> str:
            asked.set()
            await told.wait()
            return CODE

        async def tell(project: api.AsyncProject) -> None:
            await asyncio.wait_for(asked.wait(), 20)
            assert [run.status for run in await project.runs()] == ["success"]
            told.set()

        async with api.open_async_project(desk.root) as project:
            batch, _ = await asyncio.gather(
                project.run_chain(
                    "asking", DAY, secrets=PIN, answers={"text": "a", "code": code}, watch=True
                ),
                tell(project),
            )
            assert batch.ended_well and len(batch.runs) == 3

    asyncio.run(work())
    assert secrets_sent[-1] == {"pin": CODE}


def test_an_exhausted_iterator_gives_no_answer(desk: ApiDesk) -> None:
    async def work() -> None:
        async with api.open_async_project(desk.root) as project:
            with pytest.raises(api.ChainWaits, match="StopIteration"):
                answers = {"text": "a", "code": iter(()).__next__}
                await project.run_chain("asking", DAY, secrets=PIN, answers=answers)

    asyncio.run(work())
