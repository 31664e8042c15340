"""What every example and sample compiles to, word for word, and without a complaint.

Each snapshot is the prompt as the agent reads it, followed by the rest of the payload. Read the
difference as that agent would.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.diagnostics.diagnostic import INFO
from tests.support.flows.compiling import EXAMPLES, PROJECTS, compile_folder


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_compiled_project(folder: Path, snapshot: SnapshotAssertion) -> None:
    compilation = compile_folder(folder)
    found = compilation.analysis.diagnostics
    assert [each.message for each in found if each.severity != INFO] == []
    bundle = compilation.bundle
    assert bundle is not None and bundle.workflows
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


def test_every_example_is_a_project() -> None:
    folders = {path for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders < set(PROJECTS)


def _readable(value: object) -> object:
    """Schemas are strings on the wire; as JSON their differences can be read."""
    if isinstance(value, str) and value.startswith("{\n"):
        return json.loads(value)
    return value
