"""Laws of the formatter.

A file keeps its meaning and its comments, no file changes twice, and what is wrong stays as it is.

What a file means is its tree, and besides what people get from it: findings, what suppressions
silence, payloads.

`FLOWDSL_FORMAT_PROGRAMS=5000` runs them over that many generated programs of each kind.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.lint.suppressions import find_suppressions
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.lexer import lex
from flowdsl.syntax.visit import dump
from tests.support.effort import THOROUGH, every, examples
from tests.support.flows.compiling import PROJECTS, compile_folder
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.flows.generated.programs import NOISE, SAMPLES, mutated, program
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import for_rows

ROOT = Path(__file__).parents[2]
PROGRAMS = int(os.environ.get("FLOWDSL_FORMAT_PROGRAMS", "0"))
seeds = st.integers(0, 2**32)

SPELLINGS = {
    "STRING": (
        *SAMPLES["STRING"],
        '"{{ run.value }} and {{\tx}} \\{{ y }} {# {{ z }} #} { {{ w }} }"',
        f'"{"a long text that does not fit on a line with anything else " * 2}"',
        '"an ordinary sentence about the button at the top right"',
    ),
    "BLOCK": (
        *SAMPLES["BLOCK"],
        '"""first line  \n      second {{ x }}\t \n   third"""',
        '"""\n\n  {# over\n       several\n lines #}\n\tx\n"""'.replace("\t", "    "),
        '"""\n{# nothing\n   but #}\n      {# comments #}  \n"""',
        '"""one line  """',
        '"""say "hi" """',
        '"""  \n   ends in C:\\ """',
        '"""\r\n\t\r\n    windows \r\n      breaks\r\n  """',
    ),
}
COMMENTS = (
    " # note\n", " # flow: ignore[x] y\n", "\n#flow: ignore[x] y\n", "\n## doc\n", "\n\n# own\n\n",
    " # fmt: skip\n", "\n# fmt: off\n", "\n# fmt: on\n", "  ##doc  \n", "\n\n\n",
)  # fmt: skip


def files() -> list[Path]:
    """The flows of the repository that are text."""
    return sorted(
        path
        for folder in ("examples", "tests", "flowdsl")
        for path in (ROOT / folder).rglob("*.flow")
        if b"\0" not in path.read_bytes()
    )


def cases(*folders: str) -> list[Case]:
    return [case for folder in folders for case in find_cases(CORPUS / folder)]


def generated(seed: int) -> str:
    """A random program with all kinds of texts, comments and marks for the formatter."""
    rng = random.Random(seed)
    text = program(rng, rng.choice((8, 12, 14, 18)), SAMPLES | SPELLINGS)
    if rng.random() < 0.3:
        return text
    rare = rng.choice((0.05, 0.3, 1.0))
    return re.sub(
        r" # note\n|\n## doc\n",
        lambda found: rng.choice(COMMENTS) if rng.random() < rare else "\n",
        text,
    )


def meaning(text: str) -> tuple[list[str], list[str], list[object]]:
    """The tree without places: imports in no order, and of comments in texts only the words."""
    module = parse_module(SourceFile("x.flow", text), Sink())
    trees = [_tree(node) for node in module.declarations]
    imports = [
        f"{node.path.value} {sorted(_tree(name) for name in node.names)}"
        if isinstance(node, ast.ImportNames)
        else _tree(node)
        for node in module.imports
    ]
    return sorted(imports), trees, [node.names for node in module.unread]


def _tree(node: ast.Node) -> str:
    tree = dump(node, offsets=False)
    return re.sub(
        r"(?m)^ *TextComment value=(.*)",
        lambda found: " ".join(re.split(r"(?:\\[nrt]|\s)+", found.group(1))),
        tree,
    )


def comments(text: str) -> list[str]:
    return [text[each.start : each.end].rstrip() for each in lex(text) if each.kind == "COMMENT"]


def covered(text: str) -> list[tuple[str, list[str]]]:
    """The suppressions of a file, each with the kinds of tokens it covers."""
    module = parse_module(SourceFile("x.flow", text), Sink())
    tokens = [each for each in lex(text) if each.kind not in ("COMMENT", "WS", "COMMA")]
    return sorted(
        (
            text[each.place.start : each.place.end].rstrip(),
            sorted(
                token.kind
                for token in tokens
                if any(start <= token.start <= end for start, end in each.covers)
            ),
        )
        for each in find_suppressions(module)
    )


def assert_laws(text: str) -> str:
    """What holds for every text; the formatted one."""
    formatted = format_source(SourceFile("x.flow", text))
    assert formatted.problem is None
    again = format_source(SourceFile("x.flow", formatted.text))
    assert again.text == formatted.text
    assert meaning(text) == meaning(formatted.text)
    if "import" not in text:
        assert comments(text) == comments(formatted.text)
    assert sorted(comments(text)) == sorted(comments(formatted.text))
    if "flow:" in text and not formatted.mistakes:
        assert covered(text) == covered(formatted.text)
    assert bool(formatted.mistakes) == bool(again.mistakes)
    return formatted.text


def assert_style(text: str) -> None:
    """What a formatted file without marks and suppressions looks like."""
    assert text.endswith("\n")
    lines = text.replace("\r\n", "\n").split("\n")
    assert [line for line in lines if line != line.rstrip(" \t")] == []
    outside = re.sub(r'"""(?:[^"\\]|\\"""|\\(?!""")|"(?!""))*"""', "", "\n".join(lines))
    assert "\n\n\n" not in outside
    assert "{\n\n" not in outside
    assert not re.search(r"\n\n *\}", outside)


