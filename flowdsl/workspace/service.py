"""The client of the service that an environment names, or of the embedded emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowdsl.config.project import EMBEDDED, EMBEDDED_DATA, Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions, Deadline
from flowdsl.cyberdesk.log import Listener
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.cyberdesk.trust import check_api_url
from flowdsl.host.environment import MissingKey, hosts_to_trust, read_api_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario


@contextmanager
def open_service(
    environment: Environment,
    root: str,
    *,
    deadline: Deadline | None = None,
    listener: Listener | None = None,
    scenario: Scenario | None = None,
) -> Iterator[CyberdeskClient]:
    """Yield a client of the service of an environment; the project is at `root`.

    The client is closed by whoever enters it, the embedded emulator at the end of this context.
    `scenario` is the behaviour of the embedded emulator; no other service takes one. `deadline`
    limits the client's reads, also while the lease of the state is held, up to its first write.

    Raises `MissingKey`; `StoreError` if the data of the embedded emulator cannot be opened;
    `UntrustedHost`, before the key is read, and other kinds of `CyberdeskError`.
    """
    if environment.api != EMBEDDED:
        yield _service_client(environment, root, deadline, listener)
        return
    from flowdsl.emulator.embedded import EMBEDDED_BASE_URL, open_embedded

    data = Path(root, EMBEDDED_DATA)
    app, close = open_embedded(data) if scenario is None else open_embedded(data, scenario=scenario)
    try:
        # The embedded emulator accepts any key.
        options = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="local")
        transport = asgi_transport(app)
        yield CyberdeskClient(options, transport=transport, listener=listener, deadline=deadline)
    finally:
        close()


def _service_client(
    environment: Environment, root: str, deadline: Deadline | None, listener: Listener | None
) -> CyberdeskClient:
    trusted = hosts_to_trust(os.environ)
    # Checked before the key is read, since a pull request can change the address.
    check_api_url(environment.api, trusted)
    if environment.api_key is None:
        raise MissingKey(
            f"the environment `{environment.name}` does not say where its API key is; add "
            '`api_key = { env = "CYBERDESK_API_KEY" }`'
        )
    key = read_api_key(environment.api_key, root, os.environ)
    return CyberdeskClient(
        ClientOptions(base_url=environment.api, api_key=key, trusted_hosts=trusted),
        listener=listener,
        deadline=deadline,
    )
