"""No secret of a reasonable length survives in any spelling; a short one destroys no text."""

from __future__ import annotations

import asyncio
import html
import json
import textwrap
from collections.abc import Awaitable, Callable
from string import ascii_letters, digits
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from flowdsl.cyberdesk import redaction
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.run import ChainCreate, ChainStep, RunBulkCreate, RunCreate, RunRetry
from flowdsl.cyberdesk.redaction import REDACTED, SecretsOfRuns, redact_secrets, redact_value
from tests.support.effort import THOROUGH, examples
from tests.support.rows import in_rows

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co"))


def broken(size: int, by: str) -> Callable[[str], str]:
    return lambda text: by.join(text[at : at + size] for at in range(0, len(text), size))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[2:-2],
    "upper case escapes": lambda text: "".join(
        rf"\u{ord(each):04X}" if "\x7f" < each <= "\uffff" else each for each in text
    ),
    "an address": lambda text: quote(text, safe=""),
    "a path": quote,
    "a form": quote_plus,
    "an address in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "lower case escapes": lambda text: quote(text, safe="").lower() if text.islower() else text,
    "HTML": html.escape,
    "wrapped": lambda text: textwrap.fill(text, 20, drop_whitespace=False),
    "broken into lines": broken(5, "\n"),
    "broken and indented": broken(3, "\r\n    "),
    "broken in JSON": lambda text: json.dumps(broken(4, "\n")(text))[1:-1],
    "broken by what is not seen": broken(3, "\u200b"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=400 if THOROUGH else 16, deadline=None)
@given(
    secret=st.text(LETTERS, min_size=8, max_size=300),
    before=st.text(max_size=20),
    behind=st.text(max_size=20),
)
@example(secret="night-shift-7", before="C:\\", behind="")
@example(secret="a\\nb\\tc%20d+e&f", before="", behind="\\")
@example(secret="p\"a's\\s/w<o>rd", before='{"a":"', behind='"}')
@example(secret="zwölf Männchen 🙂🙂", before="%", behind="%")
@example(secret="0000000\xa00", before="00000000", behind="")
@example(secret="\\" * 12, before="x", behind="y")
def test_no_secret_of_eight_characters_survives(
    spelling: str, secret: str, before: str, behind: str
) -> None:
    assume(sum(not each.isspace() for each in secret) >= 8)
    spelled = SPELLINGS[spelling](secret)
    text = redact_secrets(before + spelled + behind, [secret])
    assert REDACTED in text
    assert spelled not in text and secret not in text
    squeezed = "".join(text.split())
    assert "".join(secret.split()) not in squeezed and "".join(spelled.split()) not in squeezed


@settings(max_examples=examples(40), deadline=None)
@given(st.text(ascii_letters + digits, min_size=600, max_size=900), st.integers(0, 450))
def test_of_a_long_secret_no_part_survives_that_is_long(secret: str, start: int) -> None:
    part = secret[start : start + 128]
    assert part not in redact_secrets(f"at {part}!", [secret])
    kept = redact_secrets(f"at {secret}!", [secret])
    assert not any(secret[at : at + 64] in kept for at in range(len(secret) - 64))


def test_one_line_of_a_secret_of_many_does_not_survive() -> None:
    secret = "-----BEGIN-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END-----\n"
    assert redact_secrets("it says MIIEvQIBADANBgkq.", [secret]) == f"it says {REDACTED}."


WORDS = ("Workflow", "a", "to", "1", "run", "refused", "of", "300", "pin", "12", "x", "key", "row")


@given(st.lists(st.sampled_from(WORDS), min_size=2), st.sampled_from(["a", "f", "1", "12", "run"]))
def test_a_short_secret_destroys_no_ordinary_text(words: list[str], secret: str) -> None:
    text = " ".join(words)
    assert redact_secrets(text, [secret]) == text
    assume(words[-1] != "key")  # what stands behind `key:` is one
    assert redact_secrets(f"{text}: {text}.", [secret]) == f"{text}: {text}."


