"""Runs jobs of a pipeline as a runner does, with a `flowdsl` that records its calls."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from shlex import quote
from typing import Any

ROOT = Path(__file__).parents[3]
KEY = "canary-key-5c1f"
TOKEN = "canary-token-77aa"
MARKER = "<!-- flowdsl-plan prj_6d6f2c1a/prod -->"
SUMMARY = f"{MARKER}\n## Plan for prod\n\n1 to update\n"
EMPTY = f"{MARKER}\n## Plan for prod\n\nNo changes.\n"
PROJECT = """\
[project]
name = "care-ops"
id = "prj_6d6f2c1a"

[env.prod]
api = "https://api.cyberdesk.io"
api_key = { env = "CYBERDESK_API_KEY" }
"""

_FAKE = r"""#!/bin/sh
# No Python, which takes longer to begin than all that this does: most jobs start it four times.
here={folder}
. "$here/script"
{{
  printf '%s\0' "$PWD" "$#" "$@"
  cat "/proc/$$/environ"
  printf '\0'
}} >>"$here/calls"
printf '%s\n' "$output"
before=
for word in "$@"; do
  case $before in
    --summary-md) [ -z "${{summary+set}}" ] || printf %s "$summary" >"$word" ;;
    --junit) printf '<testsuites/>' >"$word" ;;
    -o) printf '{{}}' >"$word" ;;
    --result) [ -z "${{result+set}}" ] || printf %s "$result" >"$word" ;;
  esac
  before=$word
done
if [ "$1" = "$waits" ]; then
  sleep 20 >/dev/null 2>&1 &
  trap 'kill $!; echo stopped in order; exit 143' TERM
  echo ready
  wait
fi
eval "exit \${{code_$1:-0}}"
"""
"""What stands for `flowdsl`: it does what `script` says, and writes its call behind `calls`."""

_FORKING = """\
import json, os, sys

sys.path.insert(0, sys.argv[1])
from flowdsl_ci.main import main

for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["environ"])
        output = os.open(job["output"], os.O_WRONLY)
        for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
            os.dup2(stream, number)
        code = 1
        try:
            code = main(job["words"])
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A process that has imported what a job imports, and forks for every job."""


@cache
def _forking() -> subprocess.Popen[str]:
    """The process of `_FORKING`; it ends with this one."""
    server = subprocess.Popen(
        [sys.executable, "-I", "-c", _FORKING, str(ROOT / "ci")],
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(server.communicate)
    return server


@dataclass
class Job:
    """A checkout with a project, a fake `flowdsl` on PATH, and the variables of a runner."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    script: dict[str, Any] = field(default_factory=lambda: {"codes": {}})

    def __post_init__(self) -> None:
        for name in ("bin", "workspace", "temp", "home"):
            (self.folder / name).mkdir()
        self.workspace.joinpath("flowdsl.toml").write_text(PROJECT)
        fake = self.folder / "bin" / "flowdsl"
        fake.write_text(_FAKE.format(folder=quote(str(self.folder))))
        fake.chmod(0o755)
        self.environ = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temp"),
            "NO_PROXY": "127.0.0.1,localhost",
            "CI": "true",
            "CYBERDESK_API_KEY": KEY,
            "OTHER_NAME_OF_A_KEY": KEY,
        }

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The process of a job, as a runner starts it."""
        self._write_script()
        return subprocess.Popen(
            [sys.executable, "-I", str(ROOT / "ci"), *words],
            cwd=self.workspace,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *words: str, started: bool = False) -> tuple[int, str]:
        """The exit code and everything that was printed.

        The process of the job is forked where that can be done, or `started` as a runner does.
        """
        if started or sys.platform != "linux":
            with self.start(*words) as process:
                output, _ = process.communicate(timeout=300)
            code, text = process.returncode, output.decode()
        else:
            code, text = self._fork(words)
        assert "Traceback" not in text
        assert KEY not in text
        assert TOKEN not in text
        return code, text

    def _fork(self, words: Sequence[str]) -> tuple[int, str]:
        self._write_script()
        output = self.folder / "printed"
        output.write_bytes(b"")
        server = _forking()
        assert server.stdin is not None and server.stdout is not None
        job = {"words": words, "environ": self.environ}
        job |= {"folder": str(self.workspace), "output": str(output)}
        server.stdin.write(f"{json.dumps(job)}\n")
        server.stdin.flush()
        return int(server.stdout.readline()), output.read_bytes().decode()

    def _write_script(self) -> None:
        told = {"output": "", "waits": "", **self.script}
        told |= {f"code_{command}": str(code) for command, code in told.pop("codes").items()}
        if told.get("result") is not None:
            told["result"] = json.dumps(told["result"])
        lines = [f"{name}={quote(text)}\n" for name, text in told.items() if text is not None]
        (self.folder / "script").write_text("".join(lines), encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Each call: its `words`, `environ` and `cwd`."""
        log = self.folder / "calls"
        parts = iter(log.read_text(encoding="utf-8").split("\0") if log.exists() else [])
        found = []
        for cwd in filter(None, parts):
            words = [next(parts) for _ in range(int(next(parts)))]
            environ = dict(each.split("=", 1) for each in iter(partial(next, parts), ""))
            found.append({"words": words, "environ": environ, "cwd": cwd})
        return found

    @property
    def commands(self) -> list[str]:
        return [call["words"][0] for call in self.calls]

    def call(self, command: str) -> dict[str, Any]:
        (found,) = (call for call in self.calls if call["words"][0] == command)
        return found


