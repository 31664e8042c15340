"""The trace pages that the emulator serves, with sources from the project of the working folder."""

from __future__ import annotations

import asyncio
import os
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flowdsl.config.project import EMBEDDED, EMBEDDED_DATA, Environment
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.cyberdesk.trust import is_loopback
from flowdsl.emulator.app import create_app
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL
from flowdsl.emulator.store import Store
from flowdsl.host.disk import find_root
from flowdsl.source.failure import FlowdslError
from flowdsl.state.stores import open_store
from flowdsl.tracing.gathering import Beside, gather_trace, read_pictures
from flowdsl.tracing.maps import find_deployed_addresses
from flowdsl.tracing.page import render_page
from flowdsl.workspace.project import read_project
from flowdsl.workspace.state import open_state_of, usable_document


class TracePages:
    """Makes the trace page of a run of the emulator that serves `store`, kept in the file `data`.

    `port` is the port of the server, once it is known. The deployed version is looked up in those
    environments of the working folder's project that use this emulator, by file or by address.
    """

    def __init__(self, store: Store, data: Path) -> None:
        self._store = store
        self._data = os.path.realpath(data)
        self.port: int | None = None

    @cached_property
    def _transport(self) -> Any:
        # A separate application, so that these reads do not count towards faults of a rehearsal. It
        # is created on first use, since most emulators show no trace.
        return asgi_transport(create_app(self._store))

    async def __call__(self, run_id: str) -> str | None:
        """Return the page; None for a run that does not exist."""
        options = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="local")
        async with CyberdeskClient(options, transport=self._transport) as client:
            try:
                run = await client.runs.get(run_id)
            except NotFound:
                return None
            environment, beside = await asyncio.to_thread(self._look_up, run.workflow_id)
            trace = await gather_trace(client, run, beside)
            pictures = await read_pictures(client, trace)
        return render_page(trace, pictures, environment)

    def _look_up(self, workflow_id: str | None) -> tuple[str, Beside]:
        """Return the environment whose state has the workflow, and the local side of its trace."""
        root = find_root(os.curdir) or os.path.realpath(os.curdir)
        read = read_project(root)
        store = open_store("file", root=Path(root), project="", environment="local")
        unknown = Beside(None, store, read.files, root, read.files.folders)
        if read.project is None or read.project.id is None or workflow_id is None:
            return "local", unknown
        for environment in read.project.environments.values():
            if not self._is_served_for(environment, root):
                continue
            try:
                store = open_state_of(environment, root, read.project.id)
                document = usable_document(store, environment)
            except FlowdslError:
                # Unreadable state: the run is shown without places in the source.
                continue
            if document is not None and find_deployed_addresses(document, workflow_id):
                return environment.name, Beside(
                    document, store, read.files, root, read.files.folders
                )
        return "local", unknown

    def _is_served_for(self, environment: Environment, root: str) -> bool:
        if environment.api == EMBEDDED:
            return os.path.realpath(os.path.join(root, EMBEDDED_DATA)) == self._data
        return is_loopback(environment.api) and urlsplit(environment.api).port == self.port
