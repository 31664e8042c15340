"""What a client can fall into at this contract, and what FlowDSL's client does there.

A row is named by what goes wrong with the official SDK 2.2.69, or by the rule where the SDK is
right; below it stands what holds for `flowdsl.cyberdesk`. `SDK_ALONE` are the rows that have no
counterpart here.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from flowdsl.cyberdesk.client import ClientOptions, CyberdeskClient
from flowdsl.cyberdesk.errors import (
    AuthenticationRefused,
    Conflict,
    CyberdeskError,
    NotFound,
    RateLimited,
    ServiceFailure,
    ServiceUnreachable,
    UnreadableReply,
    ValidationRefused,
)
from flowdsl.cyberdesk.log import Attempt
from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES, RunCreate
from flowdsl.cyberdesk.models.tag import TagPatch
from flowdsl.cyberdesk.models.workflow import WorkflowCreate, WorkflowPatch
from tests.deploy.deploy_world import World, bundle, flow

ID = "00000000-0000-4000-8000-000000000001"
TIME = "2026-01-01T00:00:00Z"
WORKFLOW = {"id": ID, "main_prompt": "Wait.", "updated_at": TIME}
RUN = {"id": ID, "workflow_id": ID, "status": "success", "created_at": TIME}
NEW = WorkflowCreate(main_prompt="Wait.")

READING = {
    "aggregate",
    "download",
    "get",
    "image",
    "latest",
    "list",
    "llm",
    "pools",
    "sign",
    "tags",
    "trajectory",
    "versions",
}
"""How the names of methods begin that change nothing."""

Call = Callable[[CyberdeskClient], Awaitable[Any]]


@dataclass
class Desk:
    """The client, its answers (the last repeated), and what it sent and slept."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def gets(self, *answers: httpx.Response | Exception) -> Desk:
        """A desk of its own that is answered so."""
        return Desk(list(answers))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)

    def client(self, base_url: str = "https://api.cyberdesk.io") -> CyberdeskClient:
        def clock() -> float:
            return 1_700_000_000.0 + sum(self.sleeps)

        return CyberdeskClient(
            ClientOptions(base_url=base_url, api_key="key"),
            transport=httpx.MockTransport(self._answer),
            sleep=self._sleep,
            random=lambda: 0.0,
            clock=clock,
            monotonic=clock,
            listener=self.attempts.append,
        )

    def run(self, call: Call) -> Any:
        async def run() -> Any:
            async with self.client() as client:
                return await call(client)

        return asyncio.run(run())

    def fails(self, call: Call) -> CyberdeskError:
        with pytest.raises(CyberdeskError) as caught:
            self.run(call)
        return caught.value


def create(client: CyberdeskClient) -> Awaitable[Any]:
    return client.workflows.create(NEW, idempotency_key="k-1", once=False)


def delete(client: CyberdeskClient) -> Awaitable[Any]:
    return client.workflows.delete(ID, idempotency_key="k-1")


def read(client: CyberdeskClient) -> Awaitable[Any]:
    return client.workflows.get(ID)


