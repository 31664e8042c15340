"""Runs a command of the engine that writes, from its arguments to its exit code.

Its output is text for people on standard error, and events for programs on standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

from flowdsl import __version__
from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.comparison.edits import way_to_keep
from flowdsl.deploy.job import Job, JobOptions, OnDrift
from flowdsl.deploy.outcome import OperationResult, Outcome, Status
from flowdsl.deploy.planning.plan import Plan
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host import signals
from flowdsl.host.terminal import is_terminal
from flowdsl.host.writing import append_named, reason_of, write_named
from flowdsl.source.failure import TOO_DEEP, FlowdslError
from flowdsl.source.record import Record

from ...views.outcome import plan_events, render_outcome, render_outcome_markdown, render_result
from ...views.plan import render_plan
from .. import exit_codes
from ..command_line.options import IS_OVER, lock_timeout, nothing_written
from ..console import CommandError, Console, command_error
from ..failure_table import OF_STATUS
from ..interrupts import Interrupts
from ..progress import Display, open_display
from .deployment import Deployment, lease_holder_name
from .questions import ask_in_lower_case

FORMAT_VERSION = 1


class EngineOperation(Record):
    """A command of the engine: `work` takes a job, which `more` gives further fields."""

    deployment: Deployment
    bundle: Bundle
    options: JobOptions
    work: Callable[[Job], Coroutine[Any, Any, Outcome]]
    more: Mapping[str, Any] = {}


class OperationReport:
    """The `Ui` of a deploy.

    - `as_json`: print each event as an object on a line of its own.
    - `yes`: do not ask.
    - `result`: the file that records how the command ended.
    - `kind`: the name of the command in that file.
    - `ending`: returns the last line from an outcome and an environment.
    """

    def __init__(
        self,
        console: Console,
        display: Display,
        *,
        environment: str,
        as_json: bool = False,
        yes: bool = False,
        result: str | None = None,
        kind: str = "deploy",
        ending: Callable[[Outcome, str], str] = render_outcome,
    ) -> None:
        self._console = console
        self._display = display
        self._json = as_json
        self._yes = yes
        self._result = result
        self._kind = kind
        self._ending = ending
        self.environment = environment
        self.writing = False
        self._asks = False
        self._shown: Plan | None = None
        self._under_way: dict[Address, str] = {}
        self._results: list[OperationResult] = []
        self._emit("version", flowdsl_version=__version__, format_version=FORMAT_VERSION)

    @classmethod
    def of(
        cls,
        arguments: argparse.Namespace,
        console: Console,
        kind: str,
        ending: Callable[[Outcome, str], str],
    ) -> Self:
        """Make the report of the command `kind`, as its options say."""
        progress = getattr(arguments, "progress", "auto")
        return cls(
            console,
            open_display(progress, console, is_terminal(sys.stderr), kind),
            environment=arguments.env or "",
            as_json=arguments.json,
            yes=arguments.yes,
            result=getattr(arguments, "result", None),
            kind=kind,
            ending=ending,
        )

    def carry_out(
        self,
        prepare: Callable[[argparse.Namespace, Console], EngineOperation],
        arguments: argparse.Namespace,
    ) -> int:
        """Prepare and run an operation; returns the exit code.

        A failure is also recorded in the result file.
        """
        interrupts = Interrupts(lambda: self.writing, self.say, arguments.timeout)
        with signals.BeforeEnding(self.interrupted):
            try:
                operation = prepare(arguments, self._console)
                deployment = operation.deployment
                self.environment = deployment.environment.name

                async def work(client: CyberdeskClient) -> Outcome:
                    job = deployment.job(
                        operation.bundle,
                        client,
                        operation.options,
                        self,
                        stop=interrupts.reason,
                        interrupted=interrupts.received,
                        **operation.more,
                    )
                    return await operation.work(job)

                outcome = deployment.ask(
                    arguments, self._console, work, interrupts=interrupts, over=self.out_of_time
                )
                code = OF_STATUS.get(outcome.status, interrupts.exit_code)
                return self.finished(outcome, code)
            except BaseException as failure:
                self.failed(failure)
                raise

    def show_plan(self, plan: Plan) -> None:
        self._say_plan(plan)
        for change in self.planned(plan):
            self._emit("planned_change", **change)

    def _say_plan(self, plan: Plan) -> None:
        """Show the plan to people, unless it is the one that was shown last."""
        if plan is not self._shown:
            self._display.say(self.render(plan, color=self._console.color_err))
        self._shown = plan

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_plan(plan, color=color)

    def planned(self, plan: Plan) -> Iterator[dict[str, Any]]:
        return plan_events(plan)

    def confirm(self, plan: Plan) -> bool:
        return self.has_agreement(f"deploy to {self.environment}?")

    def has_agreement(self, question: str) -> bool:
        """Whether `--yes` was given or a person agrees."""
        return self._yes or self.answer(f"{question} [y/N] ") in ("y", "yes")

    def answer(self, question: str) -> str:
        return ask_in_lower_case(question, self._console)

    @property
    def has_yes_option(self) -> bool:
        return self._yes

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        self._say_plan(plan)
        answers: dict[str, OnDrift] = {"o": "overwrite", "s": "skip"}
        keep = make_printable(way_to_keep(plan.drifted))
        question = (
            f"edits were made elsewhere; to keep them, stop: {keep}\n"
            "[o]verwrite them, [s]kip those workflows, or stop? "
        )
        return answers.get(self.answer(question)[:1], "fail")

    def event(self, kind: str, **details: object) -> None:
        """Handle an event of the engine: record it, show it, and print it for programs."""
        match kind, details:
            case "apply_start", {"address": Address() as address, "action": action}:
                self._under_way[address] = str(action)
                self._display.begin(address)
                self._emit(kind, address=address, action=action)
            case "apply_progress", {"done": int(done), "total": int(total)}:
                self._display.advance(done, total)
                self._emit(kind, done=done, total=total)
            case "apply_result", {"result": OperationResult() as result}:
                self._report_result(result)
            case "lock_wait", {"holder": holder, "waited": float(waited)}:
                self.say(f"waiting for {make_printable(str(holder))}, {waited:.0f} s so far")
                self._emit(kind, holder=holder, waited_seconds=round(waited))
            case "recovery", {"message": str(message)}:
                self.say(f"recovery: {make_printable(message)}")
                self._emit(kind, message=message)
            case "lock_asked", _:
                self._asks = True
            case "lock_acquired", _:
                self.writing = True
                self._emit(kind)
            case _:
                self._emit(kind, **details)

    def say(self, line: str) -> None:
        self._display.say(line)

    def out_of_time(self) -> CommandError | None:
        """The failure of the command at its deadline.

        None once it writes: what is under way is then completed.
        """
        if self.writing:
            return None
        if self._asks:
            held = "and the lease of the state was not to be had"
            return CommandError(f"{IS_OVER}, {held}; nothing was written", exit_codes.LOCKED)
        return nothing_written()

    def finished(self, outcome: Outcome, code: int) -> int:
        """Report how the command ended; returns `code`, the exit code."""
        self._display.close()
        level = "error" if code else "note"
        for message in outcome.messages:
            shown = "\n".join(make_printable(line) for line in message.split("\n"))
            self._console.err(f"{level}: {shown}")
            self._emit("diagnostic", level=level, message=message)
        self._console.err(self._ending(outcome, self.environment))
        self._emit("change_summary", status=outcome.status.value, exit_code=code)
        self._write_result(outcome, outcome.status.value, code)
        if has_step_summary():
            append_step_summary(render_outcome_markdown(outcome, self.environment), self._console)
        return code

    def failed(self, failure: BaseException) -> None:
        """Report that `failure` ended the command, even if nothing was started.

        An error in this method must not hide `failure`.
        """
        status, code, message = _ending_of(failure)
        broken_off = "it was running when the command ended, and may have been carried out"
        lost = [
            OperationResult(address, action, "unknown", message=broken_off)
            for address, action in self._under_way.items()
        ]
        outcome = Outcome(Status.UNKNOWN, None, (*self._results, *lost), (message,))
        with suppress(BaseException):
            self._write_result(outcome, status, code)
            self._display.close()
            self._emit("diagnostic", level="error", message=message)
            self._emit("change_summary", status=status, exit_code=code)

    def interrupted(self, number: int) -> None:
        self.failed(signals.Interrupted(number))

    def _report_result(self, result: OperationResult) -> None:
        self._under_way.pop(result.address, None)
        self._results.append(result)
        self._display.end(result.address)
        shown = render_result(result, color=self._console.color_err)
        if shown is not None:
            self.say(shown)
        kinds = {"performed": "apply_complete", "unknown": "apply_unknown"}
        self._emit(
            kinds.get(result.outcome, "apply_errored"),
            address=result.address,
            action=result.action,
            outcome=result.outcome,
            workflow_id=result.id,
            message=result.message,
            reason=result.reason,
        )

    def _emit(self, kind: str, **details: object) -> None:
        if self._json:
            self._console.out(json.dumps({"type": kind, **details}, ensure_ascii=False))

    def _write_result(self, outcome: Outcome, status: str, code: int) -> None:
        if self._result is None:
            return
        content = {
            **outcome.to_json(),
            "kind": f"{self._kind}_result",
            "status": status,
            "environment": self.environment,
            "exit_code": code,
        }
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            # Undecodable bytes, as in a mistyped name of an environment, become JSON escapes.
            write_named(self._result, text.encode(errors="backslashreplace"))
        except OSError as error:
            self._console.err(f"warning: `{self._result}` cannot be written: {reason_of(error)}")


def _ending_of(failure: BaseException) -> tuple[str, int, str]:
    """The status, exit code and message for what ended a command; consistent with `main.run`."""
    match failure:
        case FlowdslError():
            error = command_error(failure)
            return "not_begun", error.code, error.message
        case RecursionError():
            return "not_begun", exit_codes.SOURCE_ERRORS, TOO_DEEP
        case signals.Interrupted():
            return "interrupted", failure.code, "a signal ended the command"
        case _:
            # Without its message, which may quote a source or a secret.
            bug = f"{type(failure).__name__}, a bug in FlowDSL, ended the command"
            return "internal_error", exit_codes.INTERNAL, bug


def has_step_summary() -> bool:
    """Whether this runs in a GitHub job with a step summary."""
    return bool(os.environ.get("GITHUB_STEP_SUMMARY"))


def append_step_summary(markdown: str, console: Console) -> None:
    """Append Markdown to the step summary of a GitHub job, if there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        text = markdown if markdown.endswith("\n") else markdown + "\n"
        append_named(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        console.err(f"warning: the summary of the job cannot be written: {reason_of(error)}")


def writing_options(arguments: argparse.Namespace, **more: Any) -> JobOptions:
    """Make the options of a job that waits for the lease as long as `--lock-timeout` says."""
    return JobOptions(
        lock_timeout=lock_timeout(arguments.lock_timeout), holder=lease_holder_name(), **more
    )
