"""The steps of the GitHub Action."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..commands import CommandLine, Planned, Settings
from ..comment.drift import report_drift
from ..comment.plan import comment_on_plan
from ..errors import JobError, meaning
from ..history import complete, has_header, with_credentials
from ..inputs import Inputs
from ..installing import executable
from ..process_environment import fetching
from ..rest import RestError
from .comments import GithubIssues, GithubThread, github_rest
from .event import Event, read_event

COMMANDS = ("check", "plan", "deploy", "drift")


def main(environ: Mapping[str, str], source: Path) -> int:
    """Runs the action; returns the exit code of the step. `source` holds FlowDSL itself."""
    outputs: dict[str, str] = {}
    try:
        return _run(environ, source, outputs)
    except JobError as error:
        say("error", str(error))
        return error.code
    finally:
        _write_outputs(environ, outputs)


def _run(environ: Mapping[str, str], source: Path, outputs: dict[str, str]) -> int:
    inputs = Inputs("FLOWDSL_ACTION_", environ)
    command, settings = inputs.text("command"), inputs.settings()
    if command not in COMMANDS:
        raise JobError(f"there is no command {command!r}; there are {', '.join(COMMANDS)}")
    wants_comment, lends_token = inputs.flag("comment"), inputs.flag("git-credentials")
    workspace = Path(environ.get("GITHUB_WORKSPACE") or ".").absolute()
    folder = workspace / inputs.text("working-directory")
    if not folder.is_dir():
        raise JobError(
            f"there is no folder {inputs.text('working-directory')!r}; is the repository "
            "checked out?"
        )
    event = read_event(environ)
    if event.refusal and command in ("deploy", "drift"):
        asked = "nothing is deployed" if command == "deploy" else "nothing is compared"
        raise JobError(f"{asked}: {event.refusal}")
    # Not removed at the end: later steps read the plan and the result.
    scratch = Path(tempfile.mkdtemp(prefix="flowdsl-", dir=environ.get("RUNNER_TEMP") or None))
    flowdsl = executable(inputs.text("version"), source, scratch, environ)
    line = CommandLine(flowdsl, folder, environ, quoted)
    if command == "check" or event.refusal:
        if command == "plan":
            say("notice", f"checked without a plan: {event.refusal}")
        return _ended(line.verify(settings, "github").code, outputs)

    token = inputs.text("github-token")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    lent = (
        environ
        if has_header(folder, fetching(environ), server)
        else with_credentials(environ, server, token)
    )
    if not complete(folder, fetching(lent)):
        say(
            "warning",
            (
                "the clone is shallow and its history cannot be fetched; check out with "
                "`fetch-depth: 0`"
            ),
        )
    if lends_token:
        line = CommandLine(flowdsl, folder, lent, quoted)
    saved_plan = inputs.text("plan-file")
    if command == "deploy":
        result_file = _fresh(inputs.text("result-file"), workspace, scratch / "result.json")
        code, wrote = line.deploy(
            settings, result_file, workspace / saved_plan if saved_plan else None
        )
        outputs["changes"] = "" if wrote is None else str(wrote).lower()
        outputs["result-file"] = str(result_file) if result_file.is_file() else ""
        return _ended(code, outputs)

    plan_file = _fresh(saved_plan, workspace, scratch / "plan.json")
    if command == "drift":
        planned = line.plan(settings, plan_file, scratch / "plan.md")
        outputs["changes"] = "" if planned.changes is None else str(planned.changes).lower()
        _append(environ.get("GITHUB_STEP_SUMMARY"), planned.summary)
        return _ended(planned.code or _report_drift(environ, inputs, event, planned), outputs)
    verified = line.verify(settings, "github")
    planned = Planned(verified.checked, None, "")
    # If only the layout is wrong or a test fails, a plan is still worth reading.
    if not verified.checked:
        planned = line.plan(settings, plan_file, scratch / "plan.md")
    outputs["changes"] = "" if planned.changes is None else str(planned.changes).lower()
    outputs["plan-file"] = str(plan_file) if plan_file.is_file() else ""
    _append(environ.get("GITHUB_STEP_SUMMARY"), planned.summary)
    if wants_comment and token and event.pull_request is not None:
        _comment(environ, inputs, event, planned, folder, settings)
    return _ended(planned.code or verified.code, outputs)


def _comment(
    environ: Mapping[str, str],
    inputs: Inputs,
    event: Event,
    planned: Planned,
    folder: Path,
    settings: Settings,
) -> None:
    """Brings the comment up to date; a failure to do so is told, but does not fail the plan."""
    try:
        thread = GithubThread(
            github_rest(environ, inputs.text("github-token")),
            environ.get("GITHUB_REPOSITORY", ""),
            event.pull_request or 0,
            inputs.text("comment-author"),
        )
    except RestError as error:
        say("warning", f"the comment is not up to date: {error}")
        return
    environment = settings.environment or environ.get("FLOWDSL_ENV", "")
    done = comment_on_plan(thread, planned, folder, environment, _footer(environ, event))
    if done not in ("created", "updated", "unchanged", "none"):
        say("warning", done)


def _report_drift(
    environ: Mapping[str, str], inputs: Inputs, event: Event, planned: Planned
) -> int:
    """Bring the issue up to date; 1 if that fails, since the issue is what the job is for."""
    try:
        issues = GithubIssues(
            github_rest(environ, inputs.text("github-token")),
            environ.get("GITHUB_REPOSITORY", ""),
            inputs.text("comment-author"),
        )
    except RestError as error:
        raise JobError(f"the issue is not up to date: {error}", 1) from None
    done = report_drift(issues, planned, _footer(environ, event))
    if done not in ("created", "updated", "unchanged", "none", "closed"):
        raise JobError(done, 1)
    return 0


def _footer(environ: Mapping[str, str], event: Event) -> str:
    """The commit of the plan, and where its log is; both come from variables of the runner."""
    parts = []
    if re.fullmatch(r"[0-9a-f]{40,64}", event.head):
        parts.append(f"Commit {event.head}")
    run = "/".join(
        (
            environ.get("GITHUB_SERVER_URL", ""),
            environ.get("GITHUB_REPOSITORY", ""),
            "actions/runs",
            environ.get("GITHUB_RUN_ID", ""),
        )
    )
    if re.fullmatch(r"https://[A-Za-z0-9.-]+(?::\d+)?/[\w.-]+/[\w.-]+/actions/runs/\d+", run):
        parts.append(f"[log]({run})")
    return f"<sub>{' · '.join(parts)}</sub>" if parts else ""


def say(level: str, message: str) -> None:
    """An annotation."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=FlowDSL::{escaped}", flush=True)


@contextmanager
def quoted() -> Iterator[None]:
    """Makes the runner take what is printed meanwhile for text, also lines that begin with `::`."""
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", flush=True)
    try:
        yield
    finally:
        print(f"::{word}::", flush=True)


def _ended(code: int, outputs: dict[str, str]) -> int:
    outputs["exit-code"] = str(code)
    if code:
        say("error", f"exit code {code}: {meaning(code)}")
    return code


def _fresh(name: str, workspace: Path, otherwise: Path) -> Path:
    """The path of a file to write, at which nothing is yet.

    A file that the repository holds under that name must not pass for a plan or a result.
    """
    file = workspace / name if name else otherwise
    try:
        file.unlink(missing_ok=True)
    except OSError:
        raise JobError(f"{name!r} cannot be written") from None
    return file


def _append(path: str | None, text: str) -> None:
    if path and text:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n\n")


def _write_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    path = environ.get("GITHUB_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
