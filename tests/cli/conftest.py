from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.services.served import Server, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Cyberdesk of its own, served on a free port."""
    with Store.open(tmp_path / "emulator.sqlite") as store:
        server = Server(create_app(store))
        with serving(server):
            yield server
