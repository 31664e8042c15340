"""Where the author wrapped a text means nothing, and where a list ends means something."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.syntax.texts.paragraphs import in_paragraphs
from tests.support.effort import examples
from tests.support.rows import in_rows


@in_rows(
    ("written", "read"),
    [
        # Was one item, `- Town: Bern Then click Save.`
        ("Fill in\n- Town: Bern\nThen click Save.", "Fill in\n- Town: Bern\n\nThen click Save."),
        ("Fill in\n- Town:\n  Bern\n- Street", "Fill in\n- Town: Bern\n- Street"),
        ("- a\n b\n- c", "- a b\n- c"),
        ("  - a\n  b", "- a b"),
        ("1. a\n2. b\nc\nd", "1. a\n2. b\n\nc d"),
        ("- a\n  - b\nc", "- a\n  - b\n\nc"),
        ("- a\n\nb\nc", "- a\n\nb c"),
        ("a\nb\n- c", "a b\n- c"),
        ("- a\n\n  b\n  c", "- a\n\n  b c"),
        ("- 左\n右", "- 左\n\n右"),
        ("- 左\n  右", "- 左右"),
    ],
)
def test_a_line_behind_a_list_goes_on_only_where_it_is_indented(written: str, read: str) -> None:
    assert in_paragraphs(written) == read


lines = st.lists(st.sampled_from(["", "a", "b c", "- d", "  e", "  - f", "    g", "10. h", "右"]))


@settings(max_examples=examples(300), deadline=None)
@given(lines)
def test_what_is_read_reads_the_same_again_and_keeps_every_word(written: list[str]) -> None:
    text = "\n".join(written)
    read = in_paragraphs(text)
    assert in_paragraphs(read) == read
    assert "".join(read.split()) == "".join(text.split())
