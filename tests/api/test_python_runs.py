"""`flowdsl.api.open_project`: runs from Python, on the embedded emulator."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowdsl import api
from flowdsl.api.project import _LoopThread
from flowdsl.emulator.faults import Fault
from tests.api.api_desk import CANARY, DAY, FLOW, PIN, ApiDesk
from tests.support.command_line import HEARS_INTERRUPTS, LOCAL_PROJECT, write_tree

STAYS = {"workflow": "Note", "stay": "running"}
UNKNOWN_ID = "0f9b2c04-7f64-4a3e-9d0a-b8f3b0a3f2f5"


def lines(refused: api.InputsRefused) -> list[str]:
    return [problem.line() for problem in refused.problems]


def test_a_run_is_made_and_watched_to_its_outputs(desk: ApiDesk, project: api.Project) -> None:
    made = project.run("look_up", {"claim": "C1", "day": date(2026, 3, 1)}, secrets=PIN)
    assert made.is_live
    assert made.input_values == {"claim": "C1", "day": "2026-03-01", "kind": "dental"}
    (ended,) = project.watch(made)
    assert (ended.id, ended.status) == (made.id, "success")
    assert ended.output_data is not None and set(ended.output_data) == {"status", "claim_no"}
    heard: list[str] = []
    note = project.run(
        "workflow.note", {"text": "so"}, watch=True, on_change=lambda run: heard.append(run.status)
    )
    assert note.status == heard[-1] == "success" and note.input_values == {
        "text": "so",
        "weight": 3,
    }
    assert desk.opened == 1, "the service is opened once"


def test_a_day_is_filled_in_by_the_time_zone_of_the_project(desk: ApiDesk) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    file = desk.root / "flowdsl.toml"
    file.write_text(file.read_text().replace("[env", 'timezone = "Pacific/Kiritimati"\n\n[env', 1))
    (flow,) = (desk.root / "flows").glob("*.flow")
    flow.write_text(FLOW.replace("day: date\n", "day: date = today\n", 1))
    before = datetime.now(zone).date()
    with api.open_project(desk.root) as project:
        made = project.run("look_up", {"claim": "C1"}, secrets=PIN)
    days = {str(before), str(datetime.now(zone).date())}
    assert made.input_values is not None and made.input_values["day"] in days


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_sent(
    desk: ApiDesk, project: api.Project
) -> None:
    with pytest.raises(api.InputsRefused) as refused:
        project.run(
            "look_up", {"clam": "C1", "day": "1.3.2026", "kind": 3}, secrets={"pni": CANARY}
        )
    assert lines(refused.value) == [
        '`inputs["clam"]`: `clam` is no input of workflow `look_up`; an input named `claim` exists',
        (
            '`inputs["day"]`: `day` takes a date such as `2024-05-31`, not `1.3.2026`; write '
            "`2026-03-01`"
        ),
        '`inputs["kind"]`: `kind` takes `dental` or `vision`, not `3`',
        ('`secrets["pni"]`: `pni` is no secret of workflow `look_up`; a secret named `pin` exists'),
        'look_up: the secret `pin` is not given; give it as `secrets={"pin": ...}`',
        'look_up: input `claim` is not given; give it as `inputs={"claim": ...}`; it takes a text',
    ]
    with pytest.raises(api.InputsRefused) as missing:
        project.run("look_up", {"day": "2026-03-01"})
    assert lines(missing.value) == [
        'look_up: the secret `pin` is not given; give it as `secrets={"pin": ...}`',
        'look_up: input `claim` is not given; give it as `inputs={"claim": ...}`; it takes a text',
    ]
    assert CANARY not in str(refused.value) and desk.requests == []


@pytest.mark.parametrize(
    ("give", "line"),
    [
        (
            lambda project: project.run("note", {"text": {"a": [1, {2}]}}),
            '`inputs["text"]` at `a[1]`: it takes what JSON can hold, not a set',
        ),
        (
            lambda project: project.run("note", {"text": {"a": {1: 2}}}),
            '`inputs["text"]` at `a`: the name of a field is a text',
        ),
        (
            lambda project: project.run("note", ["text"]),
            "`inputs`: it takes a mapping of names to values",
        ),
        (
            lambda project: project.run("look_up", DAY, secrets={"pin": 4711}),
            '`secrets["pin"]`: a secret is a text, not a value of type int',
        ),
        (
            lambda project: project.run("look_up", {**DAY, "pin": CANARY}),
            (
                '`inputs["pin"]`: `pin` is a secret of `look_up` and not given as an input; give '
                'it as `secrets={"pin": ...}`'
            ),
        ),
        (
            lambda project: project.run_many("note", [{"text": "a"}, {"text": "b", "wait": 1}]),
            (
                '`rows[1]["wait"]`: `wait` is no input of workflow `note`; there are `text`, '
                "`weight`"
            ),
        ),
        (
            lambda project: project.run_many("note", [{"weight": 1}, {"weight": 2}]),
            "rows: input `text` is not given; it takes a text",
        ),
        (
            lambda project: project.run_many("note", []),
            "rows: it holds no run; give one mapping of inputs for each",
        ),
        (
            lambda project: project.run(
                "look_up", DAY, secrets=PIN, files=[api.RunFile("gone.png", "scan")]
            ),
            "the file `gone.png`: `gone.png` cannot be read: no such file or directory",
        ),
    ],
)
def test_values_that_python_has_and_json_has_not(
    desk: ApiDesk, project: api.Project, give: Callable[[Any], object], line: str
) -> None:
    with pytest.raises(api.InputsRefused) as refused:
        give(project)
    assert lines(refused.value) == [line]
    assert desk.posts() == []


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (
            lambda project: project.run("lok_up"),
            api.NoSuchName,
            "`lok_up` is no workflow or chain of the sources; a workflow `look_up` exists",
        ),
        (
            lambda project: project.run("fresh"),
            api.NotDeployed,
            "`fresh` is not deployed to `local`; `flowdsl deploy --env local` deploys what the "
            "sources say",
        ),
        (
            lambda project: project.run("whole"),
            api.UnusableArguments,
            "`whole` is no workflow; `run_chain` runs it",
        ),
        (
            lambda project: project.run_chain("note"),
            api.UnusableArguments,
            "`note` is no chain; `run` runs it",
        ),
        (
            lambda project: project.run("note", {"text": "a"}, machine="m", pool="p"),
            api.UnusableArguments,
            "of `machine`, `pool` and `session` a run takes one",
        ),
        (
            lambda project: project.run("note", {"text": "a"}, machine="desk-9"),
            api.NoSuchName,
            "there is no machine `desk-9`; there are no machines with a name",
        ),
        (
            lambda project: project.run("note", {"text": "a"}, pool="night shift"),
            api.NoSuchName,
            "there is no pool `night shift`; there are no pools with a name",
        ),
        (
            lambda project: project.run("note", start_session=True, session=UNKNOWN_ID),
            api.UnusableArguments,
            "`start_session` and `session` exclude each other",
        ),
        (
            lambda project: project.run("note", {"text": "a"}, session="s1"),
            api.NoSuchName,
            "`s1` is no id of a session",
        ),
        (
            lambda project: project.run_many("note", [{"text": "a"}], count=0),
            api.UnusableArguments,
            "`count` takes a number from 1 to 10,000, not 0",
        ),
        (
            lambda project: project.runs(since="yesterday"),
            api.NoSuchName,
            "`yesterday` is no time such as `2026-05-31` or `2026-05-31T14:30`",
        ),
        (
            lambda project: project.run_many("note", [{"text": "a"}] * 2, count=3),
            api.UnusableArguments,
            "`count` is for runs of one row",
        ),
        (
            lambda project: project.get_run(UNKNOWN_ID),
            api.NoSuchName,
            f"there is no run `{UNKNOWN_ID}` in this organisation",
        ),
        (
            lambda project: project.runs(status="runing"),
            api.NoSuchName,
            "`runing` is no status of a run; `running` exists",
        ),
        (
            lambda project: project.runs(limit=0),
            api.UnusableArguments,
            "`limit` takes a number from 1 to 1,000, or None for all, not 0",
        ),
    ],
)
def test_a_word_that_means_nothing_is_one_sentence(
    desk: ApiDesk,
    project: api.Project,
    ask: Callable[[api.Project], object],
    kind: type[api.FlowdslError],
    message: str,
) -> None:
    with pytest.raises(api.FlowdslError) as failure:
        ask(project)
    assert (type(failure.value), str(failure.value)) == (kind, message)
    assert desk.posts() == []


def test_many_runs_one_a_row_or_many_of_one(desk: ApiDesk, project: api.Project) -> None:
    batch = project.run_many("note", [{"text": str(n)} for n in range(9)], watch=True)
    assert batch.ended_well and not batch.not_made
    texts = [(run.input_values or {})["text"] for run in batch.runs]
    assert texts == [str(n) for n in range(9)]
    assert [batch.rows[run.id] for run in batch.runs] == list(range(9))
    assert desk.posts() == ["/v1/runs"] * 9
    desk.requests.clear()
    bulk = project.run_many("note", [{"text": "same"}], count=41)
    assert len(bulk.runs) == 41 and desk.posts() == ["/v1/runs/bulk"]
    assert set(bulk.rows.values()) == {0}


def test_what_the_service_does_not_make_is_in_the_batch(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.faults = [Fault("POST /v1/runs", 2, "status", status=409)]
    batch = project.run_many("note", [{"text": str(n)} for n in range(3)])
    (failed,) = batch.not_made
    assert len(batch.runs) == 2 and not batch.ended_well
    assert failed.row not in batch.rows.values() and "409" in failed.message
    desk.faults = []


def test_a_single_run_that_is_not_made_is_an_error(desk: ApiDesk, project: api.Project) -> None:
    desk.faults = [Fault("POST /v1/runs", 1, "status", status=409)]
    with pytest.raises(api.RunNotMade, match=r"the run was not made: .*409"):
        project.run("note", {"text": "a"})


@pytest.mark.parametrize("kind", ["after", "before"])
def test_a_lost_connection_makes_one_run(
    desk: ApiDesk, project: api.Project, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not made is sent again only when no request can be under way, here at once."""
    from flowdsl.runs import submit

    monkeypatch.setattr(submit, "LATE_WRITES_END", timedelta(0))
    desk.faults = [Fault("POST /v1/runs", 1, kind), Fault("GET /v1/runs", 3, "before")]
    run = project.run("note", {"text": "once"}, watch=True)
    assert run.status == "success"
    assert [each.id for each in project.runs()] == [run.id]


