"""The state of an environment: its store and its document."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

from flowdsl.config.address import Address
from flowdsl.config.project import Environment, Project
from flowdsl.state.document import StateDocument, refuse_moved, refuse_other_service
from flowdsl.state.errors import StateError
from flowdsl.state.held import Runtime
from flowdsl.state.stores import StateStore, open_store
from flowdsl.workspace.environments import UnusableProject


def open_state_of(environment: Environment, root: str, project_id: str) -> StateStore:
    """Open the store of an environment; raises `StateError`, `WrongAddress` for its address."""
    return open_store(
        environment.state or "file",
        root=Path(root),
        project=project_id,
        environment=environment.name,
    )


def require_project_id(project: Project) -> str:
    """Return the id of the project, which locates its state; raises `UnusableProject`."""
    if project.id is None:
        raise UnusableProject(
            "the project has no `id`, by which it finds its workflows again; add "
            f'`id = "prj_{token_hex(4)}"` to `[project]`'
        )
    return project.id


def api_base_of(environment: Environment) -> str:
    """Return the address of the service, as recorded in state."""
    return environment.api.rstrip("/")


def usable_document(store: StateStore, environment: Environment) -> StateDocument | None:
    """Return the state of the environment, None if nothing is deployed.

    Raises `StateError` for state that is unusable, that was moved, or that is of another service.
    """
    versioned = store.load()
    if versioned is None:
        return None
    document = versioned.document
    refuse_moved(document, store.url)
    refuse_other_service(document, environment.name, api_base_of(environment))
    return document


def read_known_ids(store: StateStore) -> dict[Address, str]:
    """Return the ids of workflows in state; empty if there is no readable state."""
    try:
        versioned = store.load()
    except StateError:
        return {}
    return {} if versioned is None else versioned.document.workflow_ids()


def system_runtime() -> Runtime:
    """Return the runtime of the real system: its clocks, and random ids."""
    return Runtime(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        new_id=lambda: uuid4().hex,
    )
