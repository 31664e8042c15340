"""`docs/language-reference.md` has an entry for everything that can be written, with an example."""

from __future__ import annotations

from pathlib import Path

from flowdsl.catalog import diagnostics
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.explain.guides import list_guides, read_guide
from flowdsl.explain.language import find_language_entries, list_language_names
from flowdsl.explain.page import PICTURE
from flowdsl.format.formatter import format_source
from flowdsl.semantics.types import PRIMITIVES
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax.statements import STATEMENTS
from tests.docs.test_documents import LIBRARY
from tests.support.command_line import run_command, run_here
from tests.support.rows import check_rows
from tools.grammar_forms import Grammar
from tools.language_reference import (
    CONDITIONS,
    EXAMPLE,
    FILE,
    FOLDER,
    TABLES,
    find_entries,
    split_example,
)

UNUSED = {"unused-input", "unused-type", "unused-task", "unused-const"}
"""Findings of an example that shows a declaration alone."""
BESIDE = {
    "lib/chartpoint.flow": LIBRARY.read_bytes(),
    "run-button.png": PICTURE,
    "delete_temporary.prompt.md": b"Delete the temporary files.\n",
}
"""The files that examples name."""


def test_every_row_of_a_table_has_an_entry_with_an_example() -> None:
    written = find_entries()
    assert written.keys() == TABLES.keys()
    for chapter, find_rows in TABLES.items():
        assert set(written[chapter]) == set(find_rows()), chapter
        for name, text in written[chapter].items():
            shown = "\n".join(split_example(each)[0] for each in EXAMPLE.findall(text))
            first = name.split()[0].strip('"{')
            assert shown and (first in shown or chapter == "Types"), f"{chapter}: {name}"


def test_the_tables_hold_what_the_grammar_and_the_compiler_know() -> None:
    grammar = Grammar()
    statements = TABLES["Statements"]()
    assert statements.keys() == {row.keyword for row in STATEMENTS.values()}
    assert set(PRIMITIVES) < TABLES["Types"]().keys()
    named = {form.alias for rule in ("or_", "and_", "not_") for form in grammar.find_forms(rule)}
    assert named - {"not_"} == CONDITIONS.keys() - {"count_of"}
    kinds = {"type_name", "object_type", "enum_type", "type_suffix"}
    assert grammar.find_members("type") == kinds


def test_the_examples_are_clean_and_formatted() -> None:
    def check(example: str) -> None:
        _, whole = split_example(example)
        formatted = format_source(SourceFile("shown.flow", whole)).text
        assert _lines_of(formatted) == _lines_of(whole)
        files = MemoryFiles({"shown.flow": whole, **BESIDE})
        analysis = analyze(files, ["shown.flow"], CompileOptions())
        assert [
            (each.name, each.message)
            for each in analysis.diagnostics
            if each.severity != INFO and each.name not in UNUSED
        ] == []

    texts = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.md"))]
    check_rows([example for text in texts for example in EXAMPLE.findall(text)], check)


def _lines_of(flow: str) -> list[str]:
    return [line.strip() for line in flow.splitlines() if line]


def test_explain_finds_every_entry_of_the_page() -> None:
    written = find_entries()
    assert set(list_language_names()) == {name for names in written.values() for name in names}
    page = FILE.read_text("utf-8")
    for name in list_language_names():
        found = find_language_entries(name)
        assert len(found) >= sum(name in names for names in written.values()), name
        for entry in found:
            chapter, _, text = entry.partition("\n\n")
            assert chapter.removeprefix("## ") in written
            assert text in page


def test_explain_prints_what_a_word_means(tmp_path: Path) -> None:
    done = run_command(tmp_path, "explain", "count", "of")
    assert (done.code, done.err) == (0, "")
    assert done.text == f"{find_language_entries('count of')[0]}\n"
    assert find_language_entries("min") == find_language_entries("@min") != []
    unknown = run_command(tmp_path, "explain", "repet")
    assert (unknown.code, unknown.text) == (64, "")
    assert "one named `repeat` exists" in unknown.err


def test_explain_prints_pages_of_the_documentation(tmp_path: Path) -> None:
    listed = run_here(tmp_path, "explain")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.text.splitlines()] == list(list_guides())
    docs = FILE.parent
    for name in (*list_guides(), "cookbook/reading"):
        file = docs / f"{name}.md"
        page = file if file.is_file() else docs / name / "README.md"
        lines = page.read_text("utf-8").splitlines(keepends=True)
        read = "".join(line for line in lines if not line.startswith("<!-- "))
        assert read_guide(name) == read, name
    assert not list_guides().keys() & {*diagnostics(), *list_language_names()}
    for outside in ("../README", "cookbook/../../README", "site/conf", "adr/README/x", ""):
        assert read_guide(outside) is None
    assert run_here(tmp_path, "explain", "tutorial").text == read_guide("tutorial")
