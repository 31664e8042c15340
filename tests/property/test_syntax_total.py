"""Laws of the syntax layer that hold for any text."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.diagnostics.syntax_mutations import KINDS, Sample, sample_programs, samples_of
from flowdsl.api import MemoryFiles, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.lexer import lex
from flowdsl.syntax.texts.literals import scan_text
from flowdsl.syntax.visit import dump, walk
from tests.support.effort import examples
from tests.support.flows.generated.programs import NOISE, mutated, program

pieces = st.lists(st.sampled_from((*NOISE, "flow 1", " ", "a", "{x}", "{#", "#}", "$", "\r")))
texts = (
    st.text()
    | pieces.map("".join)
    | st.integers(0, 2**32).map(
        lambda seed: mutated(random.Random(seed), program(random.Random(seed)))
    )
)


@given(texts)
def test_lexing_loses_nothing(text: str) -> None:
    tokens = lex(text)
    assert "".join(text[token.start : token.end] for token in tokens) == text
    assert [token.start for token in tokens[1:]] == [token.end for token in tokens[:-1]]
    assert all(token.end > token.start for token in tokens)


@settings(max_examples=examples(300), deadline=None)
@given(texts)
def test_parsing_is_total_and_every_place_lies_in_the_file(text: str) -> None:
    sink = Sink()
    module = parse_module(SourceFile("x.flow", text), sink)
    for found in sink.findings_in_order():
        spans = [found.span, *(label.span for label in found.labels)]
        spans += [edit.span for fix in found.fixes for edit in fix.edits]
        assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    for node in walk(module):
        assert 0 <= node.start <= node.end <= len(text)


@cache
def samples() -> list[Sample]:
    return samples_of(sample_programs())


def spans_lie_inside(found: Diagnostic, texts: dict[str, str]) -> None:
    places = [found.span, *(label.span for label in found.labels)]
    places += [edit.span for fix in found.fixes for edit in fix.edits]
    for span in places:
        # A file that cannot be read is reported at its first character.
        text = texts.get(span.path, span.source.text)
        assert span.source.text in (text, "")
        assert 0 <= span.start <= span.end <= len(span.source.text)


def applied(fix: Fix, path: str, text: str) -> str:
    edits = sorted(fix.edits, key=lambda edit: edit.span.start)
    assert all(edit.span.path == path for edit in edits)
    assert all(a.span.end <= b.span.start for a, b in pairwise(edits))
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def checked(sample: Sample, text: str) -> tuple[Diagnostic, ...]:
    """What the whole check finds in a program with one file changed."""
    files = sample.program.files | {sample.path: text}
    entries = [path for path in files if path.endswith(".flow")]
    found = analyze(MemoryFiles(files), entries, sample.program.options).diagnostics
    texts = {path: each for path, each in files.items() if isinstance(each, str)}
    for each in found:
        spans_lie_inside(each, texts)
    return found


@settings(max_examples=examples(150), deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(list(KINDS)), st.booleans())
def test_checking_a_program_with_mistakes_is_total(seed: int, kind: str, noise: bool) -> None:
    rng = random.Random(seed)
    sample = rng.choice(samples())
    change = KINDS[kind](rng, sample)
    text = sample.text if change is None else change.of(sample.text)
    text = mutated(rng, text) if noise else text
    for found in checked(sample, text):
        for fix in found.fixes:
            if fix.applicability == "safe" and found.span.path == sample.path:
                checked(sample, applied(fix, sample.path, text))


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(0, 2**32))
def test_a_mistake_leaves_the_other_declarations_as_they_are(seed: int) -> None:
    """A mutation behind the name of a declaration costs no other one of the file."""
    rng = random.Random(seed)
    sample = rng.choice(samples())
    change = rng.choice(list(KINDS.values()))(rng, sample)
    number = None if change is None else sample.declaration(change.start)
    if change is None or number is None:
        return
    declaration = sample.declarations[number]
    if change.start < declaration.header_end or change.end > declaration.end:
        return
    text = change.of(sample.text)
    module = parse_module(SourceFile("x.flow", text), Sink())
    kept = {text[node.start : node.end] for node in (*module.imports, *module.declarations)}
    for other, each in enumerate(sample.declarations):
        assert other == number or sample.text[each.start : each.end] in kept


@settings(max_examples=examples(50), deadline=None)
@given(texts)
def test_parsing_is_deterministic(text: str) -> None:
    results = []
    for _ in range(2):
        sink = Sink()
        module = parse_module(SourceFile("x.flow", text), sink)
        results.append(
            (dump(module), [(d.name, d.message, d.span.start) for d in sink.findings_in_order()])
        )
    assert results[0] == results[1]


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32))
def test_children_lie_inside_their_parents_and_in_order(seed: int) -> None:
    text = program(random.Random(seed), 14)
    module = parse_module(SourceFile("x.flow", text), Sink())
    for node in walk(module):
        for name in type(node)._fields:  # type: ignore[attr-defined]
            value = getattr(node, name)
            inner = (
                [item for item in value if isinstance(item, ast.Node)]
                if isinstance(value, tuple)
                else []
            )
            assert all(node.start <= item.start <= item.end <= node.end for item in inner)
            assert all(a.end <= b.start for a, b in pairwise(inner))


inner_pieces = st.lists(
    st.sampled_from(
        (
            "a",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\\{",
            '\\"',
            "{x}",
            "{{r.s}}",
            "{$p}",
            "{# c #}",
            "{",
            "}",
            "$",
            "\t",
            "{a b}",
            "#}",
        )
    )
)


def unindented(source: str) -> str:
    """What a literal's value can differ in from its source.

    Spaces of indents, line breaks, escapes.
    """
    for written, value in (("\\{", "{"), ('\\"', '"'), ("\r\n", "\n")):
        source = source.replace(written, value)
    return source.replace(" ", "").replace("\t", "")


@settings(max_examples=examples(400))
@given(inner_pieces.map("".join), st.booleans())
def test_the_parts_of_a_text_cover_it_in_order(inner: str, block: bool) -> None:
    inner = inner if block else inner.replace("\n", "").replace("\r", "")
    quotes = '"""' if block else '"'
    literal = f"{quotes}{inner}{quotes}"
    text = scan_text(SourceFile("x.flow", literal), Sink(), 0, len(literal))
    parts = text.parts
    assert all(a.end <= b.start for a, b in pairwise(parts))
    for part in parts:
        source = literal[part.start : part.end]
        match part:
            case ast.TextLiteral(value=value):
                assert value
                if block:
                    assert unindented(source).replace("\n", "") == unindented(value).replace(
                        "\n", ""
                    )
                else:
                    assert source.replace("\\{", "{").replace('\\"', '"') == value
            case ast.TextComment():
                assert source.startswith("{#")
            case ast.Ref(name=name):
                assert source.startswith("{") and source.endswith("}")
                assert literal[name.start : name.end] == name.text
    for before, after in pairwise(parts):
        assert not (isinstance(before, ast.TextLiteral) and isinstance(after, ast.TextLiteral))


def test_a_long_line_of_quotes_takes_linear_time() -> None:
    """Each of these made an earlier expression for text backtrack."""
    for noise in (
        '\\"' * 20_000,
        '"""' + '\\"""' * 10_000,
        '"' * 20_001,
        "{" * 20_000,
        "{{a." * 10_000,
    ):
        parse_module(SourceFile("x.flow", f"flow 1\nconst a = {noise}"), Sink())
