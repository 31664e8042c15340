"""Places of the protocol, in each of its units."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from flowdsl.lsp.positions import apply_changes, to_offset, to_position, to_range
from flowdsl.source.text import SourceFile

TEXTS = st.text(st.sampled_from("ab \t\r\n😀é\u2028\x0b\x85"), max_size=30)
UNITS = st.sampled_from(["utf-16", "utf-8", "utf-32"])


@given(TEXTS, UNITS, st.integers(0, 30))
def test_every_offset_comes_back_from_its_position(text: str, unit: str, at: int) -> None:
    source = SourceFile("a.flow", text)
    offset = min(at, len(text))
    if text[offset - 1 : offset + 1] == "\r\n" and offset:
        return  # no place: an editor has none inside of a line break
    assert to_offset(source, to_position(source, offset, unit), unit) == offset


def test_a_smiley_is_two_units_of_utf_16_four_bytes_and_one_code_point() -> None:
    source = SourceFile("a.flow", "\tx\r\n😀é!\r\n")
    found = [
        to_position(source, source.text.index("!"), unit) for unit in ("utf-16", "utf-8", "utf-32")
    ]
    assert found == [types.Position(1, 3), types.Position(1, 6), types.Position(1, 2)]


@given(TEXTS, TEXTS, UNITS, st.integers(0, 30), st.integers(0, 30))
def test_a_change_of_a_range_is_a_replacement(
    text: str, new: str, unit: str, one: int, other: int
) -> None:
    source = SourceFile("a.flow", text)
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    if "\r\n" in (text[start - 1 : start + 1], text[end - 1 : end + 1]):
        return
    change = types.TextDocumentContentChangePartial(to_range(source, start, end, unit), new)
    assert apply_changes(text, [change], unit) == text[:start] + new + text[end:]


def test_a_place_outside_of_the_text_is_its_end() -> None:
    source = SourceFile("a.flow", "ab\ncd")
    assert to_offset(source, types.Position(0, 99)) == 2
    assert to_offset(source, types.Position(9, 0)) == 5
