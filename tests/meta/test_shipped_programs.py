"""What the repository shows as good compiles, without a word of complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.compiling import EXAMPLES, compile_folder
from tests.support.expectations import CORPUS, Case, find_cases


@pytest.mark.parametrize(
    "toml", sorted(EXAMPLES.glob("*/flowdsl.toml")), ids=lambda p: p.parent.name
)
def test_an_example_compiles_for_its_local_environment(toml: Path) -> None:
    compilation = compile_folder(toml.parent)
    assert [found.message for found in compilation.analysis.diagnostics] == []
    assert compilation.bundle is not None and compilation.bundle.workflows


def test_every_example_is_a_project() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml")}


@pytest.mark.parametrize("case", find_cases(CORPUS / "valid"), ids=lambda case: case.id)
def test_a_valid_program_compiles(case: Case) -> None:
    compilation = compile_project(MemoryFiles(case.files), case.entries, CompileOptions())
    assert [found.message for found in compilation.analysis.diagnostics] == []
    assert compilation.bundle is not None