@given(
    st.lists(st.sampled_from(["Wolf", "Wolfgang", "1234", "12345", "work", "flow"])),
    st.sampled_from(["Wolf", "1234", "work"]),
)
def test_a_secret_of_four_characters_goes_as_a_word(words: list[str], secret: str) -> None:
    kept = " ".join(REDACTED if each == secret else each for each in words)
    assert redact_secrets(" ".join(words), [secret]) == kept
    assert redact_secrets(json.dumps("\n".join(words)), [secret]) == json.dumps(
        "\n".join(REDACTED if each == secret else each for each in words)
    )


@in_rows(
    ("text", "kept"),
    [
        ("k", REDACTED),
        ("Workflow k is unknown", "Workflow k is unknown"),
        ("the key `k` is unknown", f"the key `{REDACTED}` is unknown"),
        ('{"api_key": "k"}', '{"api_key": "' + REDACTED + '"}'),
        ("Authorization: Bearer k", f"Authorization: Bearer {REDACTED}"),
        ("api_key=k&x=1", f"api_key={REDACTED}&x=1"),
        ("password: k.", f"password: {REDACTED}."),
        ("token=kx", "token=kx"),
    ],
)
def test_a_key_of_one_character_is_no_credential_that_is_shown(text: str, kept: str) -> None:
    assert redact_secrets(text, ["k"]) == kept


def test_the_longest_secret_goes_first_and_nothing_goes_twice() -> None:
    secrets = ["redacted", "secret-of-many", "secret-of-many-words"]
    assert redact_secrets("secret-of-many-words", secrets) == REDACTED
    assert redact_secrets("plain", ["", " ", *secrets]) == "plain"


def test_a_value_of_json_is_redacted_in_texts_names_and_numbers() -> None:
    value = {"a": ["pin 4711!", 4711, 47110, True, None, {"hunter22": 1.5}], "n": 3, "p": 3.14159}
    assert redact_value(value, ["4711", "hunter22", "3", "3.14159"]) == {
        "a": [f"pin {REDACTED}!", REDACTED, 47110, True, None, {REDACTED: 1.5}],
        "n": 3,
        "p": REDACTED,
    }


def test_runs_have_the_secrets_that_they_were_given_and_few_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SecretsOfRuns, "MOST", 300)
    known = SecretsOfRuns()
    for number in range(known.MOST + 10):
        known.give([f"r{number}"], (f"secret-{number}",))
    known.give([f"r{known.MOST}"], ("another",))
    assert known.of("r1") == () and known.of(None) == ()
    assert known.of(f"r{known.MOST}") == (f"secret-{known.MOST}", "another")
    assert len(known.every()) == known.MOST_VALUES and "another" in known.every()
    oldest = known.every()[0]
    known.give(["again"], (oldest,))
    known.give(["more"], ("yet another",))
    assert oldest in known.every(), "it was given to a run again"


