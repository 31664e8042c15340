"""The client of the service that an environment names, for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowdsl.config.project import Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import UntrustedHost, UnusableApiKey
from flowdsl.cyberdesk.limits import Deadline
from flowdsl.cyberdesk.log import Listener
from flowdsl.host.environment import MissingKey
from flowdsl.source.failure import FlowdslError
from flowdsl.workspace.service import open_service

from .exit_codes import ACCESS, SERVICE
from .failure import CommandError
from .time_limit import IS_OVER, TimeLimit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario


@contextmanager
def open_client(
    environment: Environment,
    root: str,
    limit: TimeLimit,
    listener: Listener | None = None,
    scenario: Scenario | None = None,
) -> Iterator[CyberdeskClient]:
    """The client of an environment of the project at `root`.

    Raises `CommandError`, before any key is sent. `limit` ends its reads as long as nothing has
    been written; that holds under the lease as well, where nothing else ends the command.
    `scenario` is for the local Cyberdesk.
    """
    deadline = Deadline(limit.left_for_reads, IS_OVER)
    opened = open_service(
        environment, root, deadline=deadline, listener=listener, scenario=scenario
    )
    try:
        client = opened.__enter__()
    except FlowdslError as error:
        raise _failure_of(error) from None
    try:
        yield client
    finally:
        opened.__exit__(None, None, None)


def _failure_of(error: FlowdslError) -> CommandError:
    """How a command ends that gets no client."""
    is_access = isinstance(error, UntrustedHost | UnusableApiKey | MissingKey)
    return CommandError(str(error), ACCESS if is_access else SERVICE)
