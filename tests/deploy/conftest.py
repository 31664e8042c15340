from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.deploy_world import World
from tests.deploy.fault_world import FaultWorld
from tests.support.services.memory_store import close_stores
from tests.support.services.state_backends import s3_served


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """A server of buckets in this process, and the environment that leads to it."""
    with s3_served() as environ:
        yield environ


@pytest.fixture(autouse=True)
def closed_worlds() -> Iterator[None]:
    """No world of a test is open when the next one begins."""
    yield
    close_stores()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder beside the one of `world`."""
    return tmp_path_factory.mktemp("folder")


@pytest.fixture
def faulty(tmp_path: Path) -> FaultWorld:
    """A world for faults, with state in a file."""
    return FaultWorld(tmp_path)
