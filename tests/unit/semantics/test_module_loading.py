"""Which files are read, how often, and in which order they come out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles

FILES: dict[str, str | bytes] = {
    "a.flow": 'flow 1\nimport { b } from "./lib/b.flow"\nimport "./lib/c.flow" as c\n'
    "workflow a { steps { call b() call c.c() } }\n",
    "lib/b.flow": 'flow 1\nimport { c } from "c.flow"\ntask b() { call c() }\n',
    "lib/c.flow": 'flow 1\ntask c() { do "Wait." }\n',
    "z.flow": 'flow 1\nimport { a } from "./lib/../a.flow"\nchain z { step one = run a() }\n',
}


class CountingFiles(MemoryFiles):
    def __init__(self, files: dict[str, str | bytes]) -> None:
        super().__init__(files)
        self.reads: Counter[str] = Counter()

    def read_text(self, path: str) -> str:
        self.reads[path] += 1
        return super().read_text(path)


@given(
    st.permutations(sorted(FILES)).flatmap(lambda names: st.integers(1, 4).map(lambda n: names[:n]))
)
def test_every_file_is_read_once_and_modules_come_in_path_order(entries: list[str]) -> None:
    files = CountingFiles(FILES)
    sink = Sink()
    sources = load_sources(files, entries, sink)
    paths = [module.source.path for module in sources.modules]
    assert paths == sorted(paths)
    assert set(entries) <= set(paths)
    assert files.reads == Counter(paths)
    analyze_program(sources, None, files, sink)
    assert sink.findings_in_order() == ()


def test_only_what_is_imported_is_read() -> None:
    sources = load_sources(MemoryFiles(FILES), ["lib/b.flow"], Sink())
    assert [module.source.path for module in sources.modules] == ["lib/b.flow", "lib/c.flow"]


def test_only_lists_the_declarations_of_the_named_files() -> None:
    files = MemoryFiles(FILES)
    sink = Sink()
    sources = load_sources(files, ["z.flow"], sink)
    model = analyze_program(sources, None, files, sink, only=["z.flow"])
    assert [workflow.name for workflow in model.workflows] == []
    assert [chain.name for chain in model.chains] == ["z"]
    assert {task.name for task in model.tasks} == {"b", "c"}


def test_an_entry_that_does_not_exist_is_reported_at_its_start() -> None:
    sink = Sink()
    sources = load_sources(MemoryFiles({"intake.flow": "flow 1"}), ["intkae.flow"], sink)
    (found,) = sink.findings_in_order()
    assert sources.modules == ()
    assert (found.name, found.span.path, found.span.start) == ("missing-file", "intkae.flow", 0)
    assert found.help == "a file named `intake.flow` exists"


def test_a_missing_file_is_reported_at_each_place_that_names_it() -> None:
    text = 'flow 1\nimport { b } from "./no.flow"\ntask t() { call b() }\n'
    sink = Sink()
    load_sources(MemoryFiles({"a.flow": text, "b.flow": text}), ["a.flow", "b.flow"], sink)
    assert [d.span.path for d in sink.findings_in_order()] == ["a.flow", "b.flow"]


@pytest.mark.parametrize("order", [["a.flow", "b.flow", "c.flow"], ["c.flow", "b.flow", "a.flow"]])
def test_a_cycle_is_reported_the_same_whatever_the_order(order: list[str]) -> None:
    files: dict[str, str | bytes] = {
        f"{name}.flow": f'flow 1\nimport "./{other}.flow" as {other}\n'
        for name, other in (("a", "b"), ("b", "c"), ("c", "a"))
    }
    sink = Sink()
    load_sources(MemoryFiles(files), order, sink)
    (found,) = sink.findings_in_order()
    assert found.message == "imports form a cycle: a.flow -> b.flow -> c.flow -> a.flow"
    assert found.span.path == "c.flow"
