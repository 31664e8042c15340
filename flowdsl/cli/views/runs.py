"""Renders runs: lines for people, objects for programs, JUnit XML for CI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from flowdsl.cyberdesk.models.run import Run
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.submit import Submission
from flowdsl.runs.watch import RunsEnding, Watched, ending_of_run, step_of
from flowdsl.source.moments import read_moment

from .painted import BAD, GOOD, QUIET, WARNED, paint_lines
from .table import FORMAT_VERSION

STYLES = {"success": GOOD, "task_failed": BAD, "error": BAD, "cancelled": WARNED}

FAILURES_SHOWN = 20
"""The maximum number of lines on runs that were not created."""

FIELDS = (
    "id",
    "status",
    "workflow_id",
    "machine_id",
    "session_id",
    "session_alias",
    "created_at",
    "started_at",
    "ended_at",
    "input_values",
    "output_data",
    "output_attachment_ids",
    "error",
    "post_run_checks",
)
"""The fields of a run in the machine format, named as on the service."""


def run_object(run: Run) -> dict[str, Any]:
    """A run for programs, without its history; fields that were not requested are null."""
    values = run.model_dump(mode="json", include=set(FIELDS))
    return {name: values.get(name) for name in FIELDS}


def result_object(
    kind: str,
    about: Mapping[str, Any],
    made: Iterable[Run],
    submissions: Sequence[Submission],
    watched: Watched | None,
    exit_code: int,
) -> dict[str, Any]:
    """The object with all runs that a command created and saw."""
    known = {} if watched is None else watched.runs
    gone: set[str] = set() if watched is None else watched.gone
    places = {run.id: each.place for each in submissions for run in each.runs}
    every = {run.id: run for run in made} | known
    return {
        "format_version": FORMAT_VERSION,
        "kind": kind,
        **about,
        "exit_code": exit_code,
        "runs": [
            {
                **run_object(run),
                "row": places.get(run.id) or None,
                **({"deleted": True} if run.id in gone else {}),
            }
            for run in every.values()
        ],
        "failures": [
            {"row": each.place or None, "message": message}
            for each in submissions
            for message in _list_failures(each)
        ],
        "unknown": [
            {
                "row": each.place or None,
                "message": str(each.unknown),
                "candidates": [run.id for run in each.candidates],
            }
            for each in submissions
            if each.unknown is not None
        ],
        "strays": [
            {"row": each.place or None, "run": run.id}
            for each in submissions
            for run in each.strays
        ],
    }


def _list_failures(submission: Submission) -> list[str]:
    """Return why no run was made; for a run that was not tried, that it was not sent."""
    if submission.failures or submission.runs or submission.unknown is not None:
        return submission.failures
    return ["it was not sent"]


def failure_lines(submissions: Iterable[Submission]) -> list[str]:
    """Lines for people on runs that were not created, or whose creation is uncertain."""
    lines: list[str] = []
    for each in submissions:
        where = f"{each.place}: " if each.place else ""
        said = [f"{where}not made: {message}" for message in _list_failures(each)]
        if each.unknown is not None:
            said = [f"{where}not known whether it was made: {each.unknown}"]
            if each.candidates:
                ids = ", ".join(run.id for run in each.candidates[:5])
                said.append(f"{where}one of these runs may be it: {ids}")
        lines += map(make_printable, said)
    more = len(lines) - FAILURES_SHOWN
    return [*lines[:FAILURES_SHOWN], f"and {more} more"] if more > 0 else lines


def stray_lines(submissions: Iterable[Submission]) -> list[str]:
    """Lines on surplus runs, of requests that were carried out twice."""
    return [
        make_printable(
            f"{each.place}: "
            * bool(each.place)
            + f"run {run.id} is one too many: its request was carried out late, when it had been "
            f"sent again; `flowdsl runs cancel {run.id}` ends it"
        )
        for each in submissions
        for run in each.strays
    ]


def status_line(run: Run, *, color: bool, place: str = "", now: datetime | None = None) -> str:
    """One line about the current state of a run: `3f2a... running, step 2, focused_action, 4.0 s`.

    `now` is the local time, used for the duration of a run that has not ended.
    """
    seconds = seconds_of(run, now)
    step = step_of(run) if run.is_live else ""
    tail = "".join(f", {each}" for each in (step, format_time_spent(seconds)) if each)
    where = f"{place}  " if place else ""
    alias = f"  {make_printable(run.session_alias)}" if run.session_alias else ""
    parts = [
        (f"{where}{make_printable(run.id)}{alias}  ", ""),
        (make_printable(run.status)[:60], STYLES.get(run.status, "")),
        (tail, QUIET),
    ]
    return paint_lines([parts], color)


def live_cells(run: Run, place: str, now: datetime) -> list[str]:
    """The cells of a run that has not ended in a live table: place, id, alias, status, step, time.

    The id is cut to the digits that `flowdsl runs` accepts.
    """
    alias, status = run.session_alias or "", run.status[:60]
    spent = format_time_spent(seconds_of(run, now))
    cells = [place, run.id[:8], alias[:40], status, step_of(run)[:60], spent]
    return list(map(make_printable, cells))


DescribeFailure = Callable[[Run, str], str]
"""A function that describes the failure of a run for people, given the service's words."""


