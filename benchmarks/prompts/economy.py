"""What compiled prompts cost beside prompts that were written by hand.

    python benchmarks/prompts/economy.py [-v]

For the three large examples, `economy/` has the prompt that an expert would write by hand for the
same task: from what the workflow is for, with all its guards, and not from the compiled prompt.
Prints estimated tokens, focused calls of a run, and focused calls of an entry of its loops, for
both, with ratios; `-v` adds the tokens by section. Exits 1 above a goal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flowdsl.api import CompileOptions, MemoryFiles, compile_project
from flowdsl.codegen.artifacts import plain
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.prompt.cost import PromptCost, prompt_cost
from flowdsl.source.record import Record

ROOT = Path(__file__).parents[2]
BY_HAND = Path(__file__).parent / "economy"
EXAMPLES = {
    "patient_lookup": "clinic",
    "invoice_batch": "accounts-payable",
    "claims_export": "claims-reports",
}
"""The project of each workflow that has a prompt written by hand."""
ENVIRONMENT = "prod"
MOST_TOKENS = 1.6
MOST_CALLS = 1.3


class Row(Record):
    """A figure of a compiled prompt, and of the one written by hand."""

    what: str
    compiled: int
    by_hand: int
    goal: float

    @property
    def ratio(self) -> float:
        """How many times the compiled prompt takes what the other takes."""
        if self.by_hand:
            return self.compiled / self.by_hand
        return float("inf") if self.compiled else 1.0

    @property
    def missed(self) -> bool:
        return self.ratio > self.goal


def compiled(name: str) -> str:
    """The prompt that a workflow of the examples compiles to."""
    folder = ROOT / "examples" / EXAMPLES[name]
    files: dict[str, str | bytes] = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".flowdsl" not in path.parts
    }
    text = (folder / "flowdsl.toml").read_text("utf-8")
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    options = CompileOptions(project, project.environments[ENVIRONMENT])
    entries = sorted(path for path in files if path.endswith(".flow"))
    bundle = compile_project(MemoryFiles(files), entries, options).bundle
    assert bundle is not None
    (workflow,) = (each for each in bundle.workflows if each.name == name)
    return str(plain(workflow.payload["main_prompt"]))


def by_hand(name: str) -> str:
    """The prompt that was written by hand."""
    return (BY_HAND / f"{name}.txt").read_text("utf-8")


def rows(ours: PromptCost, theirs: PromptCost) -> list[Row]:
    """The figures that have a goal."""
    found = [
        Row("tokens", ours.all_tokens, theirs.all_tokens, MOST_TOKENS),
        Row("focused calls a run", ours.calls.focused, theirs.calls.focused, MOST_CALLS),
    ]
    if ours.loops or theirs.loops:
        entry = ours.entry.focused, theirs.entry.focused
        found.append(Row("focused calls an entry", *entry, MOST_CALLS))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-v", action="store_true", dest="sections", help="tokens by section")
    given = parser.parse_args()
    missed = 0
    print(f"{'':40}{'compiled':>9}{'by hand':>9}{'ratio':>7}{'goal':>6}")
    for name in EXAMPLES:
        ours, theirs = prompt_cost(compiled(name)), prompt_cost(by_hand(name))
        for row in rows(ours, theirs):
            missed += row.missed
            print(
                f"{name + ', ' + row.what:40}{row.compiled:9,}{row.by_hand:9,}{row.ratio:7.2f}"
                f"{row.goal:6.1f}{'  missed' if row.missed else ''}"
            )
        if given.sections:
            for section, tokens in ours.tokens.items():
                print(f"{'    tokens of the ' + section:40}{tokens:9,}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
