"""A table of runs whose command is killed, gone on with, and held against what the service has."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.faults.process_world import SECONDS, Ended, ProcessWorld, Stage, Trap
from tests.deploy.kill_switch import Point
from tests.support.command_line import environment
from tests.support.forked import Running, begin
from tests.support.services.state_backends import ENVIRONMENT

NOTE = """\
flow 1

workflow note {
  title = "Note"
  inputs { text: string }
  secrets { pin: string? }
  outputs { noted: string }
  steps { step "Note" { type $pin into "PIN" do "Write {text}." emit noted = "{text}" } }
}
"""
CANARY = "secret-canary-77e1-batch"


@dataclass
class Outcome:
    """What came of one table.

    `lost` are the rows without a run, `twice` those with more than they ask for, and `untold` the
    runs whose ids no command has printed.
    """

    point: str
    made_before: int = 0
    is_killed: bool = False
    is_refused: bool = False
    seconds: float = 0.0
    lost: int = 0
    twice: int = 0
    untold: int = 0
    wrong: str = ""


def kill(process: Running) -> None:
    """End a process at once, and see it gone, without waiting for it: another thread does."""
    process.send_signal(signal.SIGKILL)
    while process.poll() is None:
        time.sleep(0.002)


class BatchWorld:
    """A deployed workflow and a table of `rows` rows, of which the last two ask for the same."""

    def __init__(self, stage: Stage, rows: int) -> None:
        self.world: ProcessWorld = stage.scenario("file")
        self.world.write_sources({"note": NOTE})
        ended = self.world.command()
        assert ended.code == 0, ended.err
        self.texts = [f"t{number}" for number in range(rows - 1)]
        self.texts.append(self.texts[-1])
        (self.world.root / "rows.csv").write_text("text\n" + "\n".join(self.texts) + "\n")

    def run(self, *words: str, trap: Trap | None = None) -> Ended:
        """`flowdsl run` of the table, which `trap` may kill."""
        world = self.world
        if trap is not None:
            world.stage.traps[world.key] = trap

        def known(running: Running) -> None:
            if trap is not None:
                trap.process = running

        running = begin(
            ["run", "note", "--env", ENVIRONMENT, "--inputs", "rows.csv", *self.secret, *words],
            folder=world.root,
            environ=environment(DESK_KEY=world.key, PIN=CANARY, CI="1"),
            first=world.stage.first,
            known=known,
        )
        code = running.wait(SECONDS)
        out, err = (each.decode() for each in running.output())
        world.stage.traps.pop(world.key, None)
        assert "Traceback" not in err, err
        assert CANARY not in out + err + self.ledgers()
        return Ended(code, out, err, {})

    secret = ("--secret", "pin=env:PIN")

    def ledgers(self) -> str:
        """The text of every ledger that there is."""
        folder = self.world.root / ".flowdsl/runs"
        return "".join(path.read_text() for path in folder.rglob("*.jsonl"))

    def made(self) -> list[tuple[str, str]]:
        """The ids of the runs that the service has, each with its text."""
        rows = self.world.ask(lambda client: client.runs.list_all(fields=("input_values",)))
        return [(row.id, (row.input_values or {})["text"]) for row in rows]


def survive(stage: Stage, rows: int, points: Sequence[Point], late_seconds: float) -> Outcome:
    """Kill the command of a table at the first point, going on with it at the others, and go on."""
    outcome = Outcome(", ".join(map(str, points)))
    began = time.monotonic()
    batch = BatchWorld(stage, rows)
    try:
        told = _killed(batch, points, late_seconds, outcome)
        made = batch.made()
        has, wants = Counter(text for _, text in made), Counter(batch.texts)
        outcome.lost = (wants - has).total()
        outcome.twice = (has - wants).total()
        outcome.untold = len({each for each, _ in made} - told)
        if left := batch.ledgers():
            outcome.wrong = f"a ledger is left: {left[-200:]}"
    except Exception as error:  # noqa: BLE001 - shown at the end
        outcome.wrong = f"{type(error).__name__}: {str(error)[:600]}"
    finally:
        outcome.seconds = time.monotonic() - began
        batch.world.close()
    return outcome


def _killed(
    batch: BatchWorld, points: Sequence[Point], late_seconds: float, outcome: Outcome
) -> set[str]:
    """Kill and go on; returns the ids that the last command told."""
    goes_on: tuple[str, ...] = ()
    traps = []
    for point in points:
        trap = Trap(point, kill, late_seconds=late_seconds)
        traps.append(trap)
        ended = batch.run(*goes_on, trap=trap)
        outcome.is_killed |= ended.code == -9
        if ended.code != -9:
            assert ended.code == 0, (ended.code, ended.err)
            return set(ended.out.split())
        outcome.made_before = len(batch.made())
        again = batch.run()
        if again.code == 0:
            # Killed before anything was sent.
            return set(again.out.split())
        outcome.is_refused = True
        assert again.code == 7 and "`--resume`" in again.err, (again.code, again.err)
        goes_on = ("--resume",)
    last = batch.run("--resume")
    assert last.code == 0, (last.code, last.err)
    for trap in traps:
        if trap.point.when == "late" and trap.sprung.is_set():
            assert trap.carried_out.wait(60), "the request never came"
    return set(last.out.split())
