"""`flowdsl destroy`: delete all workflows of an environment, with their runs and the rest."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

from flowdsl.deploy.destroy import destroy
from flowdsl.deploy.planning.plan import Plan

from ...runtime.command_line.global_options import add_yes
from ...runtime.console import Console
from ...runtime.engine.deployment import NOTHING, open_deployment
from ...runtime.engine.operation import (
    Operation,
    configure_output,
    operate,
    report_of,
    writing_options,
)
from ...runtime.engine.options import add_environment, add_guard_options, add_lock_timeout
from ...runtime.engine.questions import require_answer
from ...runtime.engine.report import Report
from .view import destroyed, destruction_events, render_destruction


class Destruction(Report):
    """The `Ui` of a destruction: a person has to type the name of the environment."""

    def render(self, plan: Plan, *, color: bool) -> str:
        return render_destruction(plan, self.environment, color=color)

    def planned(self, plan: Plan) -> Iterator[dict[str, Any]]:
        return destruction_events(plan)

    def confirm(self, plan: Plan) -> bool:
        if self.said_yes:
            return True
        answer = self.answer(
            f"type the name of the environment to delete all this ({self.environment}): "
        )
        return answer == self.environment.lower()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_environment(parser)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="delete this alone; may be repeated",
    )
    add_yes(parser, "do not ask; goes with `--accept-guard deletes=N`")
    add_guard_options(parser, "how many workflows are deleted (`deletes=N`), exactly")
    add_lock_timeout(parser)
    configure_output(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Show what is deleted, ask, and delete it."""
    report = report_of(Destruction, arguments, console, kind="destroy", ending=destroyed)
    return operate(report, lambda: _prepare(arguments, console), arguments, console)


def _prepare(arguments: argparse.Namespace, console: Console) -> Operation:
    deployment = open_deployment(arguments.env, console, need_flows=False)
    require_answer(arguments.yes, "with `--accept-guard deletes=N` destroys")
    options = writing_options(
        arguments,
        concurrency=arguments.concurrency,
        only=frozenset(arguments.only),
        accepted=dict(arguments.accept_guard),
    )
    return Operation(deployment, NOTHING, options, partial(destroy, by_hand=not arguments.yes))
