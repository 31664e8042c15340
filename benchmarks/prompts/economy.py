"""What compiled prompts cost beside prompts that were written by hand.

    python benchmarks/prompts/economy.py [-v]

For the three large examples, `economy/` has the prompt that an expert would write by hand for the
same task: from what the workflow is for, with all its guards, and not from the compiled prompt.
Prints words that hold a letter, without tags, of each and of all; focused calls of a run, without
the one that asks whether a pass failed, as nobody asks by hand; and focused calls of an entry of
its loops; for both, with ratios. `-v` adds estimated tokens by section. Exits 1 above a goal.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from flowdsl.api import CompileOptions, MemoryFiles, compile_project
from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.prompt.cost import prompt_cost
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
MOST_WORDS_OF_ONE = 1.25
MOST_WORDS = 1.15
MOST_CALLS = 1.0


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
    return str(render_plain_json(workflow.payload["main_prompt"]))


def by_hand(name: str) -> str:
    """The prompt that was written by hand."""
    return (BY_HAND / f"{name}.txt").read_text("utf-8")


def count_words(prompt: str) -> int:
    """The words of a prompt that hold a letter; tags are none, and a marked name is one."""
    words = re.sub(r"<[^<>]*>", " ", prompt).split()
    return sum(any(character.isalpha() for character in word) for word in words)


_ASKING = re.compile(
    r"^ *[0-9.]+ Use focused_action:(?:<br>|\n)+"
    r" *- Data: failure = \{\{failure\}\}(?:<br>|\n)+"
    r" *- If [^\n]*failure[^\n]*, fail with [^\n]*$(?!\n *- )",
    re.MULTILINE,
)


def asking_calls(prompt: str) -> int:
    """The calls that ask whether a pass of a loop has failed, and nothing else."""
    return len(_ASKING.findall(prompt.replace("\u00a0", " ")))


def rows(prompt: str, hand: str) -> list[Row]:
    """The figures of one workflow that have a goal."""
    ours, theirs = prompt_cost(prompt), prompt_cost(hand)
    calls = ours.calls.focused - asking_calls(prompt)
    found = [
        Row("words", count_words(prompt), count_words(hand), MOST_WORDS_OF_ONE),
        Row("focused calls a run", calls, theirs.calls.focused, MOST_CALLS),
    ]
    if ours.loops or theirs.loops:
        entry = ours.entry.focused, theirs.entry.focused
        found.append(Row("focused calls an entry", *entry, MOST_CALLS))
    return found


def print_row(label: str, row: Row) -> None:
    """Print a figure with its ratio and its goal."""
    print(
        f"{label:40}{row.compiled:9,}{row.by_hand:9,}{row.ratio:7.2f}"
        f"{row.goal:6.2f}{'  missed' if row.missed else ''}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-v", action="store_true", dest="sections", help="tokens by section")
    given = parser.parse_args()
    found: list[Row] = []
    words = [0, 0]
    print(f"{'':40}{'compiled':>9}{'by hand':>9}{'ratio':>7}{'goal':>6}")
    for name in EXAMPLES:
        ours, theirs = compiled(name), by_hand(name)
        figures = rows(ours, theirs)
        words = [words[0] + figures[0].compiled, words[1] + figures[0].by_hand]
        for row in figures:
            print_row(f"{name}, {row.what}", row)
        found += figures
        if given.sections:
            for section, tokens in prompt_cost(ours).tokens.items():
                print(f"{'    tokens of the ' + section:40}{tokens:9,}")
    whole = Row("words", *words, MOST_WORDS)
    print_row("all, words", whole)
    missed = any(row.missed for row in (*found, whole))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
