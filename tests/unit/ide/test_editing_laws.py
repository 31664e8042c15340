"""Random edits of flows: no feature raises, and the findings are those of a fresh check."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import pytest

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.ide import session as session_module
from flowdsl.ide.completion.complete import complete
from flowdsl.ide.completion.project_file import complete_project_file, describe_key
from flowdsl.ide.completion.signature import find_signature
from flowdsl.ide.edits.actions import find_actions
from flowdsl.ide.edits.formatting import format_file, format_lines
from flowdsl.ide.names.hover import describe_place
from flowdsl.ide.names.navigation import (
    find_definition,
    find_named_files,
    find_references,
    highlight,
)
from flowdsl.ide.names.rename import rename
from flowdsl.ide.preview import make_preview
from flowdsl.ide.session import Session
from flowdsl.ide.trial import apply_edits
from flowdsl.ide.views.folding import find_folds
from flowdsl.ide.views.hints import find_hints, find_lenses
from flowdsl.ide.views.symbols import find_project_symbols, find_symbols
from flowdsl.ide.views.tokens import find_tokens
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from tests.support.effort import THOROUGH

EXAMPLES = Path(__file__).parents[3] / "examples"
EDITS = 5_000 if THOROUGH else 40
"""Edits in a quick run and in a thorough one."""
PIECES = [
    *("{", "}", "(", ")", '"', '"""', "\n", " ", ".", "$", "@", "#", ":", ",", "=", "[", "]"),
    *("\r\n", "\t", "😀", "\x00", "é", "{x", "{$", "'", "\\", "->", "flow 1\n", "0"),
    *('import { sign_in } from "./lib/chartpoint.flow"\n', 'import "./a.flow" as a\n'),
    *("call ", "if ", "else ", "emit x = ", "for x in ", 'do "', "task t(", "workflow w {\n"),
    *("secret ", "test ", "chain c { step a = run ", "type T { a: int }\n", 'prompt from "x.md"\n'),
]


def edit(random: Random, text: str) -> str:
    """`text` with a piece inserted, removed, doubled or moved."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.choice((0, 1, 1, 3, 20, 200)))
    kind = random.randrange(5)
    if kind == 0:
        return text[:start] + text[end:]
    if kind == 1:
        return text[:end] + text[start:end] + text[end:]
    if kind == 2:
        place = random.randrange(len(text) + 1)
        return text[:place] + text[start:end] + text[place:]
    return text[:start] + random.choice(PIECES) + text[start:]


def use_every_feature(session: Session, path: str, offset: int) -> None:
    text = session.text_of(path) or ""
    source = SourceFile(path, text)
    snapshot = session.analyze_file(path)
    module = snapshot.module(path)
    complete(session, path, text, offset)
    find_signature(session, path, text, offset)
    describe_place(session, path, offset)
    find_definition(session, path, offset)
    find_references(session, path, offset)
    highlight(session, path, offset)
    find_named_files(snapshot, path)
    edits = rename(session, path, offset, "another_name")
    if isinstance(edits, tuple):
        apply_edits(edits)
    list(find_actions(session, path, max(0, offset - 30), offset + 30))
    format_file(source)
    format_lines(source, offset, offset + 10)
    find_folds(source)
    make_preview(session, path, offset)
    list(find_project_symbols(session, "a"))
    complete_project_file(text, offset)
    describe_key(text, offset)
    if module is not None:
        find_symbols(module)
        tokens = find_tokens(snapshot, module)
        assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))
        assert not any("\n" in text[each.start : each.end] for each in tokens)
        list(find_hints(snapshot, module, 0, len(text)))
        list(find_lenses(session, snapshot, module))


def shown(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[object, ...]]:
    return [each.sort_key() for each in diagnostics]


@pytest.mark.parametrize("small", [1, 16])
def test_random_edits_never_raise_and_end_with_the_findings_of_a_fresh_check(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(small)
    done = 0
    # With 1, every question about a file analyses it with its imports alone.
    monkeypatch.setattr(session_module, "SMALL_GROUP", small)
    while done < EDITS:
        root = random.choice(sorted(each for each in EXAMPLES.iterdir() if each.is_dir()))
        contents: dict[str, str | bytes] = {
            path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(root.rglob("*"))
            if path.suffix in (".flow", ".md", ".toml", ".json", ".csv") and path.is_file()
        }
        flows = [path for path in contents if path.endswith(".flow")]
        session = Session(MemoryFiles(contents), CompileOptions(), flows)
        for turn in range(1, 21):
            done += 1
            path = random.choice(flows)
            before = contents[path]
            assert isinstance(before, str)
            contents[path] = after = edit(random, before)
            session.change(path)
            if turn % 4 == 0:
                use_every_feature(session, path, random.randrange(len(after) + 1))
            if turn % 10 == 0:
                fresh = analyze(MemoryFiles(contents), flows, CompileOptions())
                found = {
                    each.sort_key(): each
                    for names in session.groups()
                    for each in session.check_group(names[0]).analysis.diagnostics
                }
                assert sorted(found) == shown(fresh.diagnostics)
            if random.random() < 0.3:
                contents[path] = before
                session.change(path)