def reply(status: int, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


Check = Callable[[Desk], None]
TRAPS: dict[str, Check] = {}


def trap(row: str) -> Callable[[Check], Check]:
    """Enters a check under the row of the contract that it is about."""

    def enter(check: Check) -> Check:
        assert row not in TRAPS
        TRAPS[row] = check
        return check

    return enter


async def _closed(client: CyberdeskClient, call: Call) -> Any:
    async with client:
        return await call(client)


def methods() -> dict[str, inspect.Signature]:
    """The methods of the client's groups by `group.name`."""
    return {
        f"{group}.{name}": inspect.signature(method)
        for group, resource in vars(Desk().client()).items()
        for name, method in inspect.getmembers(resource, inspect.iscoroutinefunction)
        if not group.startswith("_") and not name.startswith("_")
    }


def writes() -> set[str]:
    """Those of `methods` that change something."""
    return {name for name in methods() if name.partition(".")[2].partition("_")[0] not in READING}


@trap("one retry loop around every request, four attempts in all")
def _(desk: Desk) -> None:
    failing = desk.gets(reply(503))
    assert failing.fails(create).status == 503
    assert len(failing.requests) == 4


@trap("timeouts, lost connections and exactly 408, 429, 500, 502, 503, 504 are tried again")
def _(desk: Desk) -> None:
    for status in range(400, 600):
        answered = desk.gets(reply(status, {"detail": "no"}), reply(201, WORKFLOW))
        if status in {408, 429, 500, 502, 503, 504}:
            assert answered.run(create).id == ID
        else:
            answered.fails(create)
            assert len(answered.requests) == 1, status
    for lost in (
        httpx.ReadTimeout("late"),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
    ):
        assert desk.gets(lost, reply(201, WORKFLOW)).run(create).id == ID


@trap("409 is tried again only with `Idempotency-Status: in_progress`, in any case")
def _(desk: Desk) -> None:
    running = reply(409, {"detail": "runs"}, Idempotency_Status="In_Progress")
    assert desk.gets(running, reply(201, WORKFLOW)).run(create).id == ID
    assert isinstance(desk.gets(reply(409, {"detail": "taken"})).fails(create), Conflict)


@trap("`Retry-After: 3600` waits 8 s and tries again too early")
def _(desk: Desk) -> None:
    limited = desk.gets(reply(429, Retry_After="3600"))
    error = limited.fails(create)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, len(limited.requests)) == (3600.0, 1)
    patient = desk.gets(reply(503, Retry_After="60"), reply(201, WORKFLOW))
    patient.run(create)
    assert sum(patient.sleeps) >= 60


@trap("`Retry-After: 1.5` is ignored")
def _(desk: Desk) -> None:
    limited = desk.gets(reply(503, Retry_After="1.5"), reply(201, WORKFLOW))
    limited.run(create)
    assert sum(limited.sleeps) >= 1.5


@trap("writes are tried again only with an idempotency key, reads always")
def _(desk: Desk) -> None:
    answered = desk.gets(reply(503), reply(200, WORKFLOW))
    answered.run(read)
    assert "Idempotency-Key" not in answered.requests[1].headers
    # The key of a write has no default, so no write is sent without one.
    for name in writes():
        key = methods()[name].parameters["idempotency_key"]
        assert key.default is inspect.Parameter.empty, name


@trap("the last failure is handed over as a value that nobody has to look at")
def _(desk: Desk) -> None:
    assert isinstance(desk.gets(httpx.ReadTimeout("late")).fails(read), ServiceUnreachable)
    assert isinstance(desk.gets(reply(500)).fails(read), ServiceFailure)


@trap("`on_retry` is told of every attempt")
def _(desk: Desk) -> None:
    answered = desk.gets(reply(503), reply(200, WORKFLOW))
    answered.run(read)
    assert [(item.number, item.status) for item in answered.attempts] == [(1, 503), (2, 200)]
    assert answered.attempts[0].repeats_in is not None


@trap("a key per call makes a second run of the same deploy a second workflow")
def _(desk: Desk) -> None:
    answered = desk.gets(reply(503), reply(201, WORKFLOW))
    answered.run(create)
    answered.run(create)
    assert {request.headers["Idempotency-Key"] for request in answered.requests} == {"k-1"}


@trap("the methods of the SDK take no idempotency key")
def _(desk: Desk) -> None:
    keyed = {name for name, method in methods().items() if "idempotency_key" in method.parameters}
    assert keyed == writes()


@trap("the default is no timeout at all")
def _(desk: Desk) -> None:
    timeout = desk.client()._http.timeout.as_dict()
    assert set(timeout) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 60 for seconds in timeout.values())


@trap("redirects are not followed: a trailing slash is an error")
def _(desk: Desk) -> None:
    moved = desk.gets(httpx.Response(307, headers={"Location": "https://elsewhere.test/"}))
    assert isinstance(moved.fails(read), UnreadableReply)
    assert len(moved.requests) == 1


@trap("proxy variables are obeyed, on loopback too")
def _(desk: Desk) -> None:
    assert desk.client()._http.trust_env is True
    assert desk.client("http://127.0.0.1:9/")._http.trust_env is False


