"""Work on runs: the environment, the deployed names in state, failures, and filters."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.host import signals
from flowdsl.runs.filters import run_filters
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.names import NEWEST
from flowdsl.runs.starting.place import find_place

from ..console import CommandError, Console, UsageError
from ..engine.deployment import Deployment
from ..exit_codes import CONFLICT
from ..interrupts import Interrupts
from .follow import Following

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario

T = TypeVar("T")


def ask_service(
    arguments: argparse.Namespace,
    console: Console,
    deployment: Deployment,
    work: Callable[[CyberdeskClient], Awaitable[T]],
) -> T:
    """Return the result of `work`, which only reads, or makes small changes."""
    try:
        return deployment.ask(arguments, console, work)
    except NotFound as error:
        raise CommandError(str(error), CONFLICT) from None


def follow_runs(
    arguments: argparse.Namespace,
    console: Console,
    deployment: Deployment,
    following: Following,
    work: Callable[[CyberdeskClient, Interrupts], Awaitable[None]],
    *,
    gone: str = "",
    scenario: Scenario | None = None,
) -> int:
    """Run `work`, which creates or watches the runs of `following`; returns the exit code.

    `gone` is appended to the message if the service does not find an object.
    """
    interrupts = Interrupts(lambda: following.writing, following.say, arguments.timeout)
    with signals.BeforeEnding(following.interrupted):
        try:
            deployment.ask(
                arguments,
                console,
                lambda client: work(client, interrupts),
                interrupts=interrupts,
                over=following.out_of_time,
                scenario=scenario,
            )
        except NotFound as error:
            failure = CommandError(f"{error}{gone}", CONFLICT)
            following.report_interruption(failure)
            raise failure from None
        except BaseException as failure:
            following.report_interruption(failure)
            raise
        code = following.finished()
        return interrupts.exit_code_or(code)


async def resolve_run_filters(
    arguments: argparse.Namespace, client: CyberdeskClient, deployed: Mapping[Address, str]
) -> dict[str, Any]:
    """Resolve the filters of a list of runs; raises `NoSuchName`."""
    return await run_filters(
        client,
        deployed,
        workflow=arguments.workflow,
        machine=arguments.machine,
        session=arguments.session,
        status=arguments.status,
        since=arguments.since,
        until=arguments.until,
    )


async def resolve_run_place(
    client: CyberdeskClient, arguments: argparse.Namespace
) -> tuple[dict[str, Any], MachineParameters]:
    """Call `find_place` with `--machine`, `--pool` and `--session` or `--resume`."""
    return await find_place(
        client,
        machine=arguments.machine,
        pools=arguments.pool,
        session=arguments.session or getattr(arguments, "resume", None) or None,
    )


def refuse_newest_unasked(words: Iterable[str], yes: bool) -> None:
    """Raise `UsageError` if `--yes` is to change the run that `last` names.

    It is the newest run of the whole organisation, so that it may be a colleague's.
    """
    if yes and NEWEST in words:
        raise UsageError(
            f"with `--yes`, `{NEWEST}` could be a run that a colleague has just started; "
            "name the run by its id, which `flowdsl runs list` shows"
        )
