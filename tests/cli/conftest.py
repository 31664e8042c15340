from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.services.served import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Cyberdesk of its own, served on a free port."""
    # Tests that serve nothing do not wait for these imports.
    from flowdsl.emulator.app import create_app
    from flowdsl.emulator.store import Store
    from tests.support.services.served import Server, serving

    with Store.open(tmp_path / "emulator.sqlite") as store:
        server = Server(create_app(store))
        with serving(server):
            yield server