def pull_request(source: int | None = 5, target: int = 5) -> dict[str, Any]:
    """The payload of a pull request from the repository `source` to the repository `target`."""
    return {
        "repository": {"id": target, "full_name": "acme/desktops"},
        "pull_request": {
            "number": 7,
            "head": {"sha": "a" * 40, "repo": None if source is None else {"id": source}},
            "base": {"sha": "b" * 40, "repo": {"id": target}},
        },
    }


def github_job(
    folder: Path,
    *,
    event: str = "pull_request",
    payload: object = None,
    api: str = "",
    **inputs: str,
) -> Job:
    """A step of the action; `inputs` are named with underscores."""
    job = Job(folder)
    payload_file = folder / "event.json"
    payload_file.write_text(json.dumps(pull_request() if payload is None else payload))
    job.environ |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(job.workspace),
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(payload_file),
        "GITHUB_REPOSITORY": "acme/desktops",
        "GITHUB_SERVER_URL": "https://forge.test",
        "GITHUB_API_URL": api or "https://127.0.0.1:1",
        "GITHUB_RUN_ID": "991",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "step_summary"),
        "GITHUB_ENV": str(folder / "env"),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
    }
    given = {
        "command": "plan",
        "environment": "prod",
        "version": "installed",
        "comment": "true" if api else "false",
        "github_token": TOKEN,
    } | inputs
    job.environ |= {f"FLOWDSL_ACTION_{name.upper()}": value for name, value in given.items()}
    return job


def outputs(job: Job) -> dict[str, str]:
    """What the step told later ones."""
    lines = Path(job.environ["GITHUB_OUTPUT"]).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def gitlab_job(
    folder: Path, *, api: str = "", source: str = "merge_request_event", **environ: str
) -> Job:
    """A job of a merge request from the same project; `environ` are variables."""
    job = Job(folder)
    job.environ |= {
        "GITLAB_CI": "true",
        "CI_PROJECT_DIR": str(job.workspace),
        "CI_PIPELINE_SOURCE": source,
        "CI_PROJECT_ID": "42",
        "CI_COMMIT_SHA": "c" * 40,
        "CI_JOB_URL": "https://forge.test/acme/desktops/-/jobs/31",
        "CI_JOB_TOKEN": "job-token",
        "FLOWDSL_CI_VERSION": "installed",
        "FLOWDSL_CI_ENVIRONMENT": "prod",
    }
    if source == "merge_request_event":
        job.environ |= {
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
        }
    if api:
        job.environ |= {"CI_API_V4_URL": api, "FLOWDSL_NOTE_TOKEN": TOKEN}
    job.environ |= environ
    return job
