"""`flowdsl doctor`: look at everything that a deploy or a run depends on, without changing it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count

from ...runtime import exit_codes
from ...runtime.command_line.global_options import add_flag, add_json
from ...runtime.console import Console
from ...runtime.engine.options import add_environment
from ...runtime.environments import require_environment
from ...runtime.failure import UsageError
from ...runtime.service_options import parse_duration
from .environments import check_environment
from .machine import check_flows, check_git, check_installation, find_project
from .result import DoctorResult

PATIENCE = 30.0
"""Seconds for the requests of one environment, unless `--timeout` says otherwise."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_environment(parser)
    add_json(parser)
    add_flag(
        parser, "--live", "also ask the service of one environment what is assumed of the platform"
    )
    add_flag(
        parser,
        "--writes",
        "with --live: also what only a write shows, on a workflow made and deleted for it",
    )
    parser.add_argument(
        "--timeout",
        dest="patience",
        type=parse_duration,
        default=PATIENCE,
        metavar="TIME",
        help="how long the requests of one environment may take (default: 30s)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of every request")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what was found; exit code 1 if something is wrong."""
    if arguments.writes and not arguments.live:
        raise UsageError("`--writes` belongs to `--live`")
    results = list(_check_everything(arguments, console))
    if arguments.json:
        console.out(_render_json(results))
    else:
        console.out(_render_text(results))
    problems = sum(each.outcome == "problem" for each in results)
    if problems:
        console.err(f"{format_count(problems, 'problem')}")
    return exit_codes.FINDINGS if problems else exit_codes.SUCCESS


def _check_everything(arguments: argparse.Namespace, console: Console) -> Iterator[DoctorResult]:
    yield from check_installation()
    target, results = find_project()
    yield from results
    if target is None or target.project is None:
        return
    yield check_flows(target)
    yield check_git(target)
    project = target.project
    if arguments.env or arguments.live or os.environ.get("FLOWDSL_ENV"):
        names = [require_environment(project, arguments.env).name]
    else:
        names = list(project.environments)
    if not names:
        yield DoctorResult(
            "environments",
            "problem",
            "the project declares none, so there is nowhere to deploy to",
            'add `[env.local]` with `api = "local"`',
        )
    for name in names:
        for result in check_environment(name, arguments, console):
            yield DoctorResult(result.subject, result.outcome, result.message, result.advice, name)
    if arguments.live:
        from .questions import ask_questions

        yield from ask_questions(names[0], arguments, console)


def _render_text(results: Sequence[DoctorResult]) -> str:
    """Each result on one line, and below it what to do."""
    lines: list[str] = []
    environment = ""
    width = max(len(each.subject) for each in results)
    for each in results:
        if each.environment != environment:
            environment = each.environment
            lines += ["", f"environment {make_printable(environment)}"]
        message = make_printable(each.message)
        lines.append(f"{each.outcome:<8} {each.subject:<{width}}  {message}")
        if each.advice and each.outcome != "ok":
            lines.append(f"{'':<{width + 11}}{make_printable(each.advice)}")
    return "\n".join(lines)


def _render_json(results: Sequence[DoctorResult]) -> str:
    items = [
        {
            "environment": each.environment or None,
            "subject": each.subject,
            "outcome": each.outcome,
            "message": each.message,
            "advice": each.advice or None,
        }
        for each in results
    ]
    return json.dumps({"format_version": 1, "items": items, "total": len(items)}, indent=2)
