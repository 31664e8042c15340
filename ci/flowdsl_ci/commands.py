"""Calls of the command line, and what their exit codes mean for a job."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import JobError
from .process import run
from .process_environment import bare, online

CHANGES = 2
"""The exit code of `plan --detailed-exitcode` if there is something to do."""

MAX_BYTES = 60_000

_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}|")
_DURATION = re.compile(r"[0-9]+(?:ms|s|m|h)|")
_FAIL_ON = ("", "error", "warning", "info")
_BREAKING = ("", "error", "warn", "ignore")
_ON_DRIFT = ("", "fail", "overwrite", "skip")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user of the action or the template chose; empty texts leave a choice to FlowDSL.

    Raises `JobError` for a setting of the wrong form.
    """

    environment: str = ""
    fail_on: str = ""
    breaking: str = ""
    on_drift: str = ""
    timeout: str = ""
    lock_timeout: str = ""
    allow_older: bool = False

    def __post_init__(self) -> None:
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise JobError(f"{self.environment!r} is not the name of an environment")
        for name, value in (("timeout", self.timeout), ("lock-timeout", self.lock_timeout)):
            if not _DURATION.fullmatch(value):
                raise JobError(
                    f"`{name}` is {value!r}; a duration has the form `30s`, `10m` or `2h`"
                )
        for name, value, choices in (
            ("fail-on", self.fail_on, _FAIL_ON),
            ("breaking", self.breaking, _BREAKING),
            ("on-drift", self.on_drift, _ON_DRIFT),
        ):
            if value not in choices:
                raise JobError(f"`{name}` is {value!r}; it is one of {', '.join(choices[1:])}")


@dataclass(frozen=True, slots=True)
class Planned:
    """The result of a plan: `changes` is None if it failed, `summary` empty if none was written."""

    code: int
    changes: bool | None
    summary: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The exit codes of `fmt --check`, `check` and `test`; flows with errors are not tested."""

    formatted: int
    checked: int
    tested: int = 0

    @property
    def code(self) -> int:
        """The most serious one: a flow whose layout alone is wrong still means something."""
        return self.checked or self.tested or self.formatted


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`flowdsl` at `executable`, in `folder`, with those variables of `environ` that it may have.

    `quoted` is entered around each command, so that the service takes no line of its output for a
    command to itself.
    """

    executable: str
    folder: Path
    environ: Mapping[str, str]
    quoted: Callable[[], AbstractContextManager[None]] = _as_it_is

    def verify(
        self, settings: Settings, output_format: str, tests_file: Path | None = None
    ) -> Verified:
        """Runs `fmt --check`, `check` and `test`, offline and without any key.

        `tests_file` is where the results of the tests go as JUnit XML.
        """
        environ = bare(self.environ)
        with self.quoted():
            formatted = run(
                [self.executable, "fmt", "--check"], folder=self.folder, environ=environ
            )
        words = [self.executable, "check", "--format", output_format]
        words += _option("--fail-on", settings.fail_on)
        checked = run(words, folder=self.folder, environ=environ)
        if checked:
            return Verified(formatted, checked)
        with self.quoted():
            words = [self.executable, "test", *_environment(settings), "--pass-with-no-tests"]
            words += [] if tests_file is None else ["--junit", str(tests_file)]
            return Verified(formatted, checked, run(words, folder=self.folder, environ=environ))

    def plan(self, settings: Settings, plan_file: Path, summary_file: Path) -> Planned:
        """Plans into the two files; `code` is 0 if there are changes, which are no failure."""
        words = [self.executable, "plan", *_environment(settings), "--detailed-exitcode"]
        words += ["-o", str(plan_file), "--summary-md", str(summary_file)]
        words += ["--max-bytes", str(MAX_BYTES)]
        words += _option("--breaking", settings.breaking)
        code = self._online(words)
        try:
            summary = summary_file.read_text("utf-8", "replace")
        except OSError:
            summary = ""
        changes = {0: False, CHANGES: True}.get(code)
        return Planned(0 if code == CHANGES else code, changes, summary)

    def deploy(
        self, settings: Settings, result_file: Path, saved_plan: Path | None
    ) -> tuple[int, bool | None]:
        """Deploys.

        The exit code, and whether anything was written, as far as the result file tells.

        A write that may have happened counts; None if the file does not tell.
        """
        words = [self.executable, "deploy", *_environment(settings), "--yes"]
        words += ["--plan", str(saved_plan)] if saved_plan is not None else []
        words += ["--result", str(result_file)]
        words += _option("--on-drift", settings.on_drift)
        words += _option("--timeout", settings.timeout)
        words += _option("--lock-timeout", settings.lock_timeout)
        words += ["--allow-older"] if settings.allow_older else []
        code = self._online(words, summary=True)
        return code, _wrote(result_file)

    def _online(self, words: list[str], *, summary: bool = False) -> int:
        environ = online(self.environ)
        if summary and "GITHUB_STEP_SUMMARY" in self.environ:
            environ["GITHUB_STEP_SUMMARY"] = self.environ["GITHUB_STEP_SUMMARY"]
        with self.quoted():
            return run(words, folder=self.folder, environ=environ)


def _environment(settings: Settings) -> list[str]:
    return _option("--env", settings.environment)


def _option(name: str, value: str) -> list[str]:
    return [name, value] if value else []


def _wrote(result_file: Path) -> bool | None:
    try:
        results = json.loads(result_file.read_text("utf-8"))["results"]
        return any(result["outcome"] in ("performed", "unknown") for result in results)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
