"""What a client can fall into at this contract, and what FlowDSL's client does there.

A row is named by what goes wrong with the official SDK 2.2.69, or by the rule where the SDK is
right. A test of this file says what holds for `flowdsl.cyberdesk`, or `PROVED_ELSEWHERE` names the
test that does. `SDK_ALONE` are the rows that have no counterpart here.
"""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import httpx

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from tests.deploy.deploy_world import World, bundle, flow

ID = "00000000-0000-4000-8000-000000000001"

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

PROVED_ELSEWHERE = {
    "test_api_transport": {
        "test_retries_are_counted_and_the_last_error_is_raised": (
            "one retry loop around every request",
            "the last failure is handed over as a value that nobody has to look at",
        ),
        "test_exactly_these_statuses_are_tried_again": (
            "exactly 408, 429, 500, 502, 503, 504 are tried again",
        ),
        "test_lost_connections_are_tried_again": ("timeouts and lost connections, too",),
        "test_a_conflict_is_tried_again_only_while_the_first_attempt_runs": (
            "409 is tried again only with `Idempotency-Status: in_progress`, in any case",
        ),
        "test_beyond_the_ceiling_nothing_is_sent_too_early": (
            "`Retry-After: 3600` waits 8 s and tries again too early",
        ),
        "test_retry_after": ("`Retry-After: 1.5` is ignored",),
        "test_a_write_without_a_key_is_sent_once": (
            "writes are tried again only with an idempotency key, reads always",
        ),
        "test_a_write_repeats_its_bytes_and_its_key": (
            "a key per call makes a second run of the same deploy a second workflow",
        ),
        "test_redirects_are_not_followed": (
            "redirects are not followed: a trailing slash is an error",
        ),
        "test_an_id_cannot_leave_its_place_in_the_path": ("a bad UUID sends nothing",),
    },
    "test_api_log": {
        "test_every_attempt_is_one_line_with_the_reason_of_the_next": (
            "`on_retry` is told of every attempt",
        ),
    },
    "test_api_client": {
        "test_proxies_are_obeyed_except_for_loopback": (
            "proxy variables are obeyed, on loopback too",
        ),
        "test_a_path_in_the_address_is_kept": ("the base URL may have a path or a trailing slash",),
        "test_only_204_and_a_json_404_end_a_deletion_well": (
            "422 on a deletion is reported as done",
            "another 2xx where 204 is documented is an error",
        ),
    },
    "test_api_errors": {
        "test_the_three_shapes_of_detail": (
            "422 with a list leaves `error` empty and the refusal in `data`",
            "422 with a text or an object loses the message of the service",
        ),
        "test_the_class_follows_the_status": (
            "every undocumented status is one kind of error",
            "a status Python does not know loses its body",
            "errors carry no status, headers or request id",
        ),
        "test_bodies_that_are_not_of_this_api": (
            "a required field that is missing in a reply is a `KeyError`",
        ),
    },
    "test_api_resources": {
        "test_a_method_keeps_to_the_contract": (
            "versions, single connections and health are generated but not wrapped",
        ),
    },
    "test_wire_models": {
        "test_one_run_of_a_new_status_leaves_the_list_readable": (
            "one run of an unknown status makes the whole list unreadable",
        ),
        "test_a_reply_from_a_newer_or_older_service_is_readable": (
            "an unknown type of one check leaves all checks as raw dictionaries",
            "an absent field reads as a third value that is falsy but not null",
        ),
        "test_absent_and_null_differ_in_every_patch": (
            "`update` of tags and groups cannot clear a field",
        ),
        "test_a_patch_sends_what_was_set_and_nothing_else": ("models send their class defaults",),
        "test_a_request_refuses_what_the_service_would_drop_or_misread": (
            "plain dictionaries fail as checks and pass unread as values",
            "the README names fields that do not exist, and the service drops them",
        ),
        "test_a_run_is_live_until_it_is_known_to_have_ended": (
            "the poll loop of the README stops early on `running_checks`",
        ),
    },
}
"""The rows that a test below `tests/unit/cyberdesk` proves, by its module and name."""

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


def client(body: object = None) -> CyberdeskClient:
    """A client that is answered 200 with `body`."""
    return CyberdeskClient(
        ClientOptions(base_url="https://api.cyberdesk.io", api_key="key"),
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, json=body)),
    )


def methods() -> dict[str, inspect.Signature]:
    """The methods of the client's groups by `group.name`."""
    return {
        f"{group}.{name}": inspect.signature(method)
        for group, resource in vars(client()).items()
        for name, method in inspect.getmembers(resource, inspect.iscoroutinefunction)
        if not group.startswith("_") and not name.startswith("_")
    }


def test_the_methods_of_the_sdk_take_no_idempotency_key() -> None:
    """The key of a write has no default here, so that no write is sent without one."""
    writes = {name for name in methods() if name.partition(".")[2].partition("_")[0] not in READING}
    keyed = {name for name, method in methods().items() if "idempotency_key" in method.parameters}
    assert keyed == writes
    for name in writes:
        key = methods()[name].parameters["idempotency_key"]
        assert key.default is inspect.Parameter.empty, name


def test_the_default_of_the_sdk_is_no_timeout_at_all() -> None:
    timeout = client()._http.timeout.as_dict()
    assert set(timeout) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 60 for seconds in timeout.values())


def test_200_where_201_is_documented_is_an_error_and_there_is_no_async_with() -> None:
    async def create(own: CyberdeskClient) -> Any:
        async with own:
            return await own.workflows.create(
                WorkflowCreate(main_prompt="Wait."), idempotency_key="k-1"
            )

    own = client({"id": ID, "main_prompt": "Wait.", "updated_at": "2026-01-01T00:00:00Z"})
    assert asyncio.run(create(own)).id == ID
    assert own._http.is_closed


def test_lists_of_runs_of_the_sdk_drop_skip_and_limit_of_the_page() -> None:
    page = {"items": [], "total": 9, "skip": 5, "limit": 3}
    runs = asyncio.run(client(page).runs.list(skip=5, limit=3))
    assert (runs.total, runs.skip, runs.limit) == (9, 5, 3)


def test_going_back_to_an_earlier_content(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        for prompt in ("One.", "Two.", "One."):
            world.deploy(bundle(flow("ledger", prompt)))
            assert world.workflow("Ledger").main_prompt == prompt
    finally:
        world.close()


def test_the_tests_that_prove_a_row_exist() -> None:
    folder = Path(__file__).parents[1] / "unit/cyberdesk"
    rows = [*SDK_ALONE]
    for module, tests in PROVED_ELSEWHERE.items():
        text = (folder / f"{module}.py").read_text(encoding="utf-8")
        for test, proved in tests.items():
            assert f"def {test}(" in text, test
            rows.extend(proved)
    assert len(rows) == len(set(rows))
