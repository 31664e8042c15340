"""What every example and sample compiles to, word for word.

Each snapshot is the prompt as the agent reads it, followed by the rest of the payload. Read the
difference as that agent would.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from flowdsl.codegen.artifacts import render_plain_json
from tests.support.flows.compiling import PROJECTS, compile_folder


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_compiled_project(folder: Path, snapshot: SnapshotAssertion) -> None:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    for workflow in bundle.workflows:
        payload = {
            key: _readable(render_plain_json(value)) for key, value in workflow.payload.items()
        }
        prompt = payload.pop("main_prompt")
        rest = json.dumps(payload, indent=2, ensure_ascii=False)
        assert f"{prompt}\n\n---\n{rest}" == snapshot(name=workflow.name)
    for chain in bundle.chains:
        rest = json.dumps(chain.payload, indent=2, ensure_ascii=False)
        assert rest == snapshot(name=f"chain {chain.name}")


def _readable(value: object) -> object:
    """Schemas are strings on the wire; as JSON their differences can be read."""
    if isinstance(value, str) and value.startswith("{\n"):
        return json.loads(value)
    return value
