"""The client of the service that an environment names, or of the embedded emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowdsl.config.project import EMBEDDED, Environment
from flowdsl.cyberdesk.client import ClientOptions, CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError, UntrustedHost, UnusableApiKey
from flowdsl.cyberdesk.limits import Deadline
from flowdsl.cyberdesk.log import Listener
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.cyberdesk.trust import check_api_url
from flowdsl.host.environment import MissingKey, read_api_key, trusted_hosts

from .exit_codes import ACCESS, SERVICE
from .failure import CommandError
from .time_limit import IS_OVER, TimeLimit

EMBEDDED_DATA = ".flowdsl/emulator.sqlite"


@contextmanager
def open_client(
    environment: Environment, root: str, limit: TimeLimit, listener: Listener | None = None
) -> Iterator[CyberdeskClient]:
    """The client of an environment of the project at `root`.

    Raises `CommandError`, before any key is sent. `limit` ends its reads as long as nothing has
    been written; that holds under the lease as well, where nothing else ends the command.
    """
    deadline = Deadline(limit.left_for_reads, IS_OVER)
    if environment.api != EMBEDDED:
        yield _service_client(environment, root, deadline, listener)
        return
    from flowdsl.emulator.embedded import EMBEDDED_BASE_URL, open_embedded
    from flowdsl.emulator.store import StoreError

    try:
        app, close = open_embedded(Path(root, EMBEDDED_DATA))
    except StoreError as error:
        raise CommandError(str(error), SERVICE) from None
    try:
        # The embedded emulator takes any key.
        options = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="local")
        transport = asgi_transport(app)
        yield CyberdeskClient(options, transport=transport, listener=listener, deadline=deadline)
    finally:
        close()


def _service_client(
    environment: Environment, root: str, deadline: Deadline, listener: Listener | None
) -> CyberdeskClient:
    """The client of a service; raises `CommandError`."""
    trusted = trusted_hosts(os.environ)
    try:
        # Checked before the key is read, since a pull request can change the address.
        check_api_url(environment.api, trusted)
        if environment.api_key is None:
            raise CommandError(
                f"the environment `{environment.name}` does not say where its API key is; add "
                '`api_key = { env = "CYBERDESK_API_KEY" }`',
                ACCESS,
            )
        key = read_api_key(environment.api_key, root, os.environ)
        return CyberdeskClient(
            ClientOptions(base_url=environment.api, api_key=key, trusted_hosts=trusted),
            listener=listener,
            deadline=deadline,
        )
    except (UntrustedHost, UnusableApiKey, MissingKey) as error:
        raise CommandError(str(error), ACCESS) from None
    except CyberdeskError as error:
        raise CommandError(str(error), SERVICE) from None
