"""The state of an environment: its store, and what stands in it."""

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
    """The store of an environment; raises `StateError`, `WrongAddress` for its address."""
    return open_store(
        environment.state or "file",
        root=Path(root),
        project=project_id,
        environment=environment.name,
    )


def require_project_id(project: Project) -> str:
    """The id of the project, by which its state is found; raises `UnusableProject`."""
    if project.id is None:
        raise UnusableProject(
            "the project has no `id`, by which it finds its workflows again; add "
            f'`id = "prj_{token_hex(4)}"` to `[project]`'
        )
    return project.id


def api_base_of(environment: Environment) -> str:
    """The address of the service, as state keeps it."""
    return environment.api.rstrip("/")


def usable_document(store: StateStore, environment: Environment) -> StateDocument | None:
    """What is deployed to the environment, None for nothing; raises `StateError` for state that
    cannot be used, that was moved, or that is of another service.
    """
    versioned = store.load()
    if versioned is None:
        return None
    document = versioned.document
    refuse_moved(document, store.url)
    refuse_other_service(document, environment.name, api_base_of(environment))
    return document


def read_known_ids(store: StateStore) -> dict[Address, str]:
    """The ids of workflows that state knows; none where there is no state that can be read."""
    try:
        versioned = store.load()
    except StateError:
        return {}
    return {} if versioned is None else versioned.document.workflow_ids()


def system_runtime() -> Runtime:
    """The runtime of the real system: its clocks, and random ids."""
    return Runtime(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        new_id=lambda: uuid4().hex,
    )
