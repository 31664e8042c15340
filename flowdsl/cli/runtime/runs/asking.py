"""Work on runs from a command: the client of the environment, the names that state knows, and
failures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from flowdsl.config.address import Address
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, NotFound
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.suggest import closest, listed
from flowdsl.runs.inputs.problems import InputsRefused
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.names import find_machine, find_workflow_id
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.state.errors import StateError

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
    try:
        versioned = deployment.store.load()
    except StateError:
        return {}
    return {} if versioned is None else versioned.document.workflow_ids()


def answered(work: Callable[[], T]) -> T:
    """The result of `work`; raises `CommandError` for every failure that work on runs expects."""
    try:
        return work()
    except InputsRefused as refused:
        raise inputs_refused(refused) from None
    except NoSuchName as none:
        raise no_such(none) from None
    except NotFound as gone:
        raise CommandError(str(gone), CONFLICT) from None
    except CyberdeskError as error:
        raise failure_of(error) from None


def inputs_refused(refused: InputsRefused) -> CommandError:
    """How a command ends whose inputs do not fit."""
    first, *further = refused.lines()
    return CommandError(first, USAGE, *further)


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
    """The filters of a list of runs; raises `NoSuchName` and `UsageError`."""
    found: dict[str, Any] = {}
    if arguments.workflow is not None:
        found["workflow_id"] = find_workflow_id(arguments.workflow, deployed)
    if arguments.machine is not None:
        found["machine_id"] = (await find_machine(client, arguments.machine)).id
    if arguments.session is not None:
        if not is_uuid(arguments.session):
            raise UsageError(f"`--session {printable(arguments.session)}` is no id of a session")
        found["session_id"] = arguments.session
    if arguments.status is not None:
        found["status"] = known_status(arguments.status)
    if arguments.since is not None:
        found["created_at_from"] = moment("--from", arguments.since)
    if arguments.until is not None:
        found["created_at_to"] = moment("--to", arguments.until)
    return found


def known_status(word: str) -> str:
    """The status that is meant; raises `UsageError`."""
    from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES
    from flowdsl.runs.watch import LIVE_STATUSES

    known = LIVE_STATUSES | TERMINAL_STATUSES
    if word in known:
        return word
    nearest = closest(word, known)
    exists = f"`{nearest}` exists" if nearest else f"there are {listed(known)}"
    raise UsageError(f"`{printable(word)}` is no status of a run; {exists}")


def moment(option: str, text: str) -> str:
    """A time of an option as ISO 8601 in UTC; raises `UsageError`. Without a zone it is UTC, as
    the service's filters are.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"`{option} {printable(text)}` is no time such as `2026-05-31` or `2026-05-31T14:30`"
        ) from None
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")
