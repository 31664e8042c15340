"""Requests that schemathesis generates, pointed at rows that exist."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from schemathesis import Case, Response
from schemathesis.python.asgi import HOST, get_client
from starlette.types import ASGIApp

HOST_NAME = HOST
"""What the generated requests say in `Host`."""

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
CREDENTIAL = {
    "api_key": "sk-1",
    "service_account_json": '{"project_id": "p", "client_email": "c@harbour.test"}',
    "bedrock_auth_mode": "api_key",
    "aws_region": "us-east-1",
}
"""Enough for any slot."""
CONTENT = b64encode(b"paid").decode()
STEP = {"role": "assistant", "content": []}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_KINDS = {
    "target_workflow_id": "other_workflow_id",
    "main_agent_model_id": "model_configuration_id",
    "cache_detection_model_id": "model_configuration_id",
    "fallback_model_1_id": "model_configuration_id",
    "fallback_model_2_id": "model_configuration_id",
    "model": "model_configuration_id",
}

_QUERIES = {
    ("workflows", "path"): "image_path",
    ("workflows", "tag_ids"): "tag_id",
    ("runs", "image_url"): "screenshot",
}
"""What a query names that is no id."""


class World:
    """The organisation of `key` in which a row of a kind is there whenever a request needs one.

    A kind is called as its path parameter is: `pool_id`.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {key}"}
        self._rows: dict[str, str] = {}
        self._named = ""

    def call(self, case: Case) -> Response:
        """The reply to `case`. What it names of ids remains as it is in later cases."""
        case.headers.update(self._headers)
        # Generated keys repeat, and a repeated key repeats the first reply.
        case.headers.pop("Idempotency-Key", None)
        response = case.call()
        self._named += " ".join(_UUID.findall(response.text))
        if case.method in ("DELETE", "PATCH") or case.path.endswith(("/merge", "/archive")):
            # What was deleted, archived or ended is no row that every request may use.
            self._rows.clear()
        return response

    def point(self, case: Case, *, whole: bool = True) -> None:
        """Puts rows that exist in place of ids that no reply has named.

        In the path, or in the `whole` request.
        """
        for name in case.path_parameters:
            case.path_parameters[name] = self._pointed(name, case.path_parameters[name])
        self._prepare(case)
        if not whole:
            return
        for name in case.query:
            kind = _QUERIES.get((case.path.split("/")[2], name))
            value = case.query[name]
            case.query[name] = self._row(kind) if kind else self._pointed(name, value)
        if case.path == "/v1/workflows/prompt-image" and case.method == "POST":
            case.body["file"] = PNG
        elif isinstance(case.body, dict | list):
            kind = "group_id" if "tag-groups" in case.path else "tag_id"
            case.body = self._pointed("ids", case.body, kind)
            if case.path == "/v1/run-attachments" and case.method == "POST":
                case.body |= {"content": CONTENT}

    def _prepare(self, case: Case) -> None:
        """Makes what an operation needs beside the rows in its path, if earlier requests let it."""
        path = case.path
        if path.endswith("/latest-trajectory"):
            self._row("trajectory_id")
        elif path.endswith("/tags/{tag_id}"):
            tagged = {"tag_ids": [self._row("tag_id")]}
            self._reply("POST", f"/v1/workflows/{self._row('workflow_id')}/tags", tagged)
        elif "provider-credentials" in path:
            slot = case.path_parameters.get("slot")
            if case.method == "PUT" and isinstance(case.body, dict):
                case.body |= CREDENTIAL
            else:
                self._reply("PUT", f"/v1/provider-credentials/{slot}", CREDENTIAL)
        elif path == "/v1/runs/bulk" and isinstance(case.body, dict):
            # A thousand runs are right, and slow; so is 1000.0. What a link made may have no count.
            count = case.body.get("count")
            case.body |= {"count": min(count, 5)} if isinstance(count, int | float) else {}

    def _pointed(self, name: str, value: Any, ids: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._pointed(key, item, ids) for key, item in value.items()}
        if isinstance(value, list):
            single = name.removesuffix("s")
            return [self._pointed(ids if name == "ids" else single, item, ids) for item in value]
        kind = _KINDS.get(name, name)
        if kind not in _MAKERS or not isinstance(value, str) or value in self._named:
            return value
        return self._row(kind)

    def _row(self, kind: str) -> str:
        if kind not in self._rows:
            self._rows[kind] = _MAKERS[kind](self)
        return self._rows[kind]

    def _reply(self, method: str, path: str, body: Any) -> Any:
        with get_client(self._app) as client:
            return client.request(method, path, json=body, headers=self._headers)

    def _send(self, method: str, path: str, body: Any) -> Any:
        reply = self._reply(method, path, body)
        assert reply.ok, reply.text
        return reply.json()

    def _make(self, path: str, body: Any) -> str:
        made = self._send("POST", path, body)["id"]
        assert isinstance(made, str)
        return made

    def _image(self) -> str:
        with get_client(self._app) as client:
            files = {"file": ("save.png", PNG)}
            reply = client.post("/v1/workflows/prompt-image", files=files, headers=self._headers)
        assert reply.ok, reply.text
        address = reply.json()["supabase_url"]
        assert isinstance(address, str)
        return address.removeprefix("supabase://workflow-prompt-images/")

    def _screenshot(self) -> str:
        history = self._send("GET", f"/v1/runs/{self._row('run_id')}", None)["run_message_history"]
        found = re.search(r'"image_url": "([^"]+)"', json.dumps(history))
        assert found is not None, history
        return found[1]

    def _named_row(self, path: str, **fields: Any) -> str:
        # Names of tags and groups are unique.
        number = len(self._named)
        self._named += " "
        return self._make(path, {"name": f"row {number}", **fields})


_MAKERS: dict[str, Callable[[World], str]] = {
    "workflow_id": lambda world: world._make("/v1/workflows", {"main_prompt": "1. Click Save."}),
    "other_workflow_id": lambda world: world._make("/v1/workflows", {"main_prompt": "Wait."}),
    "tag_id": lambda world: world._named_row("/v1/workflow-tags"),
    "group_id": lambda world: world._named_row("/v1/workflow-tag-groups"),
    "model_configuration_id": lambda world: world._named_row(
        "/v1/model-configurations", provider="anthropic", model="m-1"
    ),
    "machine_id": lambda world: world._make(
        "/v1/machines", {"fingerprint": "f-1", "unkey_key_id": "k-1"}
    ),
    "pool_id": lambda world: world._named_row("/v1/pools"),
    "connection_id": lambda world: world._make(
        "/v1/connections", {"machine_id": world._row("machine_id"), "websocket_id": "w-1"}
    ),
    "trajectory_id": lambda world: world._make(
        "/v1/trajectories",
        {
            "workflow_id": world._row("workflow_id"),
            "trajectory_data": [STEP],
            "dimensions": {"width": 1024, "height": 768},
        },
    ),
    "run_id": lambda world: world._make("/v1/runs", {"workflow_id": world._row("workflow_id")}),
    "attachment_id": lambda world: world._make(
        "/v1/run-attachments",
        {
            "run_id": world._row("run_id"),
            "filename": "receipt.txt",
            "content": CONTENT,
            "content_type": "text/plain",
            "attachment_type": "input",
        },
    ),
    "image_path": World._image,
    "screenshot": World._screenshot,
}
