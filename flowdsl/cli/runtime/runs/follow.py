"""The output about runs from creation to end: lines, results, exit code."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.models.run import Run, RunRetry
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.host import signals
from flowdsl.host.terminal import is_terminal
from flowdsl.host.writing import reason_of, write_named
from flowdsl.runs.batches.folder import Ledger
from flowdsl.runs.starting.retrying import retried
from flowdsl.runs.submit import Request, Submission, Submitter
from flowdsl.runs.watch import RunsEnding, Watched, ending_of, watch
from flowdsl.source.failure import FlowdslError
from flowdsl.workspace.state import system_runtime

from ...views.runs import (
    error_lines,
    failure_lines,
    live_cells,
    render_runs_junit,
    result_object,
    run_object,
    status_line,
    stray_lines,
    summary_line,
)
from ...views.table import dump_json
from .. import exit_codes
from ..command_line.options import nothing_written
from ..console import CommandError, Console, command_error
from ..interrupts import Interrupts
from ..progress import open_display
from .reasons import FailureWords

FEW = 12
"""Up to this many runs are reported at each change; of more, the end alone."""

CODES: Mapping[RunsEnding, int] = {
    RunsEnding.UNKNOWN: exit_codes.UNKNOWN_OUTCOME,
    RunsEnding.NOT_ALL_MADE: exit_codes.PARTIAL,
    RunsEnding.ERROR: exit_codes.RUN_ERROR,
    RunsEnding.TASK_FAILED: exit_codes.FINDINGS,
    RunsEnding.CANCELLED: exit_codes.RUN_CANCELLED,
    RunsEnding.UNFINISHED: exit_codes.RUN_UNFINISHED,
    RunsEnding.SUCCESS: exit_codes.SUCCESS,
}
"""The exit code of the process: that of its worst run, in the order of `RunsEnding`."""


class Following:
    """The runs of one command: creates them, watches them, and reports how they ended.

    `kind` and `about` describe the command in the JSON object, `name` is the workflow or chain in
    JUnit. The outcome of requests is written to `ledger`. `told` is called at the end of the
    command, unless a bug or a second signal ends it.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        console: Console,
        *,
        kind: str,
        name: str,
        about: Mapping[str, Any],
    ) -> None:
        self._arguments, self._console = arguments, console
        self._kind, self._name, self._about = kind, name, about
        self._display = open_display(
            arguments.progress, console, is_terminal(sys.stderr), "runs that have ended"
        )
        self._submissions: list[Submission] = []
        self._retried: Run | None = None
        self._watched: Watched | None = None
        self._places: dict[str, str] = {}
        self._in_words = FailureWords()
        self._asking: dict[str, asyncio.Future[None]] = {}
        self._ended = 0
        self._is_few = True
        self._has_table = False
        self._resume = ""
        self._is_left = False
        self._submitter: Submitter | None = None
        self.ledger: Ledger | None = None
        self.told: Callable[[], None] = lambda: None
        self.writing = False
        self.has_begun = False

    def say(self, line: str) -> None:
        self._display.say(make_printable(line))

    async def make(
        self,
        client: CyberdeskClient,
        requests: Sequence[tuple[Request, str]],
        interrupts: Interrupts,
        before: list[Submission] | None = None,
    ) -> list[Run]:
        """Send the requests and return the new runs; raises `FlowdslError` like `Submitter.submit`.

        `before` is the progress that a killed command made with these requests. Their outcome is
        written to `ledger`.
        """
        total = sum(request.count for request, _ in requests)
        self._is_few = total <= FEW
        done = {each.key for each in before or () if each.runs}

        def show_progress(submission: Submission) -> None:
            done.add(submission.key)
            if self._is_few:
                return
            self._display.begin("creating runs")
            self._display.advance(len(done), len(requests))

        submitter = Submitter(
            client,
            system_runtime(),
            tell=self.say,
            on_resolved=show_progress,
            stopped=lambda: bool(interrupts.reason()),
            record=self.ledger,
        )
        self._submitter = submitter
        self.writing = self.has_begun = True
        try:
            if before is None or self.ledger is None:
                submissions = await submitter.submit(requests)
            else:
                submissions = await submitter.go_on(before, self.ledger.batch.newest)
        finally:
            self.writing = False
            self._display.end("creating runs")
        self._submissions += submissions
        runs = [run for each in submissions for run in each.runs]
        self._places |= {run.id: each.place for each in submissions for run in each.runs}
        for line in failure_lines(submissions):
            self._display.say(line)
        if self._is_few:
            for run in runs:
                self._display.say(self._line(run))
        else:
            self.say(f"{len(runs)} of {total} runs made")
        return runs

    async def retry(
        self, client: CyberdeskClient, run: Run, body: RunRetry, interrupts: Interrupts
    ) -> Run:
        """Restart the run exactly once; raises `CyberdeskError`."""
        self.writing = self.has_begun = True
        try:
            again = await retried(
                client,
                run,
                body,
                system_runtime(),
                tell=self.say,
                stopped=lambda: bool(interrupts.reason()),
            )
        finally:
            self.writing = False
        self._retried = again
        self._display.say(self._line(again))
        return again

    async def watch(
        self, client: CyberdeskClient, runs: Sequence[Run], left: Callable[[], float | None]
    ) -> None:
        """Watch the runs, and those watched before, until they have ended or the time is over."""
        self.has_begun = True
        self._watched = self._watched or Watched({})
        # Treat an ended run without `ended_at` as live, so that its result is read.
        runs = [
            run
            if run.is_live or run.ended_at is not None
            else run.model_copy(update={"status": "scheduling"})
            for run in runs
        ]
        self._watched.runs.update((run.id, run) for run in runs)
        self._is_few = len(runs) <= FEW
        self._has_table = len(runs) > 1 and self._display.show_rows(self._live_rows)
        if not self._is_few:
            self._display.begin("runs")
        try:
            await watch(
                client,
                runs,
                system_runtime(),
                tell=self.say,
                changed=lambda before, now: self._changed(client, before, now),
                left=left,
                watched=self._watched,
            )
            await asyncio.gather(*self._asking.values())
            if self._submitter is not None:
                await self._submitter.look_for_strays()
            if self._arguments.junit is not None:
                await self._in_words.learn(client, self._watched.runs.values())
        finally:
            # Failures whose meaning is still being looked up are printed without it.
            for run, asking in self._asking.items():
                if not asking.done():
                    asking.cancel()
                    self._tell_failure(self._watched.runs[run])
            self._asking.clear()
        self._display.close()

    def all_succeeded(self) -> bool:
        """Whether every watched run succeeded and every request created its runs."""
        return ending_of(self._submissions, self._watched) is RunsEnding.SUCCESS

    def any_goes_on(self) -> bool:
        return self._watched is not None and bool(self._watched.live)

    def waits(self, resume: str) -> None:
        """Set the command that continues the chain; empty if it continues by itself."""
        self._resume = resume

    def leave(self) -> None:
        """Leave the last runs unwatched: the result of the command is the ids of all runs."""
        self._is_left = True

    def _changed(self, client: CyberdeskClient, before: Run, now: Run) -> None:
        self._ended += before.is_live and not now.is_live
        if self._watched is not None and (self._has_table or not self._is_few):
            self._display.advance(self._ended, len(self._watched.runs))
        is_bad = not now.is_live and now.status != "success"
        if is_bad and len(self._asking) < FEW:
            self._asking[now.id] = asyncio.ensure_future(self._ask(client, now))
        elif is_bad or self._reports_change(now):
            self._display.say(self._line(now))

    def _reports_change(self, run: Run) -> bool:
        """Whether a run that goes on or succeeded has a line of its own."""
        if self._has_table:
            return self._is_few and not run.is_live
        alone = self._watched is not None and len(self._watched.runs) == 1
        return alone or not run.is_live

    def _live_rows(self) -> list[list[str]]:
        """The rows of the live table: the runs that have not ended, in the order given."""
        if self._watched is None:
            return []
        now, runs = system_runtime().now(), self._watched.runs
        return [
            live_cells(runs[each], self._places.get(each, ""), now) for each in self._watched.live
        ]

    async def _ask(self, client: CyberdeskClient, run: Run) -> None:
        """Look up what the reason of a failure means, and report the run."""
        await self._in_words.learn(client, [run])
        self._tell_failure(run)

    def _tell_failure(self, run: Run) -> None:
        self._display.say(self._line(run))
        for line in error_lines(run, self._in_words):
            self._display.say(line)

    def _line(self, run: Run) -> str:
        place = self._places.get(run.id, "")
        now = system_runtime().now()
        return status_line(run, color=self._console.color_err, place=place, now=now)

    # The end of the command

    def out_of_time(self) -> CommandError | None:
        """The failure of the command at its deadline.

        None once runs are created or watched, since these handle the deadline themselves.
        """
        return None if self.has_begun else nothing_written()

    def finished(self) -> int:
        """Report how all runs ended; returns the exit code."""
        self._display.close()
        ending = ending_of(self._submissions, self._watched)
        code = CODES[ending]
        if self._watched is not None and self._watched.runs and not self._is_left:
            self._console.err(summary_line(self._watched))
        if ending is RunsEnding.UNKNOWN:
            environment = self._about.get("environment")
            self._console.err(
                f"what there is: flowdsl runs list --sort created{self._of_workflow()} "
                f"--env {environment}"
            )
        if ending is RunsEnding.UNFINISHED:
            self._console.err("the time that `--timeout` gives is over")
        for line in stray_lines(self._submissions):
            self._console.err(line)
        self._way_on()
        self._write(code)
        self._print_results(code)
        self._end_ledger()
        return code

    def _end_ledger(self) -> None:
        """Close the ledger, since everything has been reported."""
        self.told()
        if self.ledger is None:
            return
        batch = self.ledger.batch
        # The ids must have reached the reader before the ledger is deleted.
        if self.ledger.end(is_told=self._console.flush()):
            self._console.err(
                f"{batch.describe_progress()}; the same command with `--resume` continues "
                f"(batch {batch.id})"
            )

    def report_interruption(self, failure: BaseException) -> None:
        """Report the runs so far, if any, when something interrupts the command."""
        self._display.close()
        code = exit_codes.INTERNAL
        if isinstance(failure, FlowdslError):
            code = command_error(failure).code
        elif isinstance(failure, signals.Interrupted):
            code = failure.code
        if self._made() or self._submissions or self._watched:
            self._way_on()
            self._write(code)
            if self._arguments.json:
                self._print_results(code)
        if code != exit_codes.INTERNAL:
            self._end_ledger()

    def interrupted(self, number: int) -> None:
        self.report_interruption(signals.Interrupted(number))

    def _made(self) -> list[Run]:
        again = [] if self._retried is None else [self._retried]
        return [run for each in self._submissions for run in each.runs] + again

    def _way_on(self) -> None:
        """Print how to continue with runs that are no longer watched."""
        made = {run.id: run for run in self._made()}
        made |= {} if self._watched is None else self._watched.runs
        gone = set() if self._watched is None else self._watched.gone
        live = [
            make_printable(run.id) for run in made.values() if run.is_live and run.id not in gone
        ]
        environment = self._about.get("environment")
        of = f" --env {environment}" if environment else ""
        if self._resume:
            goes = "the chain goes on up to its pause" if live else "the chain waits"
            self._console.err(f"{goes}: {self._resume}{of}")
            return
        if not live:
            return
        if len(live) <= FEW:
            goes = "the run goes on" if len(live) == 1 else f"{len(live)} runs go on"
            self._console.err(f"{goes}: flowdsl runs watch {' '.join(live)}{of}")
            return
        sessions = {run.session_id for run in made.values() if run.id in set(live)}
        if "chain" in self._about and len(sessions) <= FEW and None not in sessions:
            for session in sorted(map(make_printable, filter(None, sessions))):
                self._console.err(f"a chain goes on: flowdsl runs watch --session {session}{of}")
            return
        created = min(run.created_at or "" for run in made.values())
        since = f" --from {created}" if created else ""
        self._console.err(
            f"{len(live)} runs go on: flowdsl runs watch{self._of_workflow()}{since}{of}"
        )

    def _of_workflow(self) -> str:
        """The list filter for the runs of the command; empty for those of a chain."""
        return "" if "chain" in self._about else f" --workflow {self._name}"

    def _write(self, code: int) -> None:
        path = self._arguments.junit
        if path is None:
            return
        try:
            write_named(
                path,
                render_runs_junit(self._name, self._submissions, self._watched, self._in_words),
            )
        except (OSError, ValueError) as error:
            shown = make_printable(path)
            self._console.err(f"warning: `{shown}` cannot be written: {reason_of(error)}")

    def _print_results(self, code: int) -> None:
        """Print the result of the command: an object, outputs, or ids if nothing was watched."""
        if self._arguments.json:
            result = result_object(
                self._kind, self._about, self._made(), self._submissions, self._watched, code
            )
            self._console.out(dump_json(result))
            return
        if self._watched is None or self._is_left:
            for run in self._made():
                self._console.out(make_printable(run.id))
            return
        runs = [run for run in self._watched.runs.values() if not run.is_live]
        field = self._arguments.output
        if field is not None:
            for run in runs:
                self._one_output(run, field)
        elif len(self._watched.runs) == 1:
            for run in runs:
                self._console.out(dump_json(run.output_data))
        else:
            for run in runs:
                line = {
                    **{
                        name: value
                        for name, value in run_object(run).items()
                        if name in ("id", "status", "session_alias", "output_data", "error")
                    },
                    "row": self._places.get(run.id) or None,
                }
                self._console.out(json.dumps(line, ensure_ascii=False))

    def _one_output(self, run: Run, field: str) -> None:
        outputs = run.output_data or {}
        if field not in outputs:
            nearest = find_closest_name(field, outputs)
            exists = f"`{nearest}` exists" if nearest else f"there are {join_names(outputs)}"
            exists = exists if outputs else "it has none"
            self._console.err(
                f"warning: run {run.id} has no output `{make_printable(field)}`; {exists}"
            )
            return
        value = outputs[field]
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False)
        # Programs get the text unchanged; on a terminal it could contain control sequences.
        self._console.out(make_printable(value) if is_terminal(sys.stdout) else value)
