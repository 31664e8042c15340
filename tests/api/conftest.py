from __future__ import annotations

import shutil
from pathlib import Path

import pytest

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