def test_a_service_that_stays_away_is_an_error_of_the_family(
    desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowdsl.runs import submit

    monkeypatch.setattr(submit, "AT_FIRST", 0.0)
    monkeypatch.setattr("flowdsl.cyberdesk.client.asyncio.sleep", no_sleep)
    desk.faults = [Fault("* /v1/runs", None, "before")]
    with api.open_project(desk.root) as project:
        with pytest.raises(api.ServiceUnreachable) as failure:
            project.run("note", {"text": "a"})
        cause = failure.value.__cause__ or failure.value.__context__
        assert cause is None or not type(cause).__module__.startswith("httpx")


async def no_sleep(_seconds: float) -> None:
    pass


def test_a_watch_out_of_time_says_which_runs_go_on(desk: ApiDesk, project: api.Project) -> None:
    desk.rules = [STAYS]
    with pytest.raises(api.StillRunning) as late:
        project.run("note", {"text": "a"}, watch=True, timeout=0.05)
    (live,) = late.value.runs
    assert live.is_live and str(late.value) == f"the time is over, and {live.id} goes on"
    assert isinstance(late.value, TimeoutError)
    assert [run.status for run in project.cancel(live)] == ["cancelled"]
    assert project.cancel(live.id) == []
    with pytest.raises(api.StillRunning) as many:
        project.run_many("note", [{"text": "a"}, {"text": "b"}], watch=True, timeout=0.05)
    assert len(many.value.runs) == 2


def test_a_run_that_is_deleted_while_it_is_watched(desk: ApiDesk, project: api.Project) -> None:
    desk.rules = [STAYS]
    run = project.run("note", {"text": "a"})
    heard = threading.Event()

    def delete() -> None:
        heard.wait(5)
        asyncio.run(desk.send("DELETE", f"runs/{run.id}"))

    other = threading.Thread(target=delete)
    other.start()
    with pytest.raises(api.RunDeleted) as gone:
        project.watch(run, on_change=lambda _run: heard.set(), timeout=20)
    other.join()
    assert gone.value.gone == (run.id,)


def test_a_chain_is_started_once(desk: ApiDesk, project: api.Project) -> None:
    batch = project.run_chain("whole", DAY, secrets=PIN, watch=True)
    assert [run.session_alias for run in batch.runs] == ["first", "second"]
    assert batch.ended_well and desk.posts() == ["/v1/runs/chain"]


def test_an_ended_run_is_begun_anew(desk: ApiDesk, project: api.Project) -> None:
    run = project.run("look_up", DAY, secrets=PIN, watch=True)
    with pytest.raises(api.InputsRefused) as forgotten:
        project.retry(run)
    assert lines(forgotten.value) == [
        f"run {run.id}: the service forgot the secrets `pin` when the run ended; give them again, "
        'as `secrets={"pin": ...}`'
    ]
    again = project.retry(run.id[:8], {"claim": "C2"}, secrets=PIN, watch=True)
    assert (again.id, again.status) == (run.id, "success")
    assert again.input_values == {**DAY, "kind": "dental", "claim": "C2"}
    with pytest.raises(api.InputsRefused):
        project.retry(run, {"claim": 4711}, secrets=PIN)


def test_a_run_that_goes_on_is_not_begun_anew(desk: ApiDesk, project: api.Project) -> None:
    desk.rules = [STAYS]
    run = project.run("note", {"text": "a"})
    with pytest.raises(api.RunGoesOn, match="has not ended"):
        project.retry(run)


def test_runs_are_listed_by_filters(desk: ApiDesk, project: api.Project) -> None:
    project.run("look_up", DAY, secrets=PIN, watch=True)
    notes = project.run_many("note", [{"text": "a"}, {"text": "b"}], watch=True).runs
    ids = {run.id for run in notes}
    assert {run.id for run in project.runs(workflow="note")} == ids
    assert {run.id for run in project.runs(workflow="note", limit=None)} == ids
    assert len(project.runs(limit=1)) == 1 and len(project.runs(skip=2)) == 1
    assert project.runs(since=datetime(2099, 1, 1, tzinfo=UTC)) == []
    assert len(project.runs(until=date(2099, 1, 1), status="success", sort="created")) == 3
    assert project.get_run(notes[0].id[:8]).run_message_history


def test_files_go_in_and_come_out(desk: ApiDesk, project: api.Project, tmp_path: Path) -> None:
    desk.rules = [{"workflow": "Look up", "attachments": ["../grid.png", "grid.png"]}]
    (tmp_path / "scan.png").write_bytes(b"\x89PNG scan")
    run = project.run(
        "look_up",
        DAY,
        secrets=PIN,
        files=[api.RunFile(tmp_path / "scan.png", "scan", folder="D:/in")],
        watch=True,
    )
    assert (run.input_values or {})["scan"] == "D:/in/scan.png"
    assert [file.filename for file in project.attachments(run, type="input")] == ["scan.png"]
    saved = project.save_attachments(run, tmp_path / "out", type="output")
    assert saved.failures == ()
    assert sorted(path.name for path in saved.paths.values()) == ["grid (2).png", "grid.png"]
    small = project.save_attachments(run, tmp_path / "small", type="input", max_bytes=3)
    assert small.paths == {} and "scan.png is larger than" in small.failures[0]
    with pytest.raises(api.UnusableArguments, match="cannot be written"):
        project.save_attachments(run, tmp_path / "scan.png")


def test_a_failed_run_is_traced_to_the_line_of_the_flow(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.rules = [{"workflow": "Look up", "fail": {"step": "2"}}]
    run = project.run("look_up", DAY, secrets=PIN, watch=True)
    assert run.status == "task_failed"
    trace = project.trace(run, screenshots=True)
    place = trace.failed_at
    assert place is not None and place.path == "flows/desk.flow"
    assert FLOW.split("\n")[place.start_line - 1].strip().startswith('do "Open claim')
    told = trace.to_json()
    assert told["environment"] == "local" and told["run"]["id"] == run.id
    assert run.id in trace.to_html() and CANARY not in json.dumps(told)
    good = project.run("note", {"text": "a"}, watch=True)
    assert project.trace(good).failed_at is None


def test_a_failed_check_is_traced_to_the_line_of_the_flow(
    desk: ApiDesk, project: api.Project
) -> None:
    desk.rules = [{"workflow": "File", "checks": {"list filed": "failed"}}]
    run = project.run("file_away", watch=True)
    place = project.trace(run).failed_at
    assert run.status == "error" and place is not None, run.error
    assert FLOW.split("\n")[place.start_line - 1].strip().startswith("checks { file")


def test_inputs_that_are_not_deployed_are_told_to_the_log(
    desk: ApiDesk, project: api.Project, caplog: pytest.LogCaptureFixture
) -> None:
    write_tree(
        desk.root,
        {"flows/desk.flow": FLOW.replace("{ text: string,", "{ text: string, by: string?,")},
    )
    project.run("note", {"text": "a"})
    assert "the inputs of `note` in the sources are not those that are deployed" in caplog.text


def test_a_project_that_cannot_be_used(
    desk: ApiDesk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(api.NoProject, match=r"there is no `flowdsl.toml` in"):
        api.open_project(empty)
    with pytest.raises(api.NoProject, match=r"flow` is no folder"):
        api.open_project(desk.root / "flow")
    with pytest.raises(api.NoSuchEnvironment, match="environment `local` exists"):
        api.open_project(desk.root, "locale")
    text = (desk.root / "flowdsl.toml").read_text()
    write_tree(desk.root, {"flowdsl.toml": text.replace('id = "prj_1"\n', "")})
    with pytest.raises(api.UnusableProject, match="the project has no `id`"):
        api.open_project(desk.root)
    two = text + '\n[env.prod]\napi = "https://desk.example.test"\n'
    write_tree(desk.root, {"flowdsl.toml": two})
    with pytest.raises(api.NoSuchEnvironment, match="name an environment with `env` or"):
        api.open_project(desk.root)
    with (
        api.open_project(desk.root, "prod") as project,
        pytest.raises(api.CyberdeskError, match=r"desk\.example\.test"),
    ):
        project.runs()
    write_tree(desk.root, {"flowdsl.toml": text.replace("[project]", "[project")})
    with pytest.raises(api.SourceErrors, match=r"^flowdsl\.toml:1:"):
        api.open_project(desk.root)
    broken = FLOW.replace("{claim} of", "{clam} of")
    write_tree(desk.root, {"flowdsl.toml": text, "flows/desk.flow": broken})
    with api.open_project(desk.root) as project:
        with pytest.raises(
            api.SourceErrors, match=r"^flows/desk\.flow:17:.*`clam` is not declared"
        ):
            project.run("note", {"text": "a"})
        assert project.runs() == [], "what there is does not need sources"


def test_a_library_is_compiled_as_on_the_command_line(tmp_path: Path) -> None:
    declared = LOCAL_PROJECT.replace("[project]\n", '[project]\nlibraries = { epic = "../epic" }\n')
    flow = (
        'flow 1\nimport { enter } from "@epic/login.flow"\nworkflow w { steps { call enter() } }\n'
    )
    files = {".git/HEAD": "", "desk/flowdsl.toml": declared, "desk/flows/w.flow": flow}
    write_tree(tmp_path, files)
    with pytest.raises(api.SourceErrors, match=r"^flowdsl\.toml:2:22: the library `epic` cannot"):
        api.open_project(tmp_path / "desk")
    write_tree(tmp_path, {"epic/login.flow": 'flow 1\ntask enter() { do "See {nosuch}" }\n'})
    with (
        api.open_project(tmp_path / "desk") as project,
        pytest.raises(api.SourceErrors, match=r"^@epic/login\.flow:2:.*`nosuch`"),
    ):
        project.run("w")


def test_a_state_of_another_service_is_refused(desk: ApiDesk, project: api.Project) -> None:
    (path,) = (desk.root / ".flowdsl/state").glob("*.json")
    path.write_text(path.read_text().replace('"local"', '"https://desk.example.test"', 1))
    document = json.loads(path.read_text())
    document["api_base"] = "https://desk.example.test"
    document["environment"] = "local"
    path.write_text(json.dumps(document))
    with pytest.raises(api.StateError):
        project.run("note", {"text": "a"})


def test_a_project_may_be_used_after_it_was_closed_and_by_many_threads(desk: ApiDesk) -> None:
    project = api.open_project(desk.root)
    found: list[str] = []

    def run(text: str) -> None:
        found.append(project.run("note", {"text": text}, watch=True).status)

    for _ in range(2):
        threads = [threading.Thread(target=run, args=(str(n),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        project.close()
    assert found == ["success"] * 8 and desk.opened == 2
    project.close()


def test_closing_a_project_ends_what_other_threads_wait_for(desk: ApiDesk) -> None:
    desk.rules = [STAYS]
    project = api.open_project(desk.root)
    run = project.run("note", {"text": "a"})
    heard, ended = threading.Event(), list[str]()

    def watch() -> None:
        try:
            project.watch(run, on_change=lambda _run: heard.set())
        except CancelledError:
            ended.append("cancelled")

    other = threading.Thread(target=watch)
    other.start()
    assert heard.wait(20)
    project.close()
    other.join(20)
    assert ended == ["cancelled"] and project.get_run(run).is_live
    project.close()


def test_a_thread_that_hears_late_that_a_project_was_closed_hears_just_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, closed, ended = threading.Event(), threading.Event(), list[str]()

    class Late(Future[Any]):
        """Tells of a cancellation once the loop is closed."""

        def result(self, timeout: float | None = None) -> Any:
            try:
                return super().result(timeout)
            except CancelledError:
                assert closed.wait(20)
                raise

    monkeypatch.setattr("flowdsl.api.project.Future", Late)
    loop = _LoopThread()

    async def work() -> None:
        begun.set()
        await asyncio.sleep(60)

    def wait() -> None:
        try:
            loop.wait(work())
        except CancelledError:
            ended.append("cancelled")

    other = threading.Thread(target=wait)
    other.start()
    assert begun.wait(20)
    loop.close(asyncio.sleep(0))
    closed.set()
    other.join(20)
    assert ended == ["cancelled"]


def test_the_plain_methods_work_where_an_event_loop_runs(
    desk: ApiDesk, project: api.Project
) -> None:
    async def notebook() -> str:
        return project.run("note", {"text": "a"}, watch=True).status

    assert asyncio.run(notebook()) == "success"


INTERRUPTED = """
import asyncio, os, signal
from flowdsl.api.project import _LoopThread

ended = []


async def work():
    os.kill(os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(60)
    finally:
        ended.append("cancelled")


loop = _LoopThread()
try:
    loop.wait(work())
except KeyboardInterrupt:
    ended.append("interrupted")
loop.close(asyncio.sleep(0))
print(sorted(ended))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, a wait for a thread hears no signal")
def test_an_interrupt_cancels_what_is_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=50,
        preexec_fn=HEARS_INTERRUPTS,
    )
    assert (done.stdout, done.stderr) == ("['cancelled', 'interrupted']\n", "")
