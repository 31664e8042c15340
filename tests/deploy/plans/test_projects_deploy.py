"""The law of an empty plan, for every program that is kept.

After a deploy there is nothing to plan and nothing to send.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.deploy.outcome import Status
from flowdsl.source.files import MemoryFiles
from tests.deploy.deploy_world import World, world_app
from tests.support.effort import every
from tests.support.flows.compiling import EXAMPLES, compile_folder
from tests.support.flows.expectations import CORPUS, Case, find_cases

PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml"))
NAMES_A_MODEL_BY_ID = "lint/raw-model-id/trigger.flow"
"""No organisation has it, so that no deploy can send it."""

CASES = [
    case
    for case in (*find_cases(CORPUS / "valid"), *find_cases(CORPUS / "lint"))
    if case.id != NAMES_A_MODEL_BY_ID
]


def check_settles(world: World, bundle: Bundle) -> None:
    first = world.deploy(bundle)
    assert first.status is Status.DONE, first.messages
    state = world.state_text()

    plan = world.plan(bundle)
    again = world.deploy(bundle)

    assert plan.is_empty and not plan.writes and plan.drifted == {} and plan.guards == ()
    assert again.status is Status.NOTHING_TO_DO
    assert world.writes == [] and world.state_text() == state


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_examples(world: World, folder: Path) -> None:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    check_settles(world, bundle)


@pytest.mark.parametrize("case", every(16, CASES), ids=lambda case: case.id)
def test_programs_of_the_corpus(world: World, case: Case) -> None:
    # A field of the future is dropped, as the service does; a strict emulator would refuse it.
    world.app = world_app(world.emulator, strict=False)
    bundle = compile_project(MemoryFiles(case.files), case.entries, CompileOptions()).bundle
    if bundle is None or not bundle.workflows:
        pytest.skip("it declares no workflow, or is checked only")
    check_settles(world, bundle)
