"""Keys, organisations, hosts, strictness, and what every reply carries."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.faults import Fault, RecordedRequest
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import PNG, UNKNOWN_ID, Desk, check

OPEN_PATHS = ["/", "/health", "/health/live", "/health/ready", "/health/db", "/v1/health"]
OPEN_PATHS += ["/v1/health/db"]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "test-key"])
def test_requests_without_a_bearer_key_are_401(store: Store, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with Desk(create_app(store), key=None) as desk:
        routes: list[tuple[str, str]] = [
            ("GET", "/v1/workflows"),
            ("POST", "/v1/workflows"),
            ("DELETE", "/v1/workflows/no-uuid"),
            ("GET", "/v1/model-configurations"),
        ]
        for method, path in routes:
            reply = desk.send(method, path, headers=headers)
            assert reply.status_code == 401, path
            assert isinstance(reply.json()["detail"], str)
            assert reply.headers["WWW-Authenticate"] == "Bearer"
        for path in OPEN_PATHS:
            assert desk.send("GET", path, headers=headers).status_code == 200


def test_any_key_selects_one_organisation_where_none_are_configured(store: Store) -> None:
    app = create_app(store)
    with Desk(app, "one") as first, Desk(app, "two") as second:
        made = first.workflow()
        assert second.get(made)["organization_id"] == "org_local"


def test_organisations_do_not_see_each_other(store: Store) -> None:
    app = create_app(store, keys={"a": "org_a", "a2": "org_a", "b": "org_b"})
    with Desk(app, "a") as mine, Desk(app, "a2") as same, Desk(app, "b") as other:
        workflow = mine.workflow(post_run_checks=[check("receipt")])
        tag = mine.tag("red")
        group = mine.ok("POST", "/v1/workflow-tag-groups", 201, json={"name": "env"})
        body = {"name": "n", "provider": "p", "model": "m"}
        model = mine.ok("POST", "/v1/model-configurations", 201, json=body)
        image = mine.ok("POST", "/v1/workflows/prompt-image", 201, files={"file": ("a.png", PNG)})
        path = image["supabase_url"].removeprefix("supabase://workflow-prompt-images/")
        assert same.get(workflow)["organization_id"] == "org_a"

        own_workflow, own_tag = other.workflow(), other.tag("red")
        refused: list[tuple[str, str, Any]] = [
            ("GET", f"/v1/workflows/{workflow['id']}", None),
            ("PATCH", f"/v1/workflows/{workflow['id']}", {}),
            ("DELETE", f"/v1/workflows/{workflow['id']}", None),
            ("GET", f"/v1/workflows/{workflow['id']}/versions", None),
            ("GET", f"/v1/workflows/{workflow['id']}/tags", None),
            ("POST", f"/v1/workflows/{workflow['id']}/tags", {"tag_ids": [own_tag["id"]]}),
            ("POST", f"/v1/workflows/{own_workflow['id']}/tags", {"tag_ids": [tag["id"]]}),
            ("POST", f"/v1/workflows/{workflow['id']}/duplicate", {}),
            (
                "POST",
                f"/v1/workflows/{own_workflow['id']}/merge",
                {"target_workflow_id": workflow["id"]},
            ),
            (
                "POST",
                f"/v1/workflows/{workflow['id']}/merge",
                {"target_workflow_id": own_workflow["id"]},
            ),
            ("GET", f"/v1/workflow-tags/{tag['id']}", None),
            ("PATCH", f"/v1/workflow-tags/{own_tag['id']}", {"group_id": group["id"]}),
            ("DELETE", f"/v1/workflow-tags/{tag['id']}", None),
            ("POST", f"/v1/workflow-tags/{tag['id']}/archive", None),
            ("PUT", "/v1/workflow-tags/reorder", {"ids": [tag["id"]]}),
            ("GET", f"/v1/workflow-tag-groups/{group['id']}", None),
            ("DELETE", f"/v1/workflow-tag-groups/{group['id']}", None),
            ("GET", f"/v1/model-configurations/{model['id']}", None),
            ("PATCH", f"/v1/model-configurations/{model['id']}", {}),
            ("GET", f"/v1/workflows/prompt-image/signed-url?path={path}", None),
            ("DELETE", f"/v1/workflows/prompt-image?path={path}", None),
        ]
        for method, where, body in refused:
            reply = other.send(method, where, **({} if body is None else {"json": body}))
            assert reply.status_code == 404, (method, where, reply.text)
        assert other.ids() == [own_workflow["id"]]
        assert other.ids(f"?search={workflow['id']}") == []
        assert other.ids(f"?tag_ids={tag['id']}") == []
        assert [row["workflow_count"] for row in other.ok("GET", "/v1/workflow-tags")] == [0]
        assert other.ok("GET", "/v1/workflow-tag-groups") == []
        assert other.ok("GET", "/v1/workflows/prompt-images") == []
        assert model not in other.ok("GET", "/v1/model-configurations")
        foreign = workflow["post_run_checks"][0]["id"]
        other.patch(own_workflow, 422, post_run_checks=[check("stolen", id=foreign)])
        prompt = f'<img src="{image["supabase_url"]}">'
        borrowed = other.workflow(main_prompt=prompt)
        copy = other.ok("POST", f"/v1/workflows/{borrowed['id']}/duplicate", 201)
        assert copy["main_prompt"] == prompt
        assert mine.get(workflow) == {**workflow, "included": None}
    with Desk(app, "c") as stranger:
        assert stranger.send("GET", "/v1/workflows").status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:1", 200),
        ("127.8.9.10", 200),
        ("[::1]:8080", 200),
        ("desk.localhost", 200),
        ("desk.internal.test:80", 200),
        ("evil.test", 400),
        ("localhost.evil.test", 400),
        ("127.0.0.1.evil.test", 400),
        ("192.168.0.7", 400),
        ("0.0.0.0", 400),
        ("", 400),
    ],
)
def test_only_this_machine_and_named_hosts_are_served(store: Store, host: str, status: int) -> None:
    app = create_app(store, allowed_hosts=["Desk.Internal.test"])
    with Desk(app) as desk:
        for path in ("/v1/workflows", "/v1/health"):
            reply = desk.send("GET", path, headers={"Host": host})
            assert reply.status_code == status
            assert reply.headers["X-Request-Id"]


def test_a_refused_host_uses_up_no_fault_and_is_not_recorded(store: Store) -> None:
    requests: deque[RecordedRequest] = deque()
    fault = Fault("GET /v1/workflows", 1, "status")
    app = create_app(store, scenario=Scenario(faults=(fault,)), requests=requests)
    with Desk(app) as desk:
        for host in ("evil.test", "localhost.evil.test"):
            reply = desk.send("GET", "/v1/workflows", headers={"Host": host})
            assert reply.status_code == 400
        assert not requests
        statuses = [desk.send("GET", "/v1/workflows").status_code for _ in range(2)]
        assert statuses == [503, 200]
        assert len(requests) == 2


@pytest.mark.parametrize("hosts", [("localhost", "evil.test"), ("evil.test", "localhost")])
def test_no_second_host_is_hidden_behind_a_first(store: Store, hosts: tuple[str, str]) -> None:
    with Desk(create_app(store)) as desk:
        headers = [("Host", host) for host in hosts]
        assert desk.send("GET", "/v1/workflows", headers=headers).status_code == 400


def test_no_other_origin_is_allowed(desk: Desk) -> None:
    headers = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    reply = desk.send("OPTIONS", "/v1/workflows", headers=headers)
    assert reply.status_code == 405
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_every_reply_has_its_own_request_id(desk: Desk) -> None:
    replies = [
        desk.send("GET", "/v1/workflows"),
        desk.send("GET", "/v1/workflows", headers={"Authorization": ""}),
        desk.send("GET", "/nowhere"),
        desk.send("GET", f"/v1/workflows/{UNKNOWN_ID}"),
        desk.send("POST", "/v1/workflows", json={}),
        desk.send("DELETE", "/v1/workflows"),
    ]
    assert [reply.status_code for reply in replies] == [200, 401, 404, 404, 422, 405]
    assert len({reply.headers["X-Request-Id"] for reply in replies}) == len(replies)
    assert all("detail" in reply.json() for reply in replies[1:])


def test_a_failure_of_the_emulator_is_a_plain_500_with_a_request_id() -> None:
    store = Store.open(None)
    app = create_app(store)

    def broken() -> Any:
        raise RuntimeError("secret inside")

    store.clock = broken
    import asyncio

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/v1/workflows", headers={"Authorization": "Bearer k"})

    reply = asyncio.run(ask())
    store.close()
    assert (reply.status_code, reply.json()) == (500, {"detail": "internal error of the emulator"})
    assert reply.headers["X-Request-Id"]


def test_trailing_slashes_are_not_redirected(desk: Desk) -> None:
    assert desk.send("GET", "/v1/workflows/").status_code == 404


UNKNOWN_KEYS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/workflows", {"main_prompt": "p", "descripton": "x"}),
    (
        "POST",
        "/v1/workflows",
        {"main_prompt": "p", "post_run_checks": [check("c", file_name="x")]},
    ),
    ("POST", "/v1/workflows", {"main_prompt": "p", "model_metadata": {"main_agent": None}}),
    ("POST", "/v1/workflow-tags", {"name": "t", "colour": "red"}),
    ("POST", "/v1/workflow-tag-groups", {"name": "g", "colour": "red"}),
    ("GET", "/v1/workflows?tags=x", None),
]


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN_KEYS)
def test_unknown_keys_are_dropped_unless_strict(
    store: Store, method: str, path: str, body: Any
) -> None:
    options = {} if body is None else {"json": body}
    with Desk(create_app(store, strict=True)) as strict:
        reply = strict.send(method, path, **options)
        assert reply.status_code == 422
        assert reply.json()["detail"][0]["type"] == "extra_forbidden"
        strict.workflow(post_run_checks=[check("c")], model_metadata={})
        strict.ok("GET", "/v1/workflows?include_tags=false&limit=5")
    with Desk(create_app(store)) as lenient:
        assert lenient.send(method, path, **options).status_code in (200, 201)
