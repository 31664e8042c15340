"""The law: a plan right after a deploy is empty, whatever the payload."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import ModelAlias, WorkflowArtifact
from flowdsl.deploy.outcome import Status
from tests.deploy.deploy_world import World, bundle, flow
from tests.deploy.fault_world import scratch_folder
from tests.support.effort import THOROUGH

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
SCHEMA = st.dictionaries(TEXT, JSON, max_size=3).map(json.dumps)
MODEL = st.none() | st.just(ModelAlias("any"))
CHECKS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXT.filter(bool), "type": st.just("run_attachment_exists")},
        optional={
            "description": st.none() | TEXT,
            "file_target_mode": st.sampled_from(["exact", "regex", None]),
            "file_names": st.none() | st.lists(TEXT, max_size=2),
            "expected_match_count": st.none() | st.integers(0, 5),
            "allow_missing_attachments": st.booleans(),
            "check_prompt": st.none() | TEXT,
            "model": MODEL,
        },
    ),
    max_size=3,
    unique_by=lambda check: check["name"],
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "input_schema": st.none() | SCHEMA,
        "output_schema": st.none() | SCHEMA | TEXT,
        "includes_file_exports": st.booleans(),
        "is_webhooks_enabled": st.booleans(),
        "terminal_command_allowlist": st.none() | st.lists(TEXT, max_size=3),
        "model_metadata": st.none()
        | st.fixed_dictionaries(
            {}, optional={"main_agent_model_id": MODEL, "fallback_model_1_id": MODEL}
        ),
        "post_run_check_failure_cleanup_prompt": st.none() | TEXT,
        "post_run_checks": st.none() | CHECKS,
    },
)
TAGS = st.frozensets(st.sampled_from(["a", "b", "c"]))


@st.composite
def workflows(draw: st.DrawFn, name: str) -> WorkflowArtifact:
    prompt, payload = draw(TEXT.filter(bool)), draw(PAYLOADS)
    return flow(name, prompt, title=draw(TEXT), tags=draw(TAGS), **payload)


@settings(
    max_examples=20 if THOROUGH else 4, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(workflows("w"), min_size=2, max_size=3))
def test_each_version_deploys_and_leaves_an_empty_plan(versions: list[Any]) -> None:
    """Version after version of one workflow: each ends with nothing left to do and no drift."""
    with scratch_folder() as folder:
        world = World(folder)
        for version in versions:
            outcome = world.deploy(bundle(version))
            assert outcome.status in (Status.DONE, Status.NOTHING_TO_DO), outcome.messages
            state = world.state_text()
            again = world.deploy(bundle(version))
            assert again.status is Status.NOTHING_TO_DO
            assert world.writes == [] and world.state_text() == state
        assert len(world.workflows()) == 1
        world.close()
