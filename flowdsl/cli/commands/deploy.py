"""`flowdsl deploy`: bring an environment to what the sources say."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

from flowdsl import __version__
from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import compile_project
from flowdsl.config.project import EMBEDDED, Environment, Project
from flowdsl.deploy.engine import deploy
from flowdsl.deploy.job import Job, OnDrift, Options
from flowdsl.deploy.outcome import Outcome, Result, Status
from flowdsl.deploy.plan import Plan
from flowdsl.deploy.resource import address_of
from flowdsl.deploy.target import target_of
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.text import render_text
from flowdsl.diagnostics.suggest import listed
from flowdsl.host.environment import MissingKey, in_ci, read_api_key
from flowdsl.host.terminal import is_terminal
from flowdsl.host.writing import write_files
from flowdsl.state.errors import StateError
from flowdsl.state.lease import Surroundings
from flowdsl.state.stores import StateStore, open_store

from .. import exit_codes, http_log
from ..clients import open_client
from ..console import Console
from ..environments import required_environment
from ..failure import CommandError, UsageError
from ..target import Target, open_target
from ..views.deploy import plan_events, render_outcome, render_plan, render_result

EXIT_CODES: Mapping[Status, int] = {
    Status.DONE: exit_codes.SUCCESS,
    Status.NOTHING_TO_DO: exit_codes.SUCCESS,
    Status.DECLINED: exit_codes.SUCCESS,
    Status.INVALID: exit_codes.SOURCE_ERRORS,
    Status.ACCESS: exit_codes.ACCESS,
    Status.LOCKED: exit_codes.LOCKED,
    Status.CONFLICT: exit_codes.CONFLICT,
    Status.PARTIAL: exit_codes.PARTIAL,
    Status.UNKNOWN: exit_codes.UNKNOWN_OUTCOME,
    Status.STATE: exit_codes.STATE,
    Status.SERVICE: exit_codes.SERVICE,
}

LOCK_TIMEOUT, LOCK_TIMEOUT_IN_CI = 70.0, 600.0
"""Seconds to wait for another deploy."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--env", metavar="ENV", help="the environment; default: FLOWDSL_ENV, else the only one"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--on-drift",
        choices=("fail", "overwrite", "skip"),
        help="what to do about edits made elsewhere; default: ask on a terminal, else fail",
    )
    parser.add_argument(
        "--recreate",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="create a workflow anew that was deleted elsewhere; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--result", metavar="FILE", help="write how it ended, as JSON")
    parser.add_argument(
        "--concurrency",
        type=_concurrency,
        default=4,
        metavar="N",
        help="requests at once (default: 4)",
    )
    http_log.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, plan, ask and write; the plan and the outcome go to standard error."""
    report = Report(arguments, console)
    interrupts = Interrupts(report)
    try:
        outcome = _run(arguments, console, report, interrupts)
    except CommandError as failure:
        report.failed(failure)
        raise
    code = EXIT_CODES.get(outcome.status, interrupts.exit_code)
    return report.finished(outcome, code)


def _run(
    arguments: argparse.Namespace, console: Console, report: Report, interrupts: Interrupts
) -> Outcome:
    target = open_target([])
    if target.problems or target.project is None:
        _show_problems(target, target.problems, 1, console)
        raise CommandError(
            "`flowdsl.toml` has errors; nothing was written", exit_codes.SOURCE_ERRORS
        )
    environment = required_environment(target.project, arguments.env)
    report.environment = environment.name
    project_id = _project_id(target.project)
    bundle = _compile(target, target.project, environment, console)
    _check_addresses(arguments.recreate, bundle)
    interactive = is_terminal(sys.stdin) and is_terminal(sys.stderr)
    # After the sources: what is wrong with them is the same with and without `--yes`.
    if not (arguments.yes or interactive):
        raise UsageError("there is no terminal to ask on; `--yes` deploys without asking")
    store = _open_store(target, project_id, environment, console)
    secrets = _ModelKeys(target.project, target.root)
    with open_client(environment, target.root, http_log.listener(arguments, console)) as client:
        job = Job(
            bundle=bundle,
            target=target_of(
                target.project,
                project_id,
                environment,
                api_base=environment.api.rstrip("/"),
                secrets=secrets,
            ),
            store=store,
            client=client,
            options=Options(
                on_drift=arguments.on_drift
                or (None if interactive and not arguments.yes else "fail"),
                concurrency=arguments.concurrency,
                lock_timeout=LOCK_TIMEOUT_IN_CI if in_ci(os.environ) else LOCK_TIMEOUT,
                recreate=frozenset(arguments.recreate),
                holder=f"{socket.gethostname()} (process {os.getpid()})",
            ),
            ui=report,
            around=Surroundings(
                now=lambda: datetime.now(UTC),
                monotonic=time.monotonic,
                sleep=asyncio.sleep,
                new_id=lambda: uuid4().hex,
            ),
            interrupted=interrupts.received,
        )
        try:
            return asyncio.run(_deploy(job))
        except MissingKey as missing:
            raise CommandError(str(missing), exit_codes.ACCESS) from None


async def _deploy(job: Job) -> Outcome:
    async with job.client:
        return await deploy(job)


def _project_id(project: Project) -> str:
    if project.id is None:
        raise CommandError(
            "the project has no `id`, by which it finds its workflows again; add "
            f'`id = "prj_{token_hex(4)}"` to `[project]`',
            exit_codes.SOURCE_ERRORS,
        )
    return project.id


def _compile(
    target: Target, project: Project, environment: Environment, console: Console
) -> Bundle:
    compilation = compile_project(target.files, target.entries, target.options(environment))
    if compilation.bundle is None:
        analysis = compilation.analysis
        _show_problems(target, analysis.diagnostics, len(analysis.findings.paths), console)
        raise CommandError("the sources have errors; nothing was written", exit_codes.SOURCE_ERRORS)
    return compilation.bundle


def _check_addresses(addresses: Collection[str], bundle: Bundle) -> None:
    existing = [address_of("workflow", item.name) for item in bundle.workflows]
    for address in addresses:
        if address not in existing:
            known = f"there are {listed(existing)}" if existing else "it has no workflow"
            raise UsageError(f"`--recreate {address}` names no workflow of the source; {known}")


def _show_problems(target: Target, problems: Any, file_count: int, console: Console) -> None:
    console.err(
        render_text(problems, file_count, color=console.color_err, show_path=target.show_path)
    )


def _open_store(
    target: Target, project_id: str, environment: Environment, console: Console
) -> StateStore:
    try:
        store = open_store(
            environment.state or "file",
            root=Path(target.root),
            project=project_id,
            environment=environment.name,
        )
    except StateError as error:
        raise CommandError(str(error), exit_codes.STATE) from None
    if environment.protected:
        console.err(
            f"warning: `{environment.name}` is protected, and this version does not look whether the work tree is clean"
        )
    if in_ci(os.environ) and environment.api != EMBEDDED:
        console.err(
            f"warning: the state of `{environment.name}` is a file, which is lost with this machine unless the build "
            "keeps it"
        )
    return store


class _ModelKeys:
    """The keys of providers, read when a declared model configuration is created."""

    def __init__(self, project: Project, root: str) -> None:
        self._sources = {f"model.{model.name}": model.api_key for model in project.models.values()}
        self._root = root

    def __call__(self, address: str) -> Mapping[str, str]:
        source = self._sources.get(address)
        if source is None:
            return {}
        return {"api_key": read_api_key(source, self._root, os.environ)}


class Interrupts:
    """The first signal lets what is under way finish, once writing has begun; the next one ends the process."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.signal: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def received(self) -> bool:
        """Whether to stop."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """What the shell expects of a process that a signal ended."""
        terminated = self.signal == signal.SIGTERM
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED

    def _on_signal(self, number: int, _frame: object) -> None:
        if self.received() or not self._report.writing:
            raise (
                KeyboardInterrupt if number == signal.SIGINT else SystemExit(exit_codes.TERMINATED)
            )
        self.signal = number
        self._report.say("stopping when what is under way is done; once more stops at once")


class Report:
    """Shows what happens to people on standard error, and to programs on standard output and in the result file."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._console = console
        self._json = arguments.json
        self._yes = arguments.yes
        self._result = arguments.result
        self.environment = arguments.env or ""
        self.writing = False
        self._emit("version", flowdsl_version=__version__, format_version=1)

    def show_plan(self, plan: Plan) -> None:
        self._console.err(render_plan(plan, color=self._console.color_err))
        for change in plan_events(plan):
            self._emit("planned_change", **change)

    def confirm(self, plan: Plan) -> bool:
        return self._yes or self._ask(f"deploy to {self.environment}? [y/N] ") in ("y", "yes")

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        self._console.err(render_plan(plan, color=self._console.color_err))
        answers: dict[str, OnDrift] = {"o": "overwrite", "s": "skip"}
        question = "edits were made elsewhere: [o]verwrite them, [s]kip those workflows, or stop? "
        return answers.get(self._ask(question)[:1], "fail")

    def event(self, kind: str, **details: object) -> None:
        match kind, details:
            case "apply_result", {"result": Result() as result}:
                self._applied(result)
            case "lock_wait", {"holder": holder, "waited": float(waited)}:
                self._console.err(f"waiting for {holder}, {waited:.0f} s so far")
                self._emit(kind, holder=holder, waited_seconds=round(waited))
            case "recovery", {"message": message}:
                self._console.err(f"recovery: {message}")
                self._emit(kind, message=message)
            case _:
                self.writing = True
                self._emit(kind)

    def say(self, line: str) -> None:
        """One line for people."""
        self._console.err(line)

    def finished(self, outcome: Outcome, code: int) -> int:
        """Say how it ended; returns `code`, the exit code."""
        level = "error" if code else "note"
        for message in outcome.messages:
            shown = "\n".join(printable(line) for line in message.split("\n"))
            self._console.err(f"{level}: {shown}")
            self._emit("diagnostic", level=level, message=message)
        self._console.err(render_outcome(outcome, self.environment))
        summary = {**outcome.to_json(), "environment": self.environment, "exit_code": code}
        self._emit("change_summary", status=outcome.status.value, exit_code=code)
        self._write_result(summary)
        return code

    def failed(self, failure: CommandError) -> None:
        """Leave a result file also when nothing was begun."""
        self._emit("diagnostic", level="error", message=failure.message)
        self._write_result(
            {
                "format_version": 1,
                "kind": "deploy_result",
                "status": "not_begun",
                "environment": self.environment,
                "results": [],
                "messages": [failure.message],
                "exit_code": failure.code,
            }
        )

    def _applied(self, result: Result) -> None:
        shown = render_result(result, color=self._console.color_err)
        if shown is not None:
            self._console.err(shown)
        kinds = {"performed": "apply_complete", "unknown": "apply_unknown"}
        self._emit(
            kinds.get(result.outcome, "apply_errored"),
            address=result.address,
            action=result.action,
            outcome=result.outcome,
            workflow_id=result.id,
            message=result.message,
        )

    def _ask(self, question: str) -> str:
        self._console.flush()
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()

    def _emit(self, kind: str, **details: object) -> None:
        if self._json:
            self._console.out(json.dumps({"type": kind, **details}, ensure_ascii=False))

    def _write_result(self, content: Mapping[str, Any]) -> None:
        if self._result is None:
            return
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            write_files({self._result: text.encode()})
        except OSError as error:
            reason = (error.strerror or "it fails").lower()
            self._console.err(f"warning: `{self._result}` cannot be written: {reason}")


def _concurrency(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 64):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 1 to 64")
    return int(text)
