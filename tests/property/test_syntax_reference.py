"""The tables and the driver read what Lark reads: same texts, same tree, same spans."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lark.exceptions import UnexpectedInput

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.driver import Build, Stack, make_rules, run
from flowdsl.syntax.parser.lexer import Lexemes, lex
from flowdsl.syntax.parser.tables import TERMINALS, WORDS
from flowdsl.syntax.reference import Branch, Leaf, generic_tree
from tests.support.effort import THOROUGH, every, examples
from tests.support.flows.generated.programs import SAMPLES, lark, mutated, program
from tests.support.rows import for_rows

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("tests/corpus", "examples")
    for path in (ROOT / folder).rglob("*.flow")
    # Lark has no limit of nesting, and trees that deep cannot be compared.
    if "crashers" not in path.parts
)
SAMPLE_TEXTS = [
    path.read_text(encoding="utf-8", errors="replace")
    for path in FILES
    if "samples" in path.parts or "examples" in path.parts
]
# Reported by the second stage, which Lark's grammar knows nothing of.
SECOND_STAGE = {
    "former-spelling",
    "malformed-variable",
    "number-too-long",
    "tab-in-indent",
    "unclosed-text-comment",
    "unclosed-variable",
    "unknown-edition",
}
seeds = st.integers(0, 2**32)


def lark_tree(text: str) -> Branch | None:
    try:
        return generic_tree(lark().parse(text))
    except UnexpectedInput:
        return None


def driver_tree(text: str) -> Branch | None:
    """Parse a text with the tables and the driver to a generic tree; None if they reject it."""
    tokens = Lexemes(text)

    def leaf(index: int) -> Leaf:
        return Leaf(TERMINALS[tokens.kinds[index]], tokens.starts[index], tokens.ends[index])

    def build(name: str) -> Build:
        def branch(_: object, start: int, end: int, children: Sequence[Any]) -> Branch:
            kept = (leaf(child) if isinstance(child, int) else child for child in children)
            return Branch(name, start, end, tuple(kept))

        return branch

    stack = Stack()
    stopped = run(tokens, stack, 0, make_rules(build))
    tree: Branch | None = stack.values[-1] if stopped < 0 else None
    return tree


def reports_syntax_errors(text: str) -> bool:
    sink = Sink()
    parse_module(SourceFile("x.flow", text), sink)
    return any(found.name not in SECOND_STAGE for found in sink.findings_in_order())


@for_rows(
    lambda: every(6, FILES),
    name=lambda path: path.relative_to(ROOT),
    fewest=350 if THOROUGH else 58,
)
def test_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    assert driver_tree(text) == lark_tree(text)


@settings(max_examples=examples(150), deadline=None)
@given(seeds, st.integers(6, 16))
def test_generated_programs(seed: int, depth: int) -> None:
    text = program(random.Random(seed), depth)
    tree = lark_tree(text)
    assert tree is not None
    assert driver_tree(text) == tree
    assert not reports_syntax_errors(text)


@settings(max_examples=examples(200), deadline=None)
@given(seeds)
def test_mutated_programs_are_accepted_or_rejected_by_both(seed: int) -> None:
    rng = random.Random(seed)
    text = mutated(rng, rng.choice([*SAMPLE_TEXTS, program(rng)]))
    tree = lark_tree(text)
    assert driver_tree(text) == tree
    assert reports_syntax_errors(text) == (tree is None)


def test_one_mistake_gives_hardly_more_than_one_diagnostic() -> None:
    counts = []
    for seed in range(400 if THOROUGH else 60):
        rng = random.Random(seed)
        text = rng.choice(SAMPLE_TEXTS)
        tokens = [token for token in lex(text) if token.kind not in ("WS", "COMMENT")]
        token, other = rng.choice(tokens), rng.choice(tokens)
        instead = rng.choice(("", text[other.start : other.end]))
        sink = Sink()
        parse_module(SourceFile("x.flow", text[: token.start] + instead + text[token.end :]), sink)
        counts += [len(sink.findings_in_order())] if sink.findings_in_order() else []
    assert sum(counts) / len(counts) < 1.3


@settings(max_examples=examples(100), deadline=None)
@given(seeds)
def test_every_keyword_that_is_not_reserved_can_be_a_name(seed: int) -> None:
    words = tuple(word for word, _ in WORDS if word.isalpha())
    free = tuple(w for w in words if w not in ("true", "false", "null", "not", "sees"))
    names = {"NAME": free, "FIELD": words, "KEY": words, "ROOT": words}
    assert lark_tree(program(random.Random(seed), 14, SAMPLES | names)) is not None
