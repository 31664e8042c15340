"""A synchronous client of an emulator in this process, and the values the tests share."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.types import ASGIApp

from flowdsl.emulator.embedded import EMBEDDED_BASE_URL

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
MODEL_ID = "5f0c9d5e-3b4e-4c1b-9a55-0d7c1f6f0001"
"""The default of the service that drives a desktop."""
EXTRACTION_ID = "5f0c9d5e-3b4e-4c1b-9a55-0d7c1f6f0002"
"""A default of the service that drives none."""
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
STANDSTILL = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Desk:
    """Sends requests as one API key; each call runs to its end on an event loop of its own."""

    def __init__(self, app: ASGIApp, key: str | None = "test-key") -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=EMBEDDED_BASE_URL, headers=headers
        )
        self._runner = asyncio.Runner()

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **options))

    def ok(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON of a reply that must have `status`; None for an empty body."""
        reply = self.send(method, path, **options)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    def workflow(self, **values: Any) -> Any:
        body = {"main_prompt": "Open the ledger.", **values}
        return self.ok("POST", "/v1/workflows", 201, json=body)

    def tag(self, name: str, **values: Any) -> Any:
        return self.ok("POST", "/v1/workflow-tags", 201, json={"name": name, **values})

    def machine(self, **values: Any) -> Any:
        body = {"fingerprint": "f", "unkey_key_id": "k", **values}
        return self.ok("POST", "/v1/machines", 201, json=body)

    def pool(self, name: str = "front desk", *machines: Any, **values: Any) -> Any:
        """A pool with these machines in it."""
        made = self.ok("POST", "/v1/pools", 201, json={"name": name, **values})
        if machines:
            body = {"machine_ids": [machine["id"] for machine in machines]}
            self.ok("POST", f"/v1/pools/{made['id']}/machines", json=body)
        return made

    def trajectory(self, workflow: Any, **values: Any) -> Any:
        body = {
            "workflow_id": workflow["id"],
            "trajectory_data": [{"func_name": "click", "args": [1, 2]}],
            "dimensions": {"width": 1024, "height": 768},
            **values,
        }
        return self.ok("POST", "/v1/trajectories", 201, json=body)

    def get(self, workflow: Any) -> Any:
        return self.ok("GET", f"/v1/workflows/{workflow['id']}")

    def patch(self, workflow: Any, status: int = 200, **changes: Any) -> Any:
        return self.ok("PATCH", f"/v1/workflows/{workflow['id']}", status, json=changes)

    def ids(self, query: str = "") -> list[str]:
        return [item["id"] for item in self.ok("GET", f"/v1/workflows{query}")["items"]]


def check(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "type": "run_attachment_exists", **values}
