"""What an analysis and a compilation leave behind."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from flowdsl.api import CompileOptions, MemoryFiles, analyze, compile_project

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("work", [analyze, compile_project])
@pytest.mark.parametrize("example", ["accounts-payable", "claims-reports", "clinic"])
def test_no_cycle_keeps_a_program(work, example):
    """A command does not collect garbage, so that the trees of each group would stay."""
    root = EXAMPLES / example
    paths = [path for path in root.rglob("*.*") if path.is_file()]
    contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    files = MemoryFiles(contents)
    flows = [path for path in contents if path.endswith(".flow")]
    work(files, flows, CompileOptions())
    gc.collect()
    gc.disable()
    try:
        work(files, flows, CompileOptions())
        found = gc.collect()
    finally:
        gc.enable()
    assert found < 100