@trap("the base URL may have a path or a trailing slash")
def _(desk: Desk) -> None:
    for base in ("http://127.0.0.1:9/prefix", "http://127.0.0.1:9/prefix/"):
        answered = desk.gets(reply(200, WORKFLOW))
        asyncio.run(_closed(answered.client(base), read))
        assert answered.requests[0].url.path == f"/prefix/v1/workflows/{ID}"


@trap("`close` leaves the asynchronous half open, and there is no `async with`")
def _(desk: Desk) -> None:
    client = desk.gets(reply(200, WORKFLOW)).client()
    asyncio.run(_closed(client, read))
    assert client._http.is_closed


@trap("422 with a list leaves `error` empty and the refusal in `data`")
def _(desk: Desk) -> None:
    detail = [{"loc": ["body", "name"], "msg": "too long", "type": "string_too_long"}]
    error = desk.gets(reply(422, {"detail": detail})).fails(create)
    assert isinstance(error, ValidationRefused)
    assert error.server_message == "body.name: too long"


@trap("422 on a deletion is reported as done")
def _(desk: Desk) -> None:
    assert isinstance(desk.gets(reply(422, {"detail": []})).fails(delete), ValidationRefused)
    assert desk.gets(httpx.Response(204)).run(delete) is True


@trap("422 with a text or an object loses the message of the service")
def _(desk: Desk) -> None:
    for detail in ("inputs are missing", {"message": "inputs are missing"}):
        error = desk.gets(reply(422, {"detail": detail})).fails(create)
        assert "inputs are missing" in str(error)


@trap("every undocumented status is one kind of error")
def _(desk: Desk) -> None:
    kinds = {401: AuthenticationRefused, 404: NotFound, 409: Conflict, 429: RateLimited}
    for status, kind in kinds.items():
        error = desk.gets(reply(status, {"detail": "no"}, Retry_After="0")).fails(read)
        assert (type(error), error.status) == (kind, status)


@trap("200 where 201 is documented is an error; where 204 is, too")
def _(desk: Desk) -> None:
    # What a creation answers is read whatever the 2xx; a deletion is believed on 204 alone.
    assert desk.gets(reply(200, WORKFLOW)).run(create).id == ID
    assert isinstance(desk.gets(reply(200, {"ok": True})).fails(delete), UnreadableReply)


@trap("a status Python does not know loses its body")
def _(desk: Desk) -> None:
    error = desk.gets(reply(520, {"detail": "the origin is gone"})).fails(read)
    assert isinstance(error, ServiceFailure)
    assert (error.status, error.server_message) == (520, "the origin is gone")


@trap("a required field that is missing in a reply is a `KeyError`")
def _(desk: Desk) -> None:
    assert desk.gets(reply(200, WORKFLOW)).run(read).organization_id is None
    error = desk.gets(reply(200, {"main_prompt": "Wait."})).fails(read)
    assert isinstance(error, UnreadableReply)
    assert "`id`" in str(error)


@trap("one run of an unknown status makes the whole list unreadable")
def _(desk: Desk) -> None:
    page = {"items": [RUN, {**RUN, "status": "paused"}], "total": 2, "skip": 0, "limit": 100}
    runs = desk.gets(reply(200, page)).run(lambda client: client.runs.list())
    assert [run.status for run in runs.items] == ["success", "paused"]


@trap("an unknown type of one check leaves all checks as raw dictionaries")
def _(desk: Desk) -> None:
    checks = [{"id": ID, "name": "receipt", "type": "spell_check"}]
    workflow = desk.gets(reply(200, {**WORKFLOW, "post_run_checks": checks})).run(read)
    assert [check.type for check in workflow.post_run_checks] == ["spell_check"]


@trap("a bad UUID sends nothing")
def _(desk: Desk) -> None:
    unsent = desk.gets(reply(200, WORKFLOW))
    error = unsent.fails(lambda client: client.workflows.get("../tags"))
    assert isinstance(error, ValidationRefused)
    assert unsent.requests == []


