"""Work on runs from a command: the client of the environment, the names that state knows, and
failures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.runs.filters import run_filters
from flowdsl.runs.inputs.problems import InputsRefused
from flowdsl.runs.inputs.today import UnknownTimezone
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.starting.deployed import NotDeployed
from flowdsl.runs.starting.retrying import RunGoesOn
from flowdsl.state.errors import StateError
from flowdsl.workspace.state import known_ids

from .. import http_log
from ..clients import open_client
from ..console import Console
from ..engine.deployment import Deployment, open_deployment
from ..exit_codes import CONFLICT, USAGE
from ..failure import CommandError, UsageError
from ..interrupts import Interrupts, run
from ..time_limit import TimeLimit
from .follow import failure_of
from .place import no_such

T = TypeVar("T")


def opened(arguments: argparse.Namespace, console: Console) -> Deployment:
    """The environment whose runs a command is about. Its sources may be absent or have errors."""
    return open_deployment(arguments.env, console, need_flows=False)


def deployed_ids(deployment: Deployment) -> dict[Address, str]:
    """The ids of workflows that state knows; none where there is no state that can be read."""
    return known_ids(deployment.store)


def answered(work: Callable[[], T], gone: str = "") -> T:
    """The result of `work`; raises `CommandError` for every failure that work on runs expects.

    `gone` is said where the service has no such object.
    """
    try:
        return work()
    except InputsRefused as refused:
        first, *further = refused.lines()
        raise CommandError(first, USAGE, *further) from None
    except NoSuchName as none:
        raise no_such(none) from None
    except (RunGoesOn, UnknownTimezone) as refused:
        raise UsageError(str(refused)) from None
    except NotDeployed as missing:
        raise CommandError(str(missing), CONFLICT) from None
    except NotFound as error:
        raise CommandError(f"{error}{gone}", CONFLICT) from None
    except (CyberdeskError, StateError) as error:
        raise failure_of(error) from None


def read(
    arguments: argparse.Namespace,
    console: Console,
    deployment: Deployment,
    work: Callable[[CyberdeskClient], Coroutine[Any, Any, T]],
) -> T:
    """What `work` gives, which reads only or writes a little; raises `CommandError`."""
    limit = TimeLimit(arguments.timeout)
    listener = http_log.listener(arguments, console)
    with open_client(deployment.environment, deployment.target.root, limit, listener) as client:

        async def carried_out() -> T:
            async with client:
                return await work(client)

        return answered(lambda: run(carried_out(), limit))


def carry_out(
    interrupts: Interrupts,
    client: CyberdeskClient,
    work: Callable[[CyberdeskClient], Coroutine[Any, Any, None]],
    over: Callable[[], CommandError | None],
) -> None:
    """Do `work`, which a signal ends as `interrupts` says; raises `CommandError`."""

    async def carried_out() -> None:
        async with client:
            await work(client)

    answered(lambda: interrupts.run(carried_out(), over))


async def chosen_filters(
    arguments: argparse.Namespace, client: CyberdeskClient, deployed: Mapping[Address, str]
) -> dict[str, Any]:
    """The filters of a list of runs; raises `NoSuchName`."""
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
