from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import STANDSTILL, Desk
from tests.support.services.memory_store import MemoryStore, app_over, share_statements

share_statements()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store in memory whose clock stands still: order must come from the store itself."""
    with Store.open(None, clock=lambda: STANDSTILL) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_desk(store: Store) -> Iterator[Desk]:
    """For property tests, which need no empty store."""
    with Desk(create_app(store)) as desk:
        yield desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with MemoryStore(lambda: STANDSTILL) as opened, Desk(app_over(opened)) as client:
        yield client
