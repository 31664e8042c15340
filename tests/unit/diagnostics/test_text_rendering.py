"""Snippets: the caret stands under the right character, whatever the line is made of."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Fix, Label
from flowdsl.diagnostics.render import text
from flowdsl.diagnostics.render.cells import make_printable, split_into_cells
from flowdsl.diagnostics.render.summary import render_summary
from flowdsl.diagnostics.render.text import LINE_WIDTH, render_one, render_text
from flowdsl.source.text import SourceFile, Span
from tests.support.rows import in_rows

SPEC = DiagnosticSpec("undeclared-name", "names", "`{name}` is not declared")


def finding(source: SourceFile, start: int, end: int, **parts: object) -> Diagnostic:
    return Diagnostic(SPEC, Span(source, start, end), "`x` is not declared", **parts)  # type: ignore[arg-type]


def at(text: str, marked: str, **parts: object) -> Diagnostic:
    start = text.index(marked)
    return finding(SourceFile("a.flow", text), start, start + len(marked), **parts)


def columns(text: str) -> int:
    """The width of text on a terminal, as another library sees it.

    Control characters are refused.
    """
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cs", "Cn", "Co")
    width = wcswidth(text)
    assert width >= 0
    return width


def body(line: str) -> str:
    """What stands right of the gutter."""
    return re.sub(r"^ *\d* \| ?", "", line)


CLUSTERS = (
    *'abc {}\t"é日本ｆ한ก😀',
    "e\u0301\u0308",
    "か\u3099",
    "ที่",
    "\u1112\u1161\u11ab",
    "👍🏽",
    "👩🏽\u200d🚀",
    "👨\u200d👩\u200d👧",
    "👩\u200d❤\ufe0f\u200d👨",
    "🏳\ufe0f\u200d🌈",
    "🇩🇪",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    *"\u202e\u200b\x1b\x00\x9b\ufeff",
)
"""What a reader sees as one character, and characters that must not reach a terminal."""

LINES = st.lists(
    st.one_of(
        st.sampled_from(CLUSTERS),
        # Terminals and libraries do not agree on spacing marks and lone joiners.
        st.characters(exclude_characters="\r\n\u200d\u200c\ufe0f", exclude_categories=["Cs", "Mc"]),
    ),
    max_size=200,
).map("".join)


@in_rows("cluster", CLUSTERS)
def test_a_character_is_as_wide_as_on_a_terminal(cluster: str) -> None:
    shown = "".join(text for text, _ in split_into_cells(cluster * 2))
    assert columns(shown) == sum(width for _, width in split_into_cells(cluster * 2))


@given(LINES, LINES, LINES, st.data())
def test_the_caret_is_under_the_marked_character(
    above: str, line: str, below: str, data: st.DataObject
) -> None:
    text = "\r\n".join([above, line, below])
    start = data.draw(st.integers(0, len(line)), label="start")
    end = data.draw(st.integers(start, len(line)), label="end")
    first = len(above) + 2
    source = SourceFile("a.flow", text)
    rendered = render_one(finding(source, first + start, first + end)).split("\n")
    shown, carets = body(rendered[3]), body(rendered[4])
    assert carets.strip(" ").strip("^") == ""
    before = len(carets) - len(carets.lstrip(" "))
    # The character that carries the caret: combining marks belong to the character before them.
    while 0 < start < len(line) and split_into_cells(line)[start][1] == 0:
        start -= 1
    if start == len(line):
        # Trailing blanks are cut off the line, but the caret stays behind them.
        assert before == columns(shown) or (before > columns(shown) and line[-1:].isspace())
        return
    expected = split_into_cells(line)[start][0]
    assert expected.isspace() or any(
        shown.startswith(expected, index) and columns(shown[:index]) == before
        for index in range(len(shown))
    )


@given(LINES, st.data())
def test_no_line_is_wider_than_its_window(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    for row in render_one(finding(SourceFile("a.flow", line), start, end)).split("\n")[3:]:
        assert columns(body(row)) <= LINE_WIDTH + 2 + max(
            len(c) for c, _ in [*split_into_cells(line), ("", 0)]
        )


@given(st.text(), st.text(), st.text())
def test_nothing_printed_controls_the_terminal(text: str, note: str, path: str) -> None:
    source = SourceFile(path, text)
    diagnostic = Diagnostic(
        SPEC,
        Span(source, 0, len(text)),
        note,
        label=note,
        labels=(Label(Span(source, len(text) // 2, len(text)), note),),
        notes=(note,),
        help=note,
        fixes=(Fix(note, ()),),
    )
    for character in render_text([diagnostic], 1).replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cs")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


@given(st.text(), st.data())
@example("a\n", None)
def test_any_range_renders(text: str, data: st.DataObject | None) -> None:
    start = data.draw(st.integers(0, len(text))) if data else 0
    end = data.draw(st.integers(start, len(text))) if data else 2
    assert ("^" in render_one(finding(SourceFile("a.flow", text), start, end))) == (text != "")


def test_a_whole_finding() -> None:
    text = "workflow bill {\n\toutputs { total: number }\n  emit total =   totl\n}\n"
    source = SourceFile("flows/bill.flow", text)
    other = SourceFile("flows/lib.flow", 'task t() {\n  extract totals: number from "x"\n}\n')
    diagnostic = Diagnostic(
        SPEC,
        Span(source, text.index("totl"), text.index("totl") + 4),
        "`totl` is not declared",
        label="nothing is stored under this name",
        labels=(
            Label(Span(source, text.index("total"), text.index("total") + 5), "the output"),
            Label(Span(other, other.text.index("totals"), other.text.index("totals") + 6), "here"),
        ),
        notes=("runtime variables are\nset by `extract`",),
        help="a runtime variable named `total` exists",
        fixes=(Fix("write `total`", ()),),
    )
    assert render_text([diagnostic], 2, show_path=lambda path: f"care/{path}") == (
        "error[undeclared-name]: `totl` is not declared\n"
        " --> care/flows/bill.flow:3:18\n"
        "  |\n"
        "2 |     outputs { total: number }\n"
        "  |               ----- the output\n"
        "3 |   emit total =   totl\n"
        "  |                  ^^^^ nothing is stored under this name\n"
        " ::: care/flows/lib.flow:2:11\n"
        "  |\n"
        '2 |   extract totals: number from "x"\n'
        "  |           ------ here\n"
        "  |\n"
        "  = note: runtime variables are\n"
        "    set by `extract`\n"
        "  = help: a runtime variable named `total` exists\n"
        "  = fix (unsafe): write `total`\n"
        "\n"
        "1 error in 2 files"
    )


def test_a_range_of_several_lines_shows_its_two_ends() -> None:
    text = "one\n  two {\n    three\n  }\nfour\n"
    rendered = render_one(at(text, "two {\n    three\n  }", label="all of it"))
    assert rendered.split("\n")[3:] == [
        "2 |   two {",
        "  |   ^^^^^",
        "...",
        "4 |   }",
        "  |   ^ all of it",
    ]


def test_a_range_that_ends_with_its_line_break_stays_on_its_line() -> None:
    assert render_one(at("ab\ncd\n", "ab\n")).split("\n")[3:] == ["1 | ab", "  | ^^"]


def test_of_an_empty_file_nothing_is_shown() -> None:
    diagnostic = finding(SourceFile("a.flow", ""), 0, 0, label="here", help="h")
    assert render_one(diagnostic).split("\n")[1:] == [" --> a.flow:1:1", "  |", "  = help: h"]


def test_a_place_at_the_end_of_the_text() -> None:
    diagnostic = finding(SourceFile("a.flow", "ab\n"), 3, 3)
    assert render_one(diagnostic).split("\n")[2:] == ["  |", "2 |", "  | ^"]


def test_long_lines_show_the_surroundings_of_each_mark() -> None:
    text = "a" * 400 + "HERE" + "b" * 400 + "THERE" + "c" * 400
    there = Span(SourceFile("a.flow", text), text.index("THERE"), text.index("THERE") + 5)
    rows = render_one(at(text, "HERE", labels=(Label(there, "and"),))).split("\n")
    assert rows[3].startswith("1 | …aaa") and rows[3].endswith("bbb…")
    assert rows[3].index("HERE") == rows[4].index("^^^^")
    assert rows[5].index("THERE") == rows[6].index("-----")


def test_of_a_line_as_long_as_a_file_only_a_part_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[int] = []

    def counting(line: str) -> list[tuple[str, int]]:
        measured.append(len(line))
        return split_into_cells(line)

    monkeypatch.setattr(text, "split_into_cells", counting)
    rendered = render_one(finding(SourceFile("a.flow", "x" * 1_000_000), 500_000, 1_000_000))
    assert rendered.split("\n")[3].count("x") <= LINE_WIDTH
    assert sum(measured) < 10 * LINE_WIDTH


def test_colour_adds_only_escape_sequences() -> None:
    diagnostic = at("emit totl", "totl", label="here", notes=("n",), help="h")
    coloured = render_text([diagnostic], 1, color=True)
    assert "\x1b[1;31m^^^^ here\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text([diagnostic], 1)


@in_rows(
    ("categories", "files", "expected"),
    [
        ([], 1, "no problems in 1 file"),
        ([], 0, "no problems in 0 files"),
        (["names", "style", "wording", "wording"], 3, "1 error, 2 warnings, 1 info in 3 files"),
        (["style", "style"], 2, "2 infos in 2 files"),
    ],
)
def test_the_counting_line(categories: list[str], files: int, expected: str) -> None:
    span = Span(SourceFile("a.flow", ""), 0, 0)
    found = [Diagnostic(DiagnosticSpec("x", category, "m"), span, "m") for category in categories]
    assert render_summary(found, files) == expected


@in_rows(
    ("text", "expected"),
    [
        ("a\tb\r\nc", "a\\x09b\\x0d\\x0ac"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("\U000e0001", "\\U000e0001"),
        ("日本 👩\u200d🚀", "日本 👩\u200d🚀"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert make_printable(text) == expected


@pytest.mark.parametrize(
    ("line", "shown", "before"),
    [
        ("\tdo {x}", "    do {x}", 7),
        ("a\tdo\t{x}", "a   do  {x}", 8),
        ("日本語 {x}", "日本語 {x}", 7),
        ("ﾊﾝ ｆ {x}", "ﾊﾝ ｆ {x}", 6),
        ("e\u0301o\u0308 {x}", "e\u0301o\u0308 {x}", 3),
        ("👩🏽\u200d🚀 {x}", "👩🏽\u200d🚀 {x}", 3),
        ("🇩🇪🇫🇷 {x}", "🇩🇪🇫🇷 {x}", 5),
        ("❤\ufe0f 1\ufe0f\u20e3 {x}", "❤\ufe0f 1\ufe0f\u20e3 {x}", 6),
        ("한국 \u1112\u1161\u11ab {x}", "한국 \u1112\u1161\u11ab {x}", 8),
        ("\x1b[1m\u202e {x}", "\\x1b[1m\\u202e {x}", 14),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_the_caret_stands_below(line: str, shown: str, before: int, end: str) -> None:
    rendered = render_one(at(f"first{end or chr(10)}{line}{end}", "{x}", label="here"))
    assert rendered.split("\n")[3:] == [f"2 | {shown}", f"  | {' ' * before}^^^ here"]


def test_a_flag_is_underlined_whole() -> None:
    rendered = render_one(finding(SourceFile("a.flow", "a🇩🇪b"), 2, 3))
    assert rendered.split("\n")[3:] == ["1 | a🇩🇪b", "  |  ^^"]


def test_a_combining_mark_is_underlined_with_its_character() -> None:
    rendered = render_one(finding(SourceFile("a.flow", "ab\u0301\u0323c"), 3, 4))
    assert rendered.split("\n")[3:] == ["1 | ab\u0301\u0323c", "  |  ^"]
