from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.errors import CyberdeskError, render_detail
from flowdsl.cyberdesk.models.wire_model import ReadModel
from flowdsl.cyberdesk.replies import Reply
from tests.support.rows import in_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["detail", "errors", "loc", "msg", "type", "input", "ctx"]) | st.text(),
            inner,
        )
    ),
)


@given(JSON)
def test_any_detail_becomes_one_printable_line_of_bounded_length(detail: Any) -> None:
    text = render_detail(detail)
    assert text.isprintable()
    assert len(text) <= 2001


@given(JSON)
def test_an_echoed_value_is_not_shown(value: Any) -> None:
    item = {"loc": ["body", "api_key"], "msg": "too short", "type": "t", "input": value}
    assert render_detail([item]) == "body.api_key: too short"
    assert render_detail({"code": "x", "input": value, "ctx": value, "n": 1}) == "code: x, n: 1"


@in_rows(
    ("detail", "text"),
    [
        (
            [
                {"loc": ["body", "name"], "msg": "too long", "type": "t"},
                {"loc": ["body", "checks", 0], "msg": "bad", "type": "t"},
            ],
            "body.name: too long; body.checks.0: bad",
        ),
        ("workflow not found", "workflow not found"),
        ({"message": "inputs do not match"}, "inputs do not match"),
        ({"main_prompt": "is empty"}, "main_prompt: is empty"),
        (
            {"message": "inputs do not match", "errors": [{"path": "$.a", "reason": "missing"}]},
            "message: inputs do not match, errors: path: $.a, reason: missing",
        ),
        ({"msg": "bad", "hint": "wait"}, "msg: bad, hint: wait"),
        ([{"loc": [], "msg": "empty body"}], "empty body"),
        (None, "null"),
        ("\x1b[31mred\x1b[0m\r\nnext\u202e\u2028line\ud800", "[31mred[0m next line"),
    ],
)
def test_the_three_shapes_of_detail(detail: Any, text: str) -> None:
    assert render_detail(detail) == text


def test_long_and_deep_details_are_cut() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    assert render_detail(deep) == "…"
    assert render_detail(list(range(30))).endswith("and 10 more")
    assert len(render_detail("x" * 10_000)) == 2001


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"detail": "the run is refused", "errors": {"name": ["too long", "taken"], "n": ["x"]}},
            "the run is refused; name: too long; name: taken; n: x",
        ),
        ({"errors": {"name": ["too long"]}}, "name: too long"),
        ({"errors": {"name": "too long"}}, "name: too long"),
        # A field may be called like what a validation error repeats of a request.
        (
            {"detail": "no", "errors": {"input": ["too long"], "ctx": ["x"]}},
            "no; input: too long; ctx: x",
        ),
        ({"detail": "no", "errors": {"a": {"b": ["deep"], "c": [1]}}}, "no; a.b: deep; a.c: 1"),
        (
            {"detail": "no", "errors": {"": ["of all"], "__all__": None}},
            "no; of all; __all__: null",
        ),
        (
            {"detail": "no", "errors": ["first", {"loc": ["body", "n"], "msg": "m"}]},
            "no; first; body.n: m",
        ),
        ({"detail": "no", "errors": {}}, "no"),
        ({"detail": "no", "errors": None}, "no"),
        ({"message": "no", "errors": {"n": ["x"]}}, "no; n: x"),
        (
            {"detail": [{"loc": ["body", "a"], "msg": "b"}], "errors": {"n": ["x"]}},
            "body.a: b; n: x",
        ),
        (
            {"detail": "\x1b[31mno", "errors": {"\x1b]0;f\x07": ["\r\nno key-canary-1\u202e"]}},
            "[31mno; ]0;f: no [redacted]",
        ),
    ],
)
def test_the_errors_of_fields_beside_the_detail_are_all_shown(
    rig: Callable[..., Any], body: Any, text: str
) -> None:
    answer = httpx.Response(422, json=body)
    assert failure(rig, answer, api_key="key-canary-1").server_message == text


def test_many_errors_of_fields_are_bounded_and_the_rest_is_counted(rig: Callable[..., Any]) -> None:
    few = {"detail": "no", "errors": {f"f{n}": ["bad"] for n in range(60)}}
    said = failure(rig, httpx.Response(400, json=few)).server_message
    assert all(f"f{n}: bad" in said for n in range(60))
    many = {"detail": "no", "errors": {f"f{n}": ["bad"] * 3 for n in range(5000)}}
    said = failure(rig, httpx.Response(400, json=many)).server_message
    assert said.endswith("and 14900 more") and len(said) <= 2001
    long = {"detail": "no", "errors": {"f" * 5000: ["bad" * 5000]}}
    assert len(failure(rig, httpx.Response(400, json=long)).server_message) <= 2001


