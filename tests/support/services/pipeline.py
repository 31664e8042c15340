"""Runs jobs of a pipeline as a runner does, with a `flowdsl` that records its calls."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
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

_FAKE = """\
#!{python} -IS
# Without imports that take longer than all it does: most jobs start it four times.
import os, sys

here = {folder!r}
with open(os.path.join(here, "script"), encoding="utf-8") as file:
    script = eval(file.read())
words = sys.argv[1:]
with open(os.path.join(here, "calls"), "a", encoding="ascii") as log:
    call = {{"words": words, "environ": dict(os.environ), "cwd": os.getcwd()}}
    log.write(ascii(call) + "\\n")
command = words[0]


def write(option, text):
    if option in words and text is not None:
        with open(words[words.index(option) + 1], "w", encoding="utf-8") as file:
            file.write(text)


print(script.get("output", ""), flush=True)
write("--summary-md", script.get("summary"))
write("--junit", "<testsuites/>")
write("-o", "{{}}")
write("--result", script.get("result"))
if command == script.get("waits"):
    import signal

    signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"stopped in order\\n"), os._exit(143)))
    signal.alarm(20)
    print("ready", flush=True)
    while True:
        signal.pause()
sys.exit(script["codes"].get(command, 0))
"""

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
        fake.write_text(_FAKE.format(python=sys.executable, folder=str(self.folder)))
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
        script = dict(self.script)
        if script.get("result") is not None:
            script["result"] = json.dumps(script["result"])
        (self.folder / "script").write_text(ascii(script), encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        log = self.folder / "calls"
        return list(map(literal_eval, log.read_text().splitlines())) if log.exists() else []

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
