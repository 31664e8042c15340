"""`flowdsl doctor`: look at everything that a deploy or a run depends on, without changing it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.host.environment import ENVIRONMENT
from flowdsl.source.record import replace

from ...runtime import exit_codes
from ...runtime.command_line.options import add_options, parse_duration
from ...runtime.console import Console, UsageError
from ...runtime.target import require_environment
from ...views.table import items_json
from .environments import check_environment
from .machine import DoctorResult, check_flows, check_git, check_installation, find_project

PATIENCE = 30.0
"""Seconds for the requests of one environment, unless `--timeout` says otherwise."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        --env --json
        --live  also ask the service of one environment what is assumed of the platform
        --writes  with --live: also what only a write shows, on a workflow made and deleted for it
        --timeout patience=TIME  how long the requests of one environment may take (default: 30s)
        -v, --verbose  tell of every request
        """,
        patience={"type": parse_duration, "default": PATIENCE},
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what was found; exit code 1 if something is wrong."""
    if arguments.writes and not arguments.live:
        raise UsageError("`--writes` belongs to `--live`")
    results = list(_check_everything(arguments, console))
    console.out((_render_json if arguments.json else _render_text)(results))
    problems = sum(each.outcome == "problem" for each in results)
    if problems:
        console.err(format_count(problems, "problem"))
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
    if arguments.env or arguments.live or os.environ.get(ENVIRONMENT):
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
            yield replace(result, environment=name)
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
    return items_json(
        [
            {
                "environment": each.environment or None,
                "subject": each.subject,
                "outcome": each.outcome,
                "message": each.message,
                "advice": each.advice or None,
            }
            for each in results
        ]
    )