def quote_failure_reason(run: Run, said: str) -> str:
    """Put the reason of a failed task in quotation marks; other words stay as they are.

    `the download is finished` may be the condition that was not met: unquoted, it would state the
    opposite of what happened. Which it is only the prompt of the run shows.
    """
    return f'"{said}"' if run.status == "task_failed" and said.strip() else said


def error_lines(run: Run, in_words: DescribeFailure = quote_failure_reason) -> list[str]:
    """Describe why a run did not succeed, as the service reports it."""
    said = [line for each in run.error or () for line in in_words(run, each).splitlines()]
    lines = [f"  {make_printable(line)[:2000]}" for line in said if line.strip()]
    for check in run.post_run_checks or ():
        if check.status in ("failed", "infra_error"):
            reason = " ".join((check.error_message or "").split())
            why = f": {make_printable(reason)}" if reason else ""
            lines.append(f"  check `{make_printable(check.name or '?')}` {check.status}{why}")
    return lines


def summary_line(watched: Watched) -> str:
    counts: dict[str, int] = {}
    for run in watched.runs.values():
        word = "deleted" if run.id in watched.gone else make_printable(run.status)[:60]
        counts[word] = counts.get(word, 0) + 1
    total = len(watched.runs)
    return f"{total} run{'s' if total != 1 else ''}: " + ", ".join(
        f"{count} {word}" for word, count in sorted(counts.items())
    )


def seconds_of(run: Run, now: datetime | None = None) -> float | None:
    """The duration of a run by the service's times, or up to `now` if it has not ended.

    None if it is not known.
    """
    begun, ended = read_moment(run.started_at), read_moment(run.ended_at)
    if run.is_live and ended is None:
        ended = now
    if begun is None or ended is None:
        return None
    return max(0.0, (ended - begun).total_seconds())


def format_time_spent(seconds: float | None) -> str:
    """Format a duration for people: `4.2 s`, `12 min`."""
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def render_runs_junit(
    name: str,
    submissions: Sequence[Submission],
    watched: Watched | None,
    in_words: DescribeFailure = quote_failure_reason,
) -> bytes:
    """A JUnit suite with a case for each run: a failed task is a failure, a broken run an error."""
    root = ElementTree.Element("testsuites", name="flowdsl")
    suite = ElementTree.SubElement(root, "testsuite", name=f"flowdsl run {make_printable(name)}")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    known = {} if watched is None else watched.runs
    gone: set[str] = set() if watched is None else watched.gone
    seen: set[str] = set()

    def case(title: str, seconds: float | None = None) -> ElementTree.Element:
        counts["tests"] += 1
        element = ElementTree.SubElement(
            suite, "testcase", classname=f"flowdsl.run.{make_printable(name)}", name=title
        )
        if seconds is not None:
            element.set("time", f"{seconds:.3f}")
        return element

    def note(element: ElementTree.Element, kind: str, message: str, text: str = "") -> None:
        counts[{"failure": "failures", "error": "errors"}.get(kind, "skipped")] += 1
        found = ElementTree.SubElement(element, kind, message=make_printable(message)[:2000])
        found.text = text

    def add(run: Run, place: str) -> None:
        seen.add(run.id)
        run = known.get(run.id, run)
        alias = run.session_alias or ""
        title = make_printable(" ".join(each for each in (place, alias, run.id) if each))
        element = case(title, seconds_of(run))
        # People see the lines below a run; a report has no such indentation.
        reasons = [line.removeprefix("  ") for line in error_lines(run, in_words)]
        message = reasons[0] if reasons else f"the run ended as {run.status}"
        match ending_of_run(run, is_gone=run.id in gone):
            case RunsEnding.TASK_FAILED:
                note(element, "failure", message, "\n".join(reasons))
            case RunsEnding.ERROR:
                note(element, "error", message, "\n".join(reasons))
            case RunsEnding.CANCELLED:
                note(element, "failure", "the run was cancelled or deleted")
            case RunsEnding.UNFINISHED:
                note(element, "skipped", f"the run was left as {run.status}")
            case _:
                pass

    for submission in submissions:
        for run in submission.runs:
            add(run, submission.place)
        for message in _list_failures(submission):
            note(
                case(make_printable(submission.place) or "not made"),
                "error",
                f"not made: {message}",
            )
        if submission.unknown is not None:
            element = case(make_printable(submission.place) or "not known")
            note(element, "error", f"not known whether it was made: {submission.unknown}")
    for run in known.values():
        if run.id not in seen:
            add(run, "")
    for element in (root, suite):
        for key, count in counts.items():
            element.set(key, str(count))
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return content + b"\n"