def test_fields_that_do_not_fit_into_a_detail_are_counted() -> None:
    assert render_detail({f"f{n}": n for n in range(30)}).endswith("f19: 19, and 10 more")


def failure(rig: Callable[..., Any], answer: httpx.Response, **changed: Any) -> CyberdeskError:
    client = rig(answer, max_retries=0, **changed).client
    with pytest.raises(CyberdeskError) as caught:
        asyncio.run(client.workflows.get("w1"))
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ValidationRefused),
        (401, errors.AuthenticationRefused),
        (402, errors.RequestRefused),
        (403, errors.AuthenticationRefused),
        (404, errors.NotFound),
        (405, errors.RequestRefused),
        (408, errors.ServiceFailure),
        (409, errors.RequestConflict),
        (422, errors.ValidationRefused),
        (429, errors.RateLimited),
        (500, errors.ServiceFailure),
        (503, errors.ServiceFailure),
        (520, errors.ServiceFailure),
        (301, errors.UnreadableReply),
        (307, errors.UnreadableReply),
    ],
)
def test_the_class_follows_the_status(
    rig: Callable[..., Any], status: int, kind: type[CyberdeskError]
) -> None:
    answer = httpx.Response(status, json={"detail": "because"}, headers={"x-request-id": "r-1"})
    error = failure(rig, answer)
    assert type(error) is kind
    assert (error.status, error.server_message, error.request_id) == (status, "because", "r-1")
    assert "because" in str(error)
    assert "r-1" in str(error)


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (502, b"<html><script>x</script></html>", errors.UnreadableReply),
        (500, b"Internal Server Error", errors.UnreadableReply),
        (404, b"<html>not here</html>", errors.UnreadableReply),
        (404, b"", errors.UnreadableReply),
        (403, b"<html>firewall</html>", errors.AuthenticationRefused),
        (429, b"", errors.RateLimited),
        (422, b"[" * 100_000, errors.ValidationRefused),
        (500, b"\xff\xfe\x00", errors.UnreadableReply),
        (200, b"<html>sign in</html>", errors.UnreadableReply),
        (200, b"", errors.UnreadableReply),
        (200, b"[]", errors.UnreadableReply),
        (200, b"null", errors.UnreadableReply),
        (200, b'{"id": "w1"}', errors.UnreadableReply),
        (200, b'{"id": 5, "main_prompt": "p", "updated_at": "t"}', errors.UnreadableReply),
    ],
)
def test_bodies_that_are_not_of_this_api(
    rig: Callable[..., Any], status: int, content: bytes, kind: type[CyberdeskError]
) -> None:
    error = failure(rig, httpx.Response(status, content=content))
    assert type(error) is kind
    assert error.status == status
    assert str(error).isprintable()
    assert "script" not in str(error)
    assert not error.outcome_unknown


def test_an_unreadable_reply_to_a_write_leaves_its_outcome_unknown(rig: Callable[..., Any]) -> None:
    from flowdsl.cyberdesk.models.workflow import WorkflowCreate

    client = rig(httpx.Response(201, content=b"<html>")).client
    with pytest.raises(errors.UnreadableReply) as caught:
        asyncio.run(client.workflows.create(WorkflowCreate(main_prompt="p"), idempotency_key="k"))
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("name", ["X-Request-ID", "request-id", "X-Correlation-Id", "cf-ray"])
def test_the_request_id_is_found_under_its_usual_names(rig: Callable[..., Any], name: str) -> None:
    assert failure(rig, httpx.Response(500, headers={name: "abc"})).request_id == "abc"


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_the_classification(body: bytes) -> None:
    from flowdsl.cyberdesk.replies import error_from_reply

    for status in (302, 400, 404, 422, 500):
        error = error_from_reply(
            "GET /x",
            status,
            body,
            request_id=None,
            secrets=("k",),
            outcome_unknown=False,
            retry_after=None,
        )
        assert str(error).isprintable()


def test_a_key_that_names_a_field_of_a_reply_is_kept_out_of_what_is_wrong_with_it() -> None:
    class Counts(ReadModel):
        by_name: dict[str, int]

    body = json.dumps({"by_name": {"canary": "many"}}).encode()
    reply = Reply("GET /x", False, 200, body, None, ("canary",), {})
    with pytest.raises(errors.UnreadableReply, match=r"`by_name\.\[redacted\]` of Counts"):
        reply.model(Counts)
    assert "canary" not in repr(reply)
