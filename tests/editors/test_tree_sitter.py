"""The tree-sitter grammar of editors reads what Lark reads, and nothing else."""

from __future__ import annotations

import ctypes
import random
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lark import UnexpectedInput

from flowdsl.syntax.reference import reference_parser
from tests.support.effort import only_thorough
from tools.tree_sitter import FOLDER, generate_parser, main, make_grammar

if TYPE_CHECKING:
    from tree_sitter import Language

ROOT = Path(__file__).parents[2]
FLOWS = sorted([*ROOT.glob("examples/**/*.flow"), *ROOT.glob("tests/corpus/**/*.flow")])


def test_every_keyword_has_a_colour() -> None:
    colours = (FOLDER / "queries" / "highlights.scm").read_text("utf-8")
    keywords = set(re.findall(r'"value": "([a-z]+)"', make_grammar()))
    assert len(keywords) > 100
    assert keywords - set(re.findall(r"[a-z]+", colours)) == set()


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Language:
    tree_sitter = pytest.importorskip("tree_sitter")
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    if shutil.which("tree-sitter") is None:
        pytest.skip("there is no `tree-sitter`, which generates the parser")
    folder = tmp_path_factory.mktemp("parser")
    sources, library = generate_parser(folder), folder / "flowdsl.so"
    files = [sources / "parser.c", sources / "scanner.c"]
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-Wall", "-I", sources, *files, "-o", library], check=True
    )
    entry = ctypes.CDLL(str(library)).tree_sitter_flowdsl
    entry.restype = ctypes.c_void_p
    named = ctypes.pythonapi.PyCapsule_New
    named.restype, named.argtypes = (
        ctypes.py_object,
        (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
    )
    made: Language = tree_sitter.Language(named(entry(), b"tree_sitter.Language", None))
    return made


def test_what_is_missing_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tools.tree_sitter.FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main() == 1
    assert capsys.readouterr().err.startswith("`tree-sitter` is not on the path: install version")


def test_what_is_generated_is_not_kept() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--", FOLDER / "src"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert listed.stdout.split() == ["editors/tree-sitter/src/scanner.c"]


@only_thorough
def test_it_accepts_the_flows_that_lark_accepts(language: Language) -> None:
    from tree_sitter import Parser

    lark, parser = reference_parser(), Parser(language)
    verdicts: dict[bool, int] = {True: 0, False: 0}
    for path in FLOWS:
        content = path.read_bytes()
        try:
            lark.parse(content.decode("utf-8"))
            accepted = True
        except UnexpectedInput:
            accepted = False
        except UnicodeDecodeError:
            continue
        assert parser.parse(content).root_node.has_error is not accepted, path
        verdicts[accepted] += 1
    assert verdicts[True] > 600 and verdicts[False] > 80


@only_thorough
def test_it_never_hangs(language: Language) -> None:
    from tree_sitter import Parser

    parser, chance = Parser(language), random.Random(1)
    for path in FLOWS:
        content = bytearray(path.read_bytes())
        for _ in range(20):
            at = chance.randrange(len(content) + 1)
            content[at : at + chance.choice((0, 1, 30))] = chance.choice(
                (b"", b'"', b'"""', b"{", b"}", b"type ", b"\\", b"\0", b"\xff")
            )
        begun = time.process_time()
        parser.parse(bytes(content))
        assert time.process_time() - begun < 5, path


@pytest.mark.parametrize("path", sorted(FOLDER.glob("queries/*.scm")))
@only_thorough
def test_a_query_names_nodes_of_the_grammar(language: Language, path: Path) -> None:
    from tree_sitter import Query

    Query(language, path.read_text("utf-8"))