def assert_left_alone(text: str) -> None:
    """What cannot be read is byte for byte in the formatted text."""
    formatted = format_source(SourceFile("x.flow", text))
    module = parse_module(SourceFile("x.flow", text), Sink())
    touched = [
        node
        for node in (*module.imports, *module.declarations, *module.unread)
        if any(
            node.start <= found.span.end and found.span.start <= node.end
            for found in formatted.mistakes
        )
    ]
    for node in touched:
        assert plain_breaks(text[node.start : node.end]).rstrip() in plain_breaks(formatted.text)


def plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def assert_program(seed: int) -> None:
    text = generated(seed)
    formatted = assert_laws(text)
    assert not format_source(SourceFile("x.flow", text)).mistakes
    if not re.search("fmt:|flow:", text) and not re.search(r"##[^\n]*\s+,", text):
        assert_style(formatted)


def assert_broken_program(seed: int) -> None:
    text = mutated(random.Random(seed), generated(seed))
    assert_laws(text)
    assert_left_alone(text)


@settings(max_examples=examples(150), deadline=None)
@given(seeds)
def test_a_program_keeps_its_meaning_and_changes_once(seed: int) -> None:
    assert_program(seed)


@settings(max_examples=examples(150), deadline=None)
@given(seeds)
def test_a_program_with_mistakes_is_formatted_around_them(seed: int) -> None:
    assert_broken_program(seed)


@for_rows(
    lambda: every(24, files()),
    name=lambda path: path.relative_to(ROOT).as_posix(),
    fewest=400 if THOROUGH else 15,
)
def test_a_file_of_the_repository_keeps_its_meaning(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
    assert_laws(text)
    assert_left_alone(text)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from((*NOISE, "flow 1", " ", "a", "{x}", "{#", "#}", "# fmt: off", "\r"))
    ).map("".join)
)
def test_any_text_can_be_formatted(text: str) -> None:
    assert_laws(text)
    assert_laws(f"flow 1\n{text}")


def formatted_case(case: Case) -> Case:
    files: dict[str, str | bytes] = {}
    for path, content in case.files.items():
        text = content.decode(errors="replace") if isinstance(content, bytes) else content
        legible = path.endswith(".flow") and "\ufffd" not in text
        files[path] = format_source(SourceFile(path, text)).text if legible else content
    return case._replace(files=files)


def findings(found: Iterable[Diagnostic]) -> Counter[tuple[str, ...]]:
    """Findings by what they say and the words they point at."""
    return Counter(
        (
            each.span.path,
            each.name,
            each.message,
            "".join(each.span.source.text[each.span.start : each.span.end].split()),
        )
        for each in found
    )


@for_rows(
    lambda: every(16, cases("lint", "invalid", "valid")),
    name=lambda case: case.id,
    fewest=300 if THOROUGH else 18,
)
def test_a_case_keeps_its_findings(case: Case) -> None:
    assert findings(formatted_case(case).linted()) == findings(case.linted())


@for_rows(
    lambda: every(24, cases("lint")),
    name=lambda case: case.id,
    fewest=70 if THOROUGH else 3,
)
def test_a_suppression_silences_the_same_findings(case: Case) -> None:
    for path, name, start in {
        (each.span.path, each.name, each.span.start) for each in case.linted()
    }:
        content = case.files[path]
        text = content.decode() if isinstance(content, bytes) else content
        line, below = text.rfind("\n", 0, start) + 1, (text + "\n").index("\n", start)
        comment = f"# flow: ignore[{name}] reason"
        ends = [below, text.find("\n", below + 1)]
        suppressed = [f"{text[:line]}{comment}\n{text[line:]}"]
        suppressed += [
            f"{text[:line]}{text[line:end].replace(chr(10), ' ')} {comment}{text[end:]}"
            for end in ends
            if "#" not in text[line : max(end, line)]
        ]
        for written in suppressed:
            marked = case._replace(files=case.files | {path: written})
            before = findings(marked.linted())
            assert findings(formatted_case(marked).linted()) == before, written


def payloads(compilation: Compilation) -> list[Any]:
    assert compilation.bundle is not None
    bundle = compilation.bundle
    workflows = [(each.name, render_plain_json(each.payload)) for each in bundle.workflows]
    return [*workflows, *((each.name, render_plain_json(each.payload)) for each in bundle.chains)]


def untidy(text: str) -> str:
    """The same tokens and comments on other lines."""
    rng = random.Random(text)
    pieces = []
    before = "COMMENT"
    for token, after in pairwise(lex(text)):
        movable = token.kind == "WS" and "COMMENT" not in (before, after.kind)
        piece = rng.choice((" ", "   ", "\n", "\n\t")) if movable else text[token.start : token.end]
        pieces.append(piece)
        before = token.kind
    return "".join(pieces)


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_project_compiles_to_the_find_differing_fieldss(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and ".flowdsl" not in path.parts:
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if path.suffix == ".flow":
                text = untidy(content.decode())
                content = format_source(SourceFile(path.name, text)).text.encode()
            copy.write_bytes(content)
    assert payloads(compile_folder(tmp_path)) == payloads(compile_folder(folder))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_a_workflow_compiles_to_the_find_differing_fields(source: str) -> None:
    texts = (source, format_source(SourceFile("main.flow", source)).text)
    before, after = (
        compile_project(MemoryFiles({"main.flow": text}), ["main.flow"], CompileOptions())
        for text in texts
    )
    assert findings(after.analysis.diagnostics) == findings(before.analysis.diagnostics)
    if not before.analysis.has_errors:
        assert payloads(after) == payloads(before)


@pytest.mark.skipif(not PROGRAMS, reason="set FLOWDSL_FORMAT_PROGRAMS to run it")
@pytest.mark.parametrize("check", [assert_program, assert_broken_program])
def test_many_programs(check: object) -> None:
    assert callable(check)
    for seed in range(PROGRAMS):
        check(seed)
