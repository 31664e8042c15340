"""What the documents say is true.

Their flows check, their project files load, their links lead somewhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flowdsl.cli.main import COMMANDS
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from tests.support.rows import for_rows, in_rows

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks/README.md",
    ROOT / "grammars/README.md",
    ROOT / "tests/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
LIBRARY = ROOT / "examples/clinic/flows/lib/chartpoint.flow"
"""What the flow of the README imports."""
_BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block of a document."""

    document: str
    line: int
    language: str
    text: str


def blocks(document: Path) -> list[Block]:
    content = document.read_text(encoding="utf-8")
    name = document.relative_to(ROOT).as_posix()
    return [
        Block(name, content.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _BLOCK.finditer(content)
    ]


BLOCKS = [
    block
    for document in DOCUMENTS
    if document.parent != ROOT / "docs/reference"  # made of the pages, whose examples have tests
    for block in blocks(document)
]
FLOWS = [
    block
    for block in BLOCKS
    if block.language == "flow"
    and block.text.startswith("flow 1")
    # Tests of their own check them with other files.
    and block.document not in {"docs/language-reference.md", "docs/tutorial.md"}
    and not block.document.startswith("docs/cookbook/")
]
PROJECTS = [b for b in BLOCKS if b.language == "toml" and "[project]" in b.text]


def place(block: Block) -> str:
    return f"{block.document}:{block.line}"


def section(title: str) -> str:
    """The README's text below a heading, up to the next."""
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return found[1]


def test_there_is_something_to_check() -> None:
    assert {block.document for block in FLOWS} == {
        "README.md",
        "docs/checking.md",
        "docs/formatting.md",
        "docs/language.md",
        "docs/pulling.md",
        "docs/testing.md",
    }
    assert {block.document for block in PROJECTS} == {
        "README.md",
        "docs/checking.md",
        "docs/cookbook/environments.md",
        "docs/cookbook/files.md",
        "docs/cookbook/signing-in.md",
        "docs/language-reference.md",
        "docs/project-file.md",
    }


@in_rows("block", FLOWS, ids=place)
def test_a_flow_in_a_document_is_clean(block: Block) -> None:
    files = MemoryFiles({"shown.flow": block.text, "lib/chartpoint.flow": LIBRARY.read_bytes()})
    analysis = analyze(files, ["shown.flow"], CompileOptions())
    assert [(d.span.first, d.message) for d in analysis.diagnostics] == []


@in_rows("block", PROJECTS, ids=place)
def test_a_project_file_in_a_document_loads(block: Block) -> None:
    sink = Sink()
    project = load_project(block.text, "flowdsl.toml", sink)
    assert [found.message for found in sink.findings_in_order()] == []
    assert project is not None


def test_the_readme_shows_what_check_prints(tmp_path: Path) -> None:
    flow = next(block.text for block in FLOWS if block.document == "README.md")
    (shown,) = [b.text for b in BLOCKS if (b.document, b.language) == ("README.md", "text")]
    (tmp_path / "flows/lib").mkdir(parents=True)
    (tmp_path / "flows/lib/chartpoint.flow").write_bytes(LIBRARY.read_bytes())
    misspelt = re.sub(r'(do "[^"]*)\{mrn\}', r"\1{mnr}", flow, count=1)
    assert misspelt != flow
    (tmp_path / "flows/phone_lookup.flow").write_text(misspelt, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "flowdsl", "check", "flows/phone_lookup.flow"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("FLOWDSL_")},
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode() == shown


@for_rows(lambda: DOCUMENTS, name=lambda p: p.relative_to(ROOT).as_posix(), fewest=200)
def test_relative_links_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", read_prose(document))):
        path, _, anchor = target.partition("#")
        if path.startswith("https://"):
            continue
        page = document.parent / path if path else document
        assert page.exists(), target
        if anchor and document.name != "CHANGELOG.md":  # which names pages as they once were
            assert anchor in anchors(page.resolve()), target


def read_prose(document: Path) -> str:
    """The text of a document without its blocks."""
    return _BLOCK.sub("", document.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives the headings of a page: a second of one name gets a number."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", read_prose(page), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w -]", "", shown.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return frozenset(names)


def test_the_table_of_commands_names_all_commands_and_no_others() -> None:
    page = (ROOT / "docs/commands.md").read_text("utf-8")
    rows = re.findall(r"^\| `flowdsl ([a-z-]+)", page, re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").split()) <= 900


def test_the_flow_of_the_readme_is_formatted() -> None:
    flow = next(block.text for block in FLOWS if block.document == "README.md")
    assert format_source(SourceFile("readme.flow", flow)).text == flow


@in_rows("block", [b for b in BLOCKS if b.language == "sh"], ids=place)
def test_commands_in_documents_exist(block: Block) -> None:
    named = re.findall(r"(?<![\w/])(?:\.venv/bin/)?flowdsl(?: -C \S+)? ([a-z]+)", block.text)
    assert set(named) <= set(COMMANDS)


def test_the_readme_has_two_commands() -> None:
    found = [b for b in _BLOCK.findall(section("Two commands")) if b[0] == "sh"]
    assert [len(text.splitlines()) for _, text in found] == [1, 1]


def test_the_languages_of_blocks_are_those_that_are_tested() -> None:
    assert {block.language for block in BLOCKS} <= {
        "flow",
        "sh",
        "text",
        "toml",
        "python",
        "json",
        "",
    }
    # `test_running_document.py` and `test_tutorial_document.py` run them.
    python = {block.document for block in BLOCKS if block.language == "python"}
    assert python == {"docs/running.md", "docs/tutorial.md"}
