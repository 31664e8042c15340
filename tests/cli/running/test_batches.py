"""A `flowdsl run` that did not get to its end: what the same command says, and `--resume`."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue

import pytest
from starlette.responses import JSONResponse, Response

from flowdsl.cli.runtime import exit_codes
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.runs.batches.folder import KEPT, Folder
from tests.runs.fast_clock import USERS, hurried_runtime
from tests.support.command_line import Beside
from tests.support.services.deployed_desk import CANARY, Desk, deploy_once, opened_desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

FLOW = r"""flow 1

workflow note {
  title = "Note"
  inputs { text: string, day: date = today }
  secrets { pin: string? }
  outputs { noted: string }
  steps { step "Note" { type $pin into "PIN" do "Write {text} of {day}." emit noted = "{text}" } }
}

workflow other { title = "Other" steps { step "Go" { do "Open the desk." } } }

chain pair {
  inputs { text: string }
  step first = run note(text: text)
  step second = run note(text: first.outputs.noted)
}

chain asking {
  inputs { text: string }
  step first = run note(text: text)
  pause { more: string }
  step second = run note(text: more)
}
"""
TABLE = ("run", "note", "--inputs", "rows.csv", "--secret", "pin=env:PIN")
TEXTS = [f"t{number}" for number in range(12)]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("deployed")
    return folder, deploy_once(folder, FLOW)


@pytest.fixture
def rules() -> tuple[RunRule, ...]:
    return ()


@pytest.fixture
def desk(tmp_path: Path, deployed: tuple[Path, str], rules: tuple[RunRule, ...]) -> Iterator[Desk]:
    with opened_desk(tmp_path, deployed, Scenario(runs=rules)) as desk:
        write_table(desk, TEXTS)
        yield desk


@contextmanager
def hurried() -> Iterator[None]:
    """Requests that may still come are not waited for as long as real ones."""
    with pytest.MonkeyPatch.context() as patched:
        for user in USERS:
            patched.setattr(f"{user}.system_runtime", hurried_runtime)
        yield


@pytest.fixture(scope="module")
def half_made(
    tmp_path_factory: pytest.TempPathFactory, deployed: tuple[Path, str]
) -> tuple[Path, str]:
    """What a command leaves that is killed at the fifth of the twelve runs of a table."""
    folder = tmp_path_factory.mktemp("half_made")
    with hurried(), opened_desk(folder, deployed, Scenario()) as desk:
        write_table(desk, TEXTS)
        assert killed(desk, 5, *TABLE) == ""
        return folder, desk.server.url


@pytest.fixture
def half(tmp_path: Path, half_made: tuple[Path, str]) -> Iterator[Desk]:
    """A copy of that, to go on with."""
    with opened_desk(tmp_path, half_made, Scenario()) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _fast() -> Iterator[None]:
    with hurried():
        yield


def write_table(desk: Desk, texts: list[str]) -> None:
    desk.write("rows.csv", "text\n" + "".join(f"{text}\n" for text in texts))


def at_post(desk: Desk, number: int, act: Callable[[], Response | None]) -> None:
    """From the request on that makes runs and has this number, `act` is asked for the reply."""
    seen: list[str] = []

    def answer(method: str, path: str) -> Response | None:
        if method == "POST" and path.startswith("/v1/runs"):
            seen.append(path)
            if len(seen) >= number:
                return act()
        return None

    desk.server.answer = answer


def killed(desk: Desk, number: int, *words: str, with_: int = signal.SIGKILL) -> str:
    """Run a command and end it at a request, which the service carries out; what it said."""
    begun: Queue[Beside] = Queue()

    def act() -> None:
        desk.server.answer = lambda _method, _path: None
        begun.get(timeout=60).send_signal(with_)

    at_post(desk, number, act)
    process = Beside(desk.root, *words, CI="", DESK_KEY="key", PIN=CANARY)
    begun.put(process)
    out, err = process.communicate()
    settle(desk)
    assert "Traceback" not in err
    return out + err


def settle(desk: Desk) -> None:
    """Wait until what was on its way to the service is carried out: two reads tell the same."""
    before = None
    while before != (before := [row["id"] for row in desk.made()]):
        pass


def killed_behind(desk: Desk, posts: int, *words: str) -> None:
    """Run a command and kill it at the first read behind so many requests that make runs."""
    begun: Queue[Beside] = Queue()
    before = len(desk.posts())

    def kill(method: str, _path: str) -> None:
        if method == "GET" and len(desk.posts()) >= before + posts:
            desk.server.answer = lambda _method, _path: None
            begun.get(timeout=60).send_signal(signal.SIGKILL)

    desk.server.answer = kill
    process = Beside(desk.root, *words, CI="", DESK_KEY="key", PIN=CANARY)
    begun.put(process)
    process.communicate()


def made(desk: Desk) -> Counter[str]:
    return Counter(row["input_values"]["text"] for row in desk.made())


def left(desk: Desk) -> list[Path]:
    return sorted((desk.root / ".flowdsl/runs").rglob("*.jsonl"))


def test_the_same_command_starts_nothing_twice_and_says_how_to_go_on(half: Desk) -> None:
    before = made(half)
    (ledger,) = left(half)
    assert ledger.stat().st_mode & 0o077 == 0
    assert CANARY not in ledger.read_text() and "t1" not in ledger.read_text()
    assert (ledger.parent.parent / ".gitignore").read_text() == "*\n"
    refused = half.run(*TABLE)
    assert refused.code == exit_codes.PARTIAL and made(half) == before
    assert "an earlier `flowdsl run note` did not get to its end (begun " in refused.err
    assert f"continues batch `{ledger.stem}`; `--anew` gives that up" in refused.err
    # A part of the rows, and another row beside them, is the same mistake.
    write_table(half, ["new", *TEXTS[:2]])
    assert half.run(*TABLE).code == exit_codes.PARTIAL and made(half) == before
    write_table(half, ["new"])
    assert half.run(*TABLE).code == 0
    write_table(half, TEXTS)
    resumed = half.run(*TABLE, "--resume")
    assert resumed.code == 0, resumed.err
    assert f"batch {ledger.stem}: " in resumed.err and " of 12 runs are made" in resumed.err
    assert made(half) == Counter([*TEXTS, "new"])
    ids = {row["id"] for row in half.made() if row["input_values"]["text"] != "new"}
    assert set(resumed.text.split()) == ids
    assert left(half) == []
    assert half.run(*TABLE, "--resume").code == exit_codes.USAGE


def test_who_asks_for_it_starts_everything_anew(half: Desk) -> None:
    before = made(half)
    anew = half.run(*TABLE, "--anew")
    assert anew.code == 0 and "is given up: " in anew.err
    assert made(half) == before + Counter(TEXTS) and left(half) == []


def test_a_changed_table_is_refused_with_its_rows(half: Desk) -> None:
    before = made(half)
    write_table(half, [*TEXTS[:3], "other", *TEXTS[4:], "more"])
    refused = half.run(*TABLE, "--resume")
    assert refused.code == exit_codes.USAGE and made(half) == before
    lines = refused.err.splitlines()
    assert lines[0] == "error: rows.csv:5: its values are not what the batch began with"
    assert lines[1] == "error: rows.csv:14: it was not there when the batch began"
    assert lines[2].startswith("error: `--resume`: batch `") and "not made: rows.csv:" in lines[2]
    assert len(lines) == 3
    write_table(half, TEXTS[:-1])
    shorter = half.run(*TABLE, "--resume")
    assert "rows.csv:13: it was there when the batch began, and is gone" in shorter.err
    write_table(half, TEXTS)
    placed = half.run(*TABLE, "--resume", "--priority")
    assert placed.code == exit_codes.USAGE and "another `--machine`, `--pool`" in placed.err
    assert made(half) == before
    assert half.run(*TABLE, "--resume").code == 0 and made(half) == Counter(TEXTS)


def test_two_commands_do_not_go_on_with_one_batch_at_once(half: Desk) -> None:
    before = made(half)
    folder = Folder(str(half.root), "prod")
    (batch,) = folder.left(datetime.now(UTC))
    ledger = folder.open(batch)
    busy = half.run(*TABLE, "--resume")
    assert busy.code == exit_codes.USAGE and "another process is at it" in busy.err
    table = half.run(*TABLE)
    assert table.code == exit_codes.PARTIAL and "has not ended" in table.err
    assert made(half) == before
    ledger.end(is_told=False)
    assert half.run(*TABLE, "--resume").code == 0 and made(half) == Counter(TEXTS)


def test_of_several_batches_one_is_named(desk: Desk) -> None:
    killed(desk, 3, *TABLE)
    write_table(desk, ["a", "b", "c", "d"])
    killed(desk, 2, *TABLE)
    several = desk.run(*TABLE, "--resume")
    assert several.code == exit_codes.USAGE and "2 batches could be meant" in several.err
    newest = left(desk)[-1].stem
    one = next(each.stem for each in left(desk) if "of 4 runs" in several.err.split(each.stem)[1])
    assert newest in several.err
    assert desk.run(*TABLE, "--resume", one).code == 0
    assert all(made(desk)[text] == 1 for text in "abcd") and len(left(desk)) == 1
    assert desk.run(*TABLE, "--resume", "20200101-000000-abcdef").code == exit_codes.USAGE
    assert "is no id of a batch" in desk.run(*TABLE, "--resume", "abc").err


def test_runs_of_a_count_are_made_once(desk: Desk) -> None:
    words = ("run", "note", "--input", "text=x", "--count")
    killed(desk, 1, *words, "20")
    assert desk.run(*words, "20").code == exit_codes.PARTIAL
    other = desk.run(*words, "30", "--resume")
    assert other.code == exit_codes.USAGE and "the number of its runs is not" in other.err
    resumed = desk.run(*words, "20", "--resume")
    assert resumed.code == 0
    assert sorted(resumed.text.split()) == sorted(row["id"] for row in desk.made())
    assert len(desk.made()) == 20


@pytest.mark.parametrize("rules", [(RunRule(nth=2, refuse="no capacity"),)])
def test_what_the_service_did_not_make_is_asked_for_once_more(desk: Desk) -> None:
    words = ("run", "note", "--input", "text=x", "--count", "3")
    first = desk.run(*words)
    assert first.code == exit_codes.PARTIAL and len(desk.made()) == 2
    assert "2 of 3 runs are made; the same command with `--resume` continues" in first.err
    assert desk.run(*words).code == exit_codes.PARTIAL and len(desk.made()) == 2
    resumed = desk.run(*words, "--resume", "--json")
    assert resumed.code == 0 and len(desk.made()) == 3
    assert {row["id"] for row in json.loads(resumed.text)["runs"]} == {
        row["id"] for row in desk.made()
    }


def test_each_start_of_a_chain_is_made_once(desk: Desk) -> None:
    words = ("run", "pair", "--inputs", "rows.csv")
    killed(desk, 4, *words)
    assert desk.run(*words).code == exit_codes.PARTIAL
    resumed = desk.run(*words, "--resume")
    assert resumed.code == 0, resumed.err
    firsts = [row for row in desk.made() if row["session_alias"] == "first"]
    assert Counter(row["input_values"]["text"] for row in firsts) == Counter(TEXTS)
    assert set(resumed.text.split()) == {row["id"] for row in desk.made()}


def test_a_command_killed_while_it_watches_makes_nothing_again(desk: Desk) -> None:
    killed_behind(desk, len(TEXTS), *TABLE, "--watch")
    assert made(desk) == Counter(TEXTS)
    assert desk.run(*TABLE, "--watch").code == exit_codes.PARTIAL
    resumed = desk.run(*TABLE, "--watch", "--resume")
    assert resumed.code == 0, resumed.err
    ended = [json.loads(line) for line in resumed.text.splitlines()]
    assert Counter(each["output_data"]["noted"] for each in ended) == Counter(TEXTS)
    assert {each["row"] for each in ended} == {f"rows.csv:{at + 2}" for at in range(12)}
    assert made(desk) == Counter(TEXTS) and left(desk) == []


def test_an_interrupt_while_runs_are_made_is_gone_on_from(desk: Desk) -> None:
    write_table(desk, [f"t{number}" for number in range(60)])
    said = killed(desk, 3, *TABLE, with_=signal.SIGINT)
    before = made(desk)
    assert 3 <= before.total() < 60
    assert f"{before.total()} of 60 runs are made; the same command with `--resume`" in said
    assert desk.run(*TABLE).code == exit_codes.PARTIAL and made(desk) == before
    assert desk.run(*TABLE, "--resume").code == 0
    assert made(desk) == Counter(f"t{number}" for number in range(60))


def test_a_key_that_is_refused_in_the_middle_is_gone_on_from(desk: Desk) -> None:
    at_post(desk, 5, lambda: JSONResponse({"detail": "the key has expired"}, 401))
    refused = desk.run(*TABLE)
    assert refused.code == exit_codes.PARTIAL and "with `--resume` continues" in refused.err
    desk.server.answer = lambda _method, _path: None
    assert desk.run(*TABLE, "--resume").code == 0 and made(desk) == Counter(TEXTS)


def test_a_workflow_that_was_deployed_in_between_is_told(half: Desk) -> None:
    half.write("flows/desk.flow", FLOW.replace("Write {text}", "Note {text}"))
    assert half.run("deploy", "--env", "prod", "--yes").code == 0
    resumed = half.run(*TABLE, "--resume")
    assert resumed.code == 0 and made(half) == Counter(TEXTS)
    assert "warning: `note` was deployed since the batch began" in resumed.err


def test_a_batch_keeps_the_day_that_it_began_on(half: Desk) -> None:
    (ledger,) = left(half)
    day = datetime.now(UTC).date().isoformat()
    head, *rest = ledger.read_text().splitlines(keepends=True)
    ledger.write_text(head.replace(f'"today": "{day}"', '"today": "2026-01-05"') + "".join(rest))
    # The rows of that day are not those of the ledger: the digests are of today's.
    refused = half.run(*TABLE, "--resume")
    assert refused.code == exit_codes.USAGE and "rows.csv:2: its values are not" in refused.err
    ledger.write_text(head + "".join(rest))
    assert half.run(*TABLE, "--resume").code == 0


def test_nothing_is_sent_where_nothing_can_be_written_down(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (desk.root / ".flowdsl/runs").symlink_to(outside)
    refused = desk.run(*TABLE)
    assert refused.code == exit_codes.STATE and made(desk) == Counter()
    assert refused.err.splitlines() == [
        f"error: `.flowdsl/runs/prod` cannot be read: `{desk.root / '.flowdsl/runs'}` is a "
        "symbolic link, and none is followed here; put a real file or folder in its place",
        "error: `--no-ledger` runs without writing down what is started",
    ]
    assert list(outside.iterdir()) == []
    assert desk.run(*TABLE, "--no-ledger").code == 0
    assert made(desk) == Counter(TEXTS) and list(outside.iterdir()) == []


@pytest.mark.parametrize("content", [b"{}\n", b"[1]\n" * 3, b"\xff\n", b"[" * 5000 + b"\n"])
def test_a_ledger_of_somebody_else_is_told(desk: Desk, content: bytes) -> None:
    folder = desk.root / ".flowdsl/runs/prod"
    folder.mkdir(parents=True)
    (folder / "20260101-000000-abcdef.jsonl").write_bytes(content)
    refused = desk.run(*TABLE)
    assert refused.code == exit_codes.STATE and made(desk) == Counter()
    assert "20260101-000000-abcdef.jsonl` is no ledger of runs" in refused.err


def test_a_batch_that_nobody_goes_on_with_is_forgotten_in_time(half: Desk) -> None:
    folder = Folder(str(half.root), "prod")
    (batch,) = folder.left(datetime.now(UTC))
    assert folder.left(batch.began + KEPT) and left(half)
    assert folder.left(batch.began + KEPT * 1.01) == [] and left(half) == []


def test_a_chain_killed_at_its_first_part_goes_on_in_its_session(desk: Desk) -> None:
    words = ("run", "asking", "--input", "text=x", "--answer", "more=y")
    killed(desk, 1, *words)
    before = len(desk.made())
    assert before <= 1
    assert desk.run(*words).code == exit_codes.PARTIAL and len(desk.made()) == before
    resumed = desk.run(*words, "--resume", "--watch")
    assert resumed.code == 0, resumed.err
    assert Counter(row["session_alias"] for row in desk.made()) == {"first": 1, "second": 1}
    assert len({row["session_id"] for row in desk.made()}) == 1 and left(desk) == []


def test_a_chain_killed_between_its_parts_goes_on_in_its_session(desk: Desk) -> None:
    words = ("run", "asking", "--input", "text=x", "--answer", "more=y")
    killed_behind(desk, 1, *words)
    assert desk.run(*words).code == exit_codes.PARTIAL and len(desk.made()) == 1
    resumed = desk.run(*words, "--resume", "--watch")
    assert resumed.code == 0, resumed.err
    assert Counter(row["session_alias"] for row in desk.made()) == {"first": 1, "second": 1}
    assert left(desk) == []