def test_no_expression_is_made_for_a_secret_that_no_text_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The expressions of the secrets of 200 runs would take seconds, again after every new run."""
    made: list[int] = []
    pattern = redaction._compile_pattern

    def count(expressions: tuple[str, ...]) -> Any:
        made.append(len(expressions))
        return pattern(expressions)

    monkeypatch.setattr(redaction, "_compile_pattern", count)
    secrets = [f"pin-of-row-{number:03}-of-200" for number in range(200)]
    assert redact_secrets("Too many requests", secrets) == "Too many requests"
    assert made == []
    assert redact_secrets("no pin-of-\nrow-117-of-200!", secrets) == f"no {REDACTED}!"
    assert made == [1]


@in_rows("filler", ["\\", " ", "%25", "\\n", "a", "ab\\", "\\u00"])
def test_a_hostile_text_is_looked_through_in_one_go(filler: str) -> None:
    secrets = ["a\\\\b c%d", "\\" * 20, "aaaaaaaaab", "a   \n  bcdefghi"]
    assert redact_secrets(filler * 20_000, secrets) is not None


# Whatever operation tells of a run

CANARY = "secret-canary-of-a-run"
WORKFLOW = "00000000-0000-4000-8000-000000000001"
SAYS: dict[str, Any] = {
    "id": "run-1",
    "status": "error",
    "workflow_id": WORKFLOW,
    "error": [f"typed {CANARY}"],
    "output_data": {"noted": CANARY, CANARY: [CANARY]},
    "run_message_history": [{"content": [{"text": f"<{CANARY}>"}]}],
    "usage_metadata": {"note": CANARY},
    "post_run_checks": [
        {"status": "failed", "name": CANARY, "messages": [CANARY], "error_message": CANARY}
    ],
    "a_field_of_a_later_version": CANARY,
    # For the other resources.
    "run_id": "run-1",
    "filename": f"{CANARY}.txt",
    "storage_path": f"runs/{CANARY}.txt",
    "is_approved": False,
    "trajectory_data": [{"typed": CANARY}],
}


LISTS = ("/v1/runs", "/v1/run-attachments", "/v1/trajectories")


def answer(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("/refused"):
        return httpx.Response(400, json={"detail": f"no {CANARY}"})
    if path.endswith("/bulk"):
        made = {"created_runs": [SAYS], "failed_count": 1, "errors": [f"no {CANARY}"]}
        return httpx.Response(201, json=made)
    if path.endswith("/chain"):
        return httpx.Response(201, json={"session_id": "s", "run_ids": ["run-1"]})
    if request.method == "GET" and path in LISTS:
        return httpx.Response(200, json={"items": [SAYS], "total": 1, "skip": 0, "limit": 100})
    return httpx.Response(200, json=SAYS)


ONE = RunCreate(workflow_id=WORKFLOW, sensitive_input_values={"pin": CANARY})
BEGINNINGS: dict[str, Callable[[CyberdeskClient], Awaitable[Any]]] = {
    "one": lambda client: client.runs.create(ONE, idempotency_key="k"),
    "bulk": lambda client: client.runs.create_bulk(
        RunBulkCreate(**ONE.model_dump(exclude_unset=True), count=2), idempotency_key="k"
    ),
    "chain": lambda client: client.runs.create_chain(
        ChainCreate(steps=[ChainStep(workflow_id=WORKFLOW, sensitive_inputs={"pin": CANARY})]),
        idempotency_key="k",
    ),
    "retry": lambda client: client.runs.retry(
        "run-1", RunRetry(sensitive_input_values={"pin": CANARY}), idempotency_key="k"
    ),
}


@in_rows("beginning", BEGINNINGS)
def test_no_operation_tells_the_secret_that_a_run_was_given(beginning: str) -> None:
    async def told() -> list[str]:
        options = ClientOptions(base_url="http://127.0.0.1:1", api_key="key", max_retries=0)
        transport = httpx.MockTransport(answer)
        async with CyberdeskClient(options, transport=transport) as client:
            found = [await BEGINNINGS[beginning](client)]
            # Also by another worker than the one that began it.
            async with client.make_worker() as other:
                found += [
                    await other.runs.get("run-1"),
                    await other.runs.list(),
                    *await other.runs.list_all(),
                    await other.runs.cancel("run-1", idempotency_key="k"),
                    await other.runs.trajectory("run-1"),
                    await other.runs.generate_trajectory("run-1", idempotency_key="k"),
                    *await other.run_attachments.list_all(run_id="run-1"),
                    await other.run_attachments.get("file-1"),
                    await other.trajectories.get("recording-1"),
                    await other.trajectories.list(is_generated=True),
                ]
                with pytest.raises(CyberdeskError) as refused:
                    await other.runs.get("refused")
            return [*(each.model_dump_json() for each in found), str(refused.value)]

    said = asyncio.run(told())
    assert [each for each in said if CANARY in each] == []
    assert all(REDACTED in each for each in said[1:])
