"""The embedded emulator of a project, as somebody else fills and reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store


class Service:
    """Workflows in the data file of an embedded emulator."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".flowdsl/emulator.sqlite"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, bodies: Sequence[dict[str, Any]], *tags: str) -> list[str]:
        """The ids of new workflows with these tags; those that the service refuses are left out."""
        with Store.open(self.path) as store:
            client = Client(store)
            known = {tag["name"]: tag["id"] for tag in client("GET", "workflow-tags").json()}
            for tag in tags:
                if tag not in known:
                    made = client("POST", "workflow-tags", json={"name": tag})
                    known[tag] = made.json()["id"]
            ids = []
            for body in bodies:
                reply = client("POST", "workflows", json=body)
                if reply.status_code == 201:
                    ids.append(reply.json()["id"])
                    if tags:
                        tag_ids = {"tag_ids": [known[tag] for tag in tags]}
                        client("POST", f"workflows/{ids[-1]}/tags", json=tag_ids)
            return ids

    def replies(self) -> dict[str, dict[str, Any]]:
        """Every workflow as a GET gives it, by id."""
        with Store.open(self.path) as store:
            client = Client(store)
            page = client("GET", "workflows", params={"limit": 1000}).json()
            return {
                row["id"]: client("GET", f"workflows/{row['id']}").json() for row in page["items"]
            }


class Client:
    """Calls the application over a store, one request after the other."""

    def __init__(self, store: Store) -> None:
        self._app = create_app(store)

    def __call__(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            headers = {"Authorization": "Bearer local"}
            url = "http://localhost"
            async with httpx.AsyncClient(
                transport=transport, base_url=url, headers=headers
            ) as http:
                return await http.request(method, f"/v1/{path}", **given)

        return asyncio.run(call())