@trap("errors carry no status, headers or request id")
def _(desk: Desk) -> None:
    error = desk.gets(reply(404, {"detail": "gone"}, X_Request_ID="r-17")).fails(read)
    assert (error.status, error.request_id) == (404, "r-17")


@trap("`runs.list` drops `skip` and `limit` of the page")
def _(desk: Desk) -> None:
    page = {"items": [], "total": 9, "skip": 5, "limit": 3}
    runs = desk.gets(reply(200, page)).run(lambda client: client.runs.list(skip=5, limit=3))
    assert runs.total == 9
    assert runs.model_dump(exclude={"items"})["skip"] == 5


@trap("versions, single connections and health are generated but not wrapped")
def _(desk: Desk) -> None:
    client = desk.client()
    assert client.workflows.versions
    assert client.connections.get
    assert client.health
    assert client.health_machines


@trap("`update` of tags and groups cannot clear a field")
def _(desk: Desk) -> None:
    answered = desk.gets(reply(200, {"id": ID, "name": "dev"}))
    patch = TagPatch(description=None, group_id=None)
    answered.run(lambda client: client.tags.update(ID, patch, idempotency_key="k-1"))
    assert answered.requests[0].content == b'{"description":null,"group_id":null}'


@trap("models send their class defaults")
def _(desk: Desk) -> None:
    assert RunCreate(workflow_id=ID).to_wire() == {"workflow_id": ID}
    assert WorkflowPatch(name="Ledger").to_wire() == {"name": "Ledger"}
    # On creation both booleans are sent on purpose: what is deployed is then said in full.
    assert NEW.to_wire() == {
        "main_prompt": "Wait.",
        "includes_file_exports": False,
        "is_webhooks_enabled": False,
    }


@trap("plain dictionaries fail as checks and pass unread as values")
def _(desk: Desk) -> None:
    check = {"name": "receipt", "type": "run_attachment_exists"}
    made = WorkflowCreate.model_validate({"main_prompt": "Wait.", "post_run_checks": [check]})
    assert made.to_wire()["post_run_checks"] == [{**check, "allow_missing_attachments": False}]
    with pytest.raises(ValidationError):
        WorkflowCreate.model_validate({"main_prompt": "Wait.", "model_metadata": {"model": ID}})


@trap("an absent field reads as a third value that is falsy but not null")
def _(desk: Desk) -> None:
    workflow = desk.gets(reply(200, {**WORKFLOW, "name": None})).run(read)
    assert (workflow.name, workflow.input_schema) == (None, None)
    assert workflow.model_fields_set >= {"name"}
    assert "input_schema" not in workflow.model_fields_set


@trap("the README names fields that do not exist, and the service drops them")
def _(desk: Desk) -> None:
    for body in ({"description": "x"}, {"nmae": "x"}):
        with pytest.raises(ValidationError):
            WorkflowPatch.model_validate(body)


@trap("the poll loop of the README stops early on `running_checks`")
def _(desk: Desk) -> None:
    assert {"success", "task_failed", "error", "cancelled"} == TERMINAL_STATUSES


SDK_ALONE = {
    "a key that depends on the content alone replays the first reply": (
        "the client makes no keys; `test_going_back_to_an_earlier_content` shows the deployer's"
    ),
    (
        "wrappers for request logs, provider credentials, computer, costs and Cyberdriver are "
        "missing"
    ): ("FlowDSL has no use for them"),
    "`idempotency_enabled=False` sends writes once": "keys cannot be switched off",
    "`workflows.list` always sends `include_tags=false`": "the legacy parameter is not offered",
    "`MachineCreate`, `ConnectionCreate` and `TrajectoryCreate` of the README lack fields": (
        "those are examples of the SDK's documentation"
    ),
}


@pytest.mark.parametrize("row", TRAPS)
def test_trap(row: str) -> None:
    TRAPS[row](Desk())


def test_going_back_to_an_earlier_content(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        for prompt in ("One.", "Two.", "One."):
            world.deploy(bundle(flow("ledger", prompt)))
            assert world.workflow("Ledger").main_prompt == prompt
    finally:
        world.close()


def test_no_row_is_both_here_and_not() -> None:
    assert SDK_ALONE.keys().isdisjoint(TRAPS)
