from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.deploy_world import World
from tests.support.services.state_backends import s3_served


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """A server of buckets in this process, and the environment that leads to it."""
    with s3_served() as environ:
        yield environ


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()
