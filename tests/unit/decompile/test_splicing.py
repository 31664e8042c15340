"""What a splice keeps: spelling, comments, wrapping and references of what does not change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from flowdsl.decompile.pulling.editing import apply_edits
from flowdsl.decompile.pulling.literals import LITERALS, ChangedReference, words_of
from flowdsl.decompile.pulling.splicing import Draft, Splicer
from flowdsl.source.files import MemoryFiles
from flowdsl.syntax.parser.lexer import lex
from tests.support.effort import examples
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import in_rows

ANN = {"{who}": "Ann"}


def spliced(source: str, new: str, base: str | None = None) -> str:
    splicer = Splicer("a", source, ANN)
    edits = splicer.splice_range(0, len(source), None if base is None else Draft(base), Draft(new))
    return apply_edits(MemoryFiles({"a": source}), {}, edits).get("a", source)


@in_rows(
    ("source", "new", "after"),
    [
        (
            'choose "the row of {who}"  # by hand',
            'choose "the line of Ann" else abort "no Ann, no announcement"',
            'choose "the line of {who}" else abort "no {who}, no announcement"  # by hand',
        ),
        ('tags = ["a", "b"]  # c', 'tags = ["b", "c"]', 'tags = ["b", "c"]  # c'),
        ('tags = ["b"]', 'tags = ["a", "b"]', 'tags = ["a", "b"]'),
        ('tags = ["a"]', "tags = []", "tags = []"),
        (
            "inputs {\n  a: int,\n  # about b\n  b: string @min(3)  # x\n}",
            "inputs {\n  ## doc\n  a: int\n  new: string\n  b: int[] @min(3) @max(5)\n}",
            "inputs {\n  ## doc\n  a: int,\n  new: string\n  # about b\n"
            "  b: int[] @min(3) @max(5)  # x\n}",
        ),
        (
            'do """\n  Click "Save" {# blue #} at the top,\n    then wait\n  for {name}.\n"""',
            'do "Click \\"Save\\"  at the top, then \\"really\\" wait for {name}."',
            'do """\n  Click "Save" {# blue #} at the top,\n    then "really" wait\n'
            '  for {name}.\n"""',
        ),
        ('do r"Open C:\\new it."', 'do "Open C:\\new all of it."', 'do r"Open C:\\new all of it."'),
        ('do r"Open it."', 'do "Open \\"it\\"."', 'do "Open \\"it\\"."'),
        ('type who into "x"', 'type "Ann" into "the x"', 'type who into "the x"'),
    ],
)
def test_what_stays_is_not_touched(source: str, new: str, after: str) -> None:
    assert spliced(source, new) == after


@pytest.mark.parametrize(
    ("source", "base", "new", "after"),
    [
        (
            "rows: Row[] @max_items(LIMIT), b: string  # x",
            "rows: { a: int }[] @max_items(9)\nb: string",
            "rows: { a: int }[] @max_items(9)\nb: int",
            "rows: Row[] @max_items(LIMIT), b: int  # x",
        ),
        (
            'wait 5000ms\nwait until "x {who} y" timeout 60s',
            'wait 5s\nwait until "x Ann y" timeout 1m',
            'wait 5s\nwait until "x Ann z" timeout 1m else abort "no"',
            'wait 5000ms\nwait until "x {who} z" timeout 60s else abort "no"',
        ),
    ],
)
def test_what_is_spelled_otherwise_and_stays_keeps_its_spelling(
    source: str, base: str, new: str, after: str
) -> None:
    assert spliced(source, new, base) == after


def test_a_reference_that_gets_other_words_is_told() -> None:
    splicer = Splicer("a", 'do "Ask {who} now"', ANN)
    splicer.splice_range(0, 18, None, Draft('do "Ask Anna B now"'))
    assert splicer.changed == [ChangedReference("{who}", "Ann", "Anna B")]


def said(source: str) -> list[object]:
    """The tokens of a source, texts by their words; no comma says anything."""
    found: list[object] = []
    for token in lex(source):
        word = source[token.start : token.end]
        if token.kind in LITERALS:
            found.append(words_of(word, {}))
        elif token.kind not in ("WS", "COMMENT", "COMMA") or word.startswith("##"):
            found.append(word.strip())
    return found


@settings(max_examples=examples(200), deadline=None)
@given(workflows(), workflows())
def test_what_is_spliced_says_what_was_written(source: str, new: str) -> None:
    assert said(spliced(source, new)) == said(new)
    assert spliced(source, new, base=source) == spliced(source, new)
    assert spliced(source, source) == source
