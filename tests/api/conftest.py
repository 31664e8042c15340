from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdsl import api
from tests.api.api_desk import ApiDesk, deploy


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("api")
    deploy(root)
    return root


@pytest.fixture
def desk(tmp_path: Path, deployed: Path, monkeypatch: pytest.MonkeyPatch) -> ApiDesk:
    shutil.copytree(deployed, tmp_path, dirs_exist_ok=True)
    return ApiDesk(tmp_path, monkeypatch)


@pytest.fixture
def project(desk: ApiDesk) -> Iterator[api.Project]:
    with api.open_project(desk.root) as project:
        yield project
