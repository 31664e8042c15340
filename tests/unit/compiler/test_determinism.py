"""The same input gives the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import Compilation
from tests.support.flows.compiling import PROJECTS, ROOT, compile_folder
from tests.support.rows import in_rows

DUMP = """
import json, sys
from pathlib import Path
from tests.unit.compiler.test_determinism import everything
from tests.support.flows.compiling import compile_folder
print(everything(compile_folder(Path(sys.argv[1]))))
"""


def everything(compilation: Compilation) -> str:
    """All artifacts of a compilation as one text."""
    bundle = compilation.bundle
    assert bundle is not None
    found: list[Any] = [
        [repr(w.source_map), render_plain_json(w.payload), w.tags] for w in bundle.workflows
    ]
    found.append([[chain.name, chain.bodies] for chain in bundle.chains])
    return json.dumps(found)


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_the_order_of_files_does_not_matter(folder: Path) -> None:
    assert everything(compile_folder(folder)) == everything(compile_folder(folder, reverse=True))


def test_the_hash_seed_does_not_matter() -> None:
    outputs = set()
    for seed in ("0", "4242"):
        result = subprocess.run(
            [sys.executable, "-c", DUMP, str(PROJECTS[-1])],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        outputs.add(result.stdout)
    assert len(outputs) == 1
