"""Small programs for what generated ones hold seldom or never, each by what it is here for.

They are the files of `corpus/rare`. Their numbers give them an order, by which the study of mutants
draws the same worlds for each; those in `terminal` are for an account where a focused agent has
one.

for name, checked, options in rare_programs(): print(name, checked.source)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles

from ..checked import PATH, Checked, account
from ..generator.programs import FILES

FOLDER = Path(__file__).parents[3] / "corpus" / "rare"

TOOLS = ("execute_terminal_command", "copy_to_clipboard", "save_screenshot_as_run_attachment")
"""What focused agents of that account have."""


def rare_programs() -> Iterator[tuple[str, Checked, CompileOptions]]:
    """Every program with its name, and how it is compiled."""
    for folder, options in ((FOLDER, CompileOptions()), (FOLDER / "terminal", account(TOOLS))):
        for file in sorted(folder.glob("*.flow")):
            name = file.stem.partition("-")[2].replace("-", " ")
            source = file.read_text(encoding="utf-8")
            files = MemoryFiles({PATH: source, **FILES})
            compilation = compile_project(files, [PATH], options)
            assert compilation.bundle is not None, f"{name}: {compilation.analysis.diagnostics}"
            yield name, Checked(source, compilation), options
