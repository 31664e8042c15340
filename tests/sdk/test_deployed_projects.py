"""What `flowdsl deploy` sends to the emulator, as the official SDK reads it back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowdsl.codegen.artifacts import ImageRef, ModelAlias, ModelName, Template
from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.sdk.conftest import connected
from tests.support.command_line import Result, run_here
from tests.support.flows.compiling import EXAMPLES, compile_folder
from tests.support.services.served import running

KEY = "sk-test-canary-8141"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))
SERVED = """
[env.served]
api = "{url}"
api_key = {{ env = "FLOWDSL_TEST_KEY" }}
vars = {vars}
[env.served.models]
careful = "Emulator Computer Use"
fast-vision = "Emulator Computer Use"
backup = "Emulator Computer Use"
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """The URL of an emulator for all projects."""
    with Store.open(None) as store, running(create_app(store)) as url:
        yield url


@pytest.fixture(scope="module", params=PROJECTS)
def deployed(
    request: pytest.FixtureRequest, emulator: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A copy of an example that was deployed to the emulator once."""
    folder = tmp_path_factory.mktemp("project") / request.param
    shutil.copytree(EXAMPLES / request.param, folder, ignore=shutil.ignore_patterns(".flowdsl"))
    project = folder / "flowdsl.toml"
    variables = re.search(r"vars = (\{.*\})", project.read_text())
    served = SERVED.format(url=emulator, vars=variables[1] if variables else "{}")
    project.write_text(project.read_text() + served)
    result = _deploy(folder)
    assert result.code == 0, result.err
    return folder


def _deploy(folder: Path) -> Result:
    return run_here(
        folder,
        *("deploy", "--env", "served", "--yes"),
        FLOWDSL_TEST_KEY=KEY,
        NO_PROXY="127.0.0.1",
    )


def test_the_sdk_reads_back_what_was_deployed(emulator: str, deployed: Path) -> None:
    bundle = compile_folder(deployed, "served").bundle
    assert bundle is not None
    with connected(emulator, use_async=False) as sdk:
        images = {
            image.filename: image.supabase_url for image in sdk("workflows", "list_prompt_images")
        }
        models = {model.name: str(model.id) for model in sdk("model_configurations", "list")}
        model_id = models["Emulator Computer Use"]
        ids = json.loads((deployed / ".flowdsl/state/served.json").read_text())["resources"]
        for artifact in bundle.workflows:
            live = sdk("workflows", "get", ids[f"workflow.{artifact.name}"]["id"])
            payload = artifact.payload
            assert live.name == artifact.title
            assert live.main_prompt == _rendered(payload["main_prompt"], images)
            marked = json.loads(live.input_schema)
            assert marked.pop("$comment").startswith("flowdsl:prj_")
            assert marked == json.loads(payload["input_schema"])
            assert json.loads(live.output_schema) == json.loads(payload["output_schema"])
            assert live.terminal_command_allowlist == payload["terminal_command_allowlist"]
            assert live.is_webhooks_enabled == payload["is_webhooks_enabled"]
            assert sorted(tag.name for tag in live.tags) == list(artifact.tags)
            wanted = [_check(check, model_id) for check in payload["post_run_checks"]]
            read = [check.to_dict() for check in live.post_run_checks]
            assert [_only(check, want) for check, want in zip(read, wanted, strict=True)] == wanted


def test_a_second_deploy_has_nothing_to_do(deployed: Path) -> None:
    before = (deployed / ".flowdsl/state/served.json").read_bytes()
    result = _deploy(deployed)
    assert result.code == 0
    assert "nothing to do" in result.err
    assert (deployed / ".flowdsl/state/served.json").read_bytes() == before


def test_the_key_is_nowhere_in_the_project(deployed: Path) -> None:
    for path in deployed.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def _rendered(template: Template, images: dict[str, str]) -> str:
    def resolve(part: ModelName | ImageRef) -> str:
        if isinstance(part, ModelName):
            return "Emulator Computer Use"
        return images[f"flowdsl-{part.sha256}.{part.extension}"]

    return template.render(resolve)


def _check(check: dict[str, Any], model_id: str) -> dict[str, Any]:
    return {
        key: model_id if isinstance(value, ModelAlias) else value for key, value in check.items()
    }


def _only(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {key: found.get(key) for key in wanted}
