"""What is imported and deployed at once is not written to: the service has it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowdsl.cyberdesk.models.workflow import WORKFLOW_READ_ONLY
from flowdsl.emulator.store import Store
from tests.support.command_line import LOCAL_PROJECT, run_here, write_tree
from tests.support.effort import THOROUGH
from tests.support.flows.decompile.payloads import Payload, corpus
from tests.support.services.embedded_service import Client, Service

NOT_DEPLOYED = frozenset(("checks_same_name", "input_schema_not_json"))
"""Of two checks of one name, and with a schema that is no JSON: refused."""


class _Models:
    """Gives payloads model configurations of the emulator in place of ids of elsewhere."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def __call__(self, named: str) -> str:
        if named.lower() not in self._ids:
            body = {"name": named, "provider": "x", "model": "y", "is_computer_use_model": True}
            reply = self._client("POST", "model-configurations", json=body)
            self._ids[named.lower()] = reply.json()["id"]
        return self._ids[named.lower()]


def _taken(body: Payload, model: _Models) -> Payload:
    """A payload as the emulator takes it.

    With models and checks of its own, and without kinds of checks that it does not know.
    """
    taken = {key: value for key, value in body.items() if key not in WORKFLOW_READ_ONLY}
    if models := body.get("model_metadata"):
        taken["model_metadata"] = {
            key: model(value) if key.endswith("_id") and isinstance(value, str) else value
            for key, value in models.items()
        }
    if checks := body.get("post_run_checks"):
        taken["post_run_checks"] = [
            {
                key: model(value) if key == "model" and value else value
                for key, value in check.items()
                if key != "id"
            }
            for check in checks
            if check["type"] != "human_review" and check.get("file_target_mode") != "glob"
        ]
    return taken


def _tag_names(body: Payload) -> list[str]:
    return [tag if isinstance(tag, str) else tag["name"] for tag in body.get("tags") or ()]


def _payloads() -> dict[str, Payload]:
    """The corpus; a quick run takes every fourth payload."""
    every = {name: body for name, body in corpus().items() if name not in NOT_DEPLOYED}
    return every if THOROUGH else dict(list(every.items())[::12])


def _filled(service: Service) -> None:
    """Bring the payloads into a service."""
    with Store.open(service.path) as store:
        client = Client(store)
        model = _Models(client)
        tags: dict[str, str] = {}
        for name, body in _payloads().items():
            created = client("POST", "workflows", json=_taken(body, model))
            assert created.status_code == 201, (name, created.text)
            for tag in _tag_names(body):
                if tag not in tags:
                    tags[tag] = client("POST", "workflow-tags", json={"name": tag}).json()["id"]
                path = f"workflows/{created.json()['id']}/tags"
                assert client("POST", path, json={"tag_ids": [tags[tag]]}).status_code < 300


def _replies(service: Service) -> dict[str, Any]:
    """Every workflow as a GET gives it; the times of changes and the versions tell of any write."""
    replies = service.replies()
    assert len(replies) == len(_payloads())
    return replies


def test_a_deploy_after_an_import_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "desk"
    write_tree(root, {"flowdsl.toml": LOCAL_PROJECT})
    service = Service(root)
    _filled(service)
    before = _replies(service)

    imported = run_here(root, "import", "--all")
    assert imported.code == 0, imported.err
    for said in (
        f"deployed to local: {len(before)} adopted\n",
        f"nothing to do: {len(before)} workflows up to date in local\n",
    ):
        deployed = run_here(root, "deploy", "--yes", CI="")
        assert deployed.code == 0, deployed.err
        assert deployed.err.endswith(said)
        assert _replies(service) == before
