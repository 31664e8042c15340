"""The jobs of the GitLab template."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..commands import CommandLine, Planned, Settings
from ..comment.drift import report_drift
from ..comment.plan import comment_on_plan
from ..errors import JobError, meaning
from ..history import complete
from ..inputs import Inputs
from ..installing import executable
from ..process_environment import fetching
from ..rest import Rest, RestError
from .notes import GitlabIssues, GitlabThread
from .pipeline import merge_request, refusal

COMMANDS = ("check", "plan", "deploy", "drift")

PLAN, SUMMARY, RESULT = "flowdsl-plan.json", "flowdsl-plan.md", "flowdsl-result.json"
TESTS = "flowdsl-tests.xml"
"""The artifacts of a job, in the folder of the project."""


def main(command: str, environ: Mapping[str, str], source: Path) -> int:
    """Runs a job; returns its exit code. `source` holds FlowDSL itself."""
    try:
        with tempfile.TemporaryDirectory(prefix="flowdsl-", ignore_cleanup_errors=True) as scratch:
            code = _run(command, environ, source, Path(scratch))
    except JobError as error:
        say(f"error: {error}")
        return error.code
    if code:
        say(f"error: exit code {code}: {meaning(code)}")
    return code


def _run(command: str, environ: Mapping[str, str], source: Path, scratch: Path) -> int:
    if command not in COMMANDS:
        raise JobError(f"there is no command {command!r}; there are {', '.join(COMMANDS)}")
    inputs = Inputs("FLOWDSL_CI_", environ)
    settings = inputs.settings()
    project = Path(environ.get("CI_PROJECT_DIR") or ".").absolute()
    folder = project / inputs.text("working-directory")
    if not folder.is_dir():
        raise JobError(f"there is no folder {inputs.text('working-directory')!r} in the project")
    refused = refusal(environ)
    if refused and command in ("deploy", "drift"):
        asked = "nothing is deployed" if command == "deploy" else "nothing is compared"
        raise JobError(f"{asked}: {refused}")
    flowdsl = executable(inputs.text("version"), source, scratch, environ)
    line = CommandLine(flowdsl, folder, environ)
    if command == "check" or refused:
        if command == "plan":
            say(f"checked without a plan: {refused}")
        code = line.verify(settings, "text", scratch / TESTS).code
        _publish(scratch / TESTS, project)
        return code

    if not complete(folder, fetching(environ)):
        say("warning: the clone is shallow and its history cannot be fetched; set `GIT_DEPTH` to 0")
    line = CommandLine(flowdsl, folder, dict(environ) | _aws(inputs, environ, scratch))
    if command == "deploy":
        result_file = scratch / RESULT
        code, _ = line.deploy(settings, result_file, None)
        _publish(result_file, project)
        return code
    if command == "drift":
        planned = line.plan(settings, scratch / PLAN, scratch / SUMMARY)
        _publish(scratch / SUMMARY, project)
        return planned.code or _report_drift(environ, planned)
    verified = line.verify(settings, "text", scratch / TESTS)
    planned = Planned(verified.checked, None, "")
    if not verified.checked:
        planned = line.plan(settings, scratch / PLAN, scratch / SUMMARY)
        # Only now, for a new file in the project makes its work tree a changed one.
        _publish(scratch / PLAN, project)
        _publish(scratch / SUMMARY, project)
    _publish(scratch / TESTS, project)
    _comment(environ, planned, folder, settings)
    return planned.code or verified.code


def _comment(
    environ: Mapping[str, str], planned: Planned, folder: Path, settings: Settings
) -> None:
    """Brings the note up to date; a failure to do so is told, but does not fail the plan."""
    place, token = merge_request(environ), environ.get("FLOWDSL_NOTE_TOKEN", "").strip()
    if place is None:
        return
    if not token:
        say(
            "no note is written: `FLOWDSL_NOTE_TOKEN` is not set; the plan is in the "
            f"artifact {SUMMARY}"
        )
        return
    try:
        rest = Rest(environ.get("CI_API_V4_URL", ""), {"PRIVATE-TOKEN": token})
    except RestError as error:
        say(f"warning: the note is not up to date: {error}")
        return
    environment = settings.environment or environ.get("FLOWDSL_ENV", "")
    done = comment_on_plan(
        GitlabThread(rest, *place), planned, folder, environment, _footer(environ)
    )
    if done not in ("created", "updated", "unchanged", "none"):
        say(f"warning: {done}")


def _report_drift(environ: Mapping[str, str], planned: Planned) -> int:
    """Bring the issue up to date; without a token for it, fail if there is something to report."""
    token, project = environ.get("FLOWDSL_NOTE_TOKEN", "").strip(), environ.get("CI_PROJECT_ID", "")
    if not token or not project.isdecimal():
        say(f"no issue is written: `FLOWDSL_NOTE_TOKEN` is not set; see the artifact {SUMMARY}")
        return 1 if planned.changes else 0
    try:
        issues = GitlabIssues(
            Rest(environ.get("CI_API_V4_URL", ""), {"PRIVATE-TOKEN": token}), int(project)
        )
    except RestError as error:
        raise JobError(f"the issue is not up to date: {error}", 1) from None
    done = report_drift(issues, planned, _footer(environ))
    if done not in ("created", "updated", "unchanged", "none", "closed"):
        raise JobError(done, 1)
    return 0


def _footer(environ: Mapping[str, str]) -> str:
    """The commit of the plan, and where its log is."""
    parts = []
    if re.fullmatch(r"[0-9a-f]{40,64}", environ.get("CI_COMMIT_SHA", "")):
        parts.append(f"Commit {environ['CI_COMMIT_SHA']}")
    if re.fullmatch(r"https://[\w.-]+(?::\d+)?/[\w./-]+/-/jobs/\d+", environ.get("CI_JOB_URL", "")):
        parts.append(f"[log]({environ['CI_JOB_URL']})")
    return f"<sub>{' · '.join(parts)}</sub>" if parts else ""


def _aws(inputs: Inputs, environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Variables with which AWS clients trade the job's identity token for a role.

    Empty if no role is named.
    """
    role, token = inputs.text("aws-role"), environ.get("FLOWDSL_ID_TOKEN", "")
    if not role:
        return {}
    if not token:
        raise JobError(
            "`aws-role` takes the identity token `FLOWDSL_ID_TOKEN`, which this job does not have"
        )
    file = scratch / "id-token"
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(token)
    region = inputs.text("aws-region")
    return {
        "AWS_ROLE_ARN": role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_SESSION_NAME": f"flowdsl-{environ.get('CI_JOB_ID', 'job')}",
    } | ({"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {})


def _publish(file: Path, project: Path) -> None:
    if file.is_file():
        # The repository may hold a link under that name, which must not be followed.
        target = project / file.name
        target.unlink(missing_ok=True)
        shutil.copyfile(file, target)


def say(message: str) -> None:
    """One line in the log of the job."""
    print(message, file=sys.stderr, flush=True)
