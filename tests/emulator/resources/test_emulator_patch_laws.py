"""Laws of PATCH: absent and null are different, and check ids survive."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.emulator_desk import MODEL_ID, Desk, check
from tests.support.effort import examples

text = st.text(max_size=12).filter(lambda value: value.isprintable())
nullable_text = st.none() | text

CLEARABLE = {
    "name": nullable_text,
    "input_schema": st.none() | text.map(json.dumps),
    "output_schema": nullable_text,
    "terminal_command_allowlist": st.none() | st.lists(text, max_size=3),
    "post_run_check_failure_cleanup_prompt": nullable_text,
    "model_metadata": st.none()
    | st.fixed_dictionaries({}, optional={"main_agent_model_id": st.none() | st.just(MODEL_ID)}),
}
ALWAYS_SET = {
    "main_prompt": text.filter(bool),
    "includes_file_exports": st.booleans(),
    "is_webhooks_enabled": st.booleans(),
}
MODEL_KEYS = (
    "main_agent_model_id",
    "cache_detection_model_id",
    "fallback_model_1_id",
    "fallback_model_2_id",
)

updates = st.fixed_dictionaries({}, optional={**CLEARABLE, **ALWAYS_SET})
relaxed = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """What the service keeps of `values`: model ids as a whole object."""
    model = values.get("model_metadata")
    if model is None:
        return values
    return {**values, "model_metadata": {**dict.fromkeys(MODEL_KEYS), **model}}


@relaxed
@given(start=updates, changes=st.lists(updates, max_size=4))
def test_patches_change_what_they_name_and_nothing_else(
    shared_desk: Desk, start: dict[str, Any], changes: list[dict[str, Any]]
) -> None:
    state = shared_desk.workflow(**start)
    assert {name: state[name] for name in start} == stored(start)
    for change in changes:
        before = shared_desk.get(state)
        after = shared_desk.patch(state, **change)
        moved = {"updated_at", "old_versions", "includes_input_variables"}
        kept = set(after) - set(change) - moved
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        assert {name: after[name] for name in change} == stored(change)
        assert after["updated_at"] > before["updated_at"]
        assert after["old_versions"][:-1] == before["old_versions"]
        newest = after["old_versions"][-1]
        assert newest == {name: before[name] for name in newest}
        assert shared_desk.ids("?limit=1") == [state["id"]]


check_names = st.lists(st.sampled_from("abcdef"), max_size=5, unique=True)


@relaxed
@given(first=check_names, second=check_names, edited=st.sets(st.sampled_from("abcdef")))
def test_reconciling_keeps_ids_sent_back_and_follows_the_list(
    shared_desk: Desk, first: list[str], second: list[str], edited: set[str]
) -> None:
    made = shared_desk.workflow(post_run_checks=[check(name) for name in first])
    before = {item["name"]: item for item in made["post_run_checks"]}
    wanted = [
        check(
            name,
            **({"id": before[name]["id"]} if name in before else {}),
            **({"file_names": ["new.pdf"]} if name in edited else {}),
        )
        for name in second
    ]
    after = shared_desk.patch(made, post_run_checks=wanted)["post_run_checks"]
    assert [item["name"] for item in after] == second
    assert [item["order"] for item in after] == list(range(len(second)))
    for item in after:
        old = before.get(item["name"])
        if old is None:
            assert item["id"] not in {other["id"] for other in before.values()}
            continue
        assert (item["id"], item["created_at"]) == (old["id"], old["created_at"])
        unchanged = item["name"] not in edited and item["order"] == old["order"]
        assert (item["updated_at"] == old["updated_at"]) is unchanged
    assert shared_desk.patch(made, name="Only the name")["post_run_checks"] == after
