"""Laws of import: what comes out of a project is what went in."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.decompile.model import ImportedProject
from flowdsl.decompile.payload import find_differing_fields
from flowdsl.decompile.project import import_workflows
from flowdsl.source.files import MemoryFiles
from tests.support.effort import THOROUGH, every, examples, rows
from tests.support.flows.compiling import PROJECTS, compile_folder
from tests.support.flows.decompile import payloads, round_trip
from tests.support.flows.decompile.payloads import Payload
from tests.support.flows.generated.task_programs import task_programs
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import for_rows, in_rows

CORPUS = payloads.corpus()
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@cache
def together() -> tuple[list[Payload], ImportedProject]:
    """The payloads of the corpus, one of three in a quick run, and their project."""
    given = list(CORPUS.values())
    given = given if THOROUGH else given[2::3]
    return given, import_workflows(given, project="kept")


def _random_payload(seed: int) -> Payload:
    return payloads.payload(random.Random(seed), round_trip.shipped())


def _imported(*given: Payload) -> tuple[ImportedProject, dict[str, Payload]]:
    """The project of the payloads and what it compiles to."""
    imported = import_workflows(given)
    bundle = round_trip.compile_files(imported.files).bundle
    assert bundle is not None
    return imported, round_trip.served(bundle)


def _differ(given: Payload, back: Payload) -> set[str]:
    """The fields that came back changed."""
    return set(round_trip.differences(given, back)) - round_trip.left_to_the_service(given)


def _holds(given: Payload) -> None:
    project, compiled = _imported(given)
    ((name, back),) = compiled.items()
    assert _differ(given, back) == set()
    assert find_differing_fields(given, back) == ()
    assert back["main_prompt"] == given["main_prompt"]
    assert import_workflows([given]).files == project.files

    # The name is given because a workflow that was deployed has it in its mark, which compilation
    # leaves out.
    assert import_workflows([back], name=name).files == project.files


@for_rows(lambda: every(9, [*CORPUS]), fewest=150 if THOROUGH else 16)
def test_a_payload_of_the_corpus_comes_back_as_it_was(name: str) -> None:
    _holds(CORPUS[name])


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1).map(_random_payload))
def test_a_random_payload_comes_back_as_it_was(given: Payload) -> None:
    _holds(given)


def test_all_payloads_at_once_come_back_and_lie_in_files_of_their_own() -> None:
    given, project = together()
    bundle = round_trip.compile_files(project.files).bundle
    assert bundle is not None
    compiled = round_trip.served(bundle)
    left = list(given)
    for back in compiled.values():
        left.remove(next(each for each in left if not _differ(each, back)))
    assert left == []

    flows = [path for path in project.files if path.endswith(".flow")]
    assert len(flows) == len({path.lower() for path in flows}) == len(given)


def test_a_project_of_payloads_warns_of_nothing_but_what_the_payloads_lack() -> None:
    _, project = together()
    found = round_trip.compile_files(project.files).analysis.diagnostics
    warnings = {each.name for each in found if each.severity == "warning"}
    assert warnings == {
        "raw-model-id",
        "statement-in-prose",
        "tool-misused",
        "unlisted-in-prompt",
        "unused-input",
    }


def test_the_order_of_payloads_does_not_matter() -> None:
    given, project = together()
    for other in rows((given[::-1], random.Random(4).sample(given, len(given))), 1):
        again = import_workflows(other, project="kept")
        assert again.files == project.files
        assert again.addresses == project.addresses
        told = [[(note.workflow, note.message) for note in each.notes] for each in (project, again)]
        assert told[0] == told[1]


def test_a_payload_is_written_the_same_alone_and_among_others() -> None:
    given, project = together()
    every_file = project.files
    alone = [import_workflows([body]).files for body in given]
    # Of several that want one name all but one get another, and the files of that one are there.
    same = {path for files in alone if files.items() <= every_file.items() for path in files}
    assert {path for files in alone for path in files if path.endswith(".flow")} <= same


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(workflows() | task_programs())
def test_a_program_comes_back_as_statements(source: str) -> None:
    compilation = compile_project(
        MemoryFiles({"main.flow": source}), ["main.flow"], CompileOptions()
    )
    if compilation.bundle is not None:
        _stays_a_program(compilation.bundle)


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_shipped_program_comes_back_as_statements(folder: Path) -> None:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    _stays_a_program(bundle)


def _stays_a_program(bundle: Bundle) -> None:
    for body in round_trip.served(bundle).values():
        if round_trip.STORE in body["main_prompt"]:
            continue  # a prompt with pictures stays as it is
        second, compiled = _imported(body)
        (back,) = compiled.values()
        assert not [path for path in second.files if path.endswith(".prompt.md")]
        assert round_trip.differences(body, back) == []
        third, _ = _imported(back)
        assert third.files == second.files
