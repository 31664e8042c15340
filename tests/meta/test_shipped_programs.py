"""What the repository shows as good compiles, without a word of complaint."""

from __future__ import annotations

from pathlib import Path

from flowdsl.compiler.pipeline import Compilation
from flowdsl.diagnostics.diagnostic import INFO
from tests.support.flows.compiling import EXAMPLES, compile_folder
from tests.support.rows import in_rows


def complaints(compilation: Compilation) -> list[str]:
    """The errors and warnings of a compilation; what good programs cannot help is information."""
    return [each.message for each in compilation.analysis.diagnostics if each.severity != INFO]


@in_rows("toml", sorted(EXAMPLES.glob("*/flowdsl.toml")), ids=lambda p: p.parent.name)
def test_an_example_compiles_for_its_local_environment(toml: Path) -> None:
    compilation = compile_folder(toml.parent)
    assert complaints(compilation) == []
    assert compilation.bundle is not None and compilation.bundle.workflows


def test_every_example_is_a_project() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml")}
