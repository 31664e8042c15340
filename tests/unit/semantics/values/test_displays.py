"""Formats behind `type ... as`: what is accepted, and that the nearest one always works."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.semantics.values.displays import example_formats, find_meant_format, problem_of
from tests.support.rows import check_rows, in_rows

TYPES = ("date", "time", "datetime", "int", "number")
MEANT = {
    ("date", "DD.MM.YYYY"): ("dd.MM.yyyy", True),
    ("date", "mm/dd/yyyy"): ("MM/dd/yyyy", True),
    ("date", "%d.%m.%Y"): ("dd.MM.yyyy", True),
    ("date", "TT.MM.JJJJ"): ("dd.MM.yyyy", True),
    ("date", "DD MON YYYY"): ("dd MMM yyyy", True),
    ("date", "dddd, d MMMM yyyy"): ("EEEE, d MMMM yyyy", True),
    ("date", "yyyy-MM-dd HH:mm"): ("yyyy-MM-dd", False),
    ("date", "dd'th' MMMM"): ("dd MMMM", False),
    ("date", "short"): ("yyyy-MM-dd", False),
    ("time", "HH:MM"): ("HH:mm", True),
    ("time", "hh:mm"): ("HH:mm", False),
    ("time", "%I:%M %p"): ("hh:mm a", True),
    ("time", "h:mm tt"): ("h:mm a", True),
    ("datetime", "dd.MM.yyyy hh:MM a"): ("dd.MM.yyyy hh:mm a", True),
    ("datetime", "yyyymmdd HHMM"): ("yyyyMMdd HHmm", True),
    ("datetime", "HHMM"): ("HHmm", True),
    ("datetime", "dd.mm.yyyy HH:MM"): ("dd.MM.yyyy HH:mm", True),
    ("datetime", "yyyy-MM-ddTHH:mm:ss"): ("yyyy-MM-dd HH:mm:ss", False),
    ("number", "%.2f"): ("0.00", False),
    ("number", "#.###,00"): ("#.##0,00", False),
    ("number", "0,000"): ("#,##0", False),
    ("number", "#.##0"): ("# ##0", False),
    ("number", "00000"): ("0", False),
    ("number", "#,##0,00"): ("#.##0,00", False),
    ("number", "N2"): ("0.00", False),
    ("int", "###"): ("0", False),
}


def test_the_nearest_format_is_the_one_that_people_mean() -> None:
    def check(row: tuple[tuple[str, str], tuple[str, bool]]) -> None:
        (type_name, display), (near, certain) = row
        assert problem_of(type_name, display) is not None
        meant = find_meant_format(type_name, display)
        assert (meant.display, meant.certain) == (near, certain)

    check_rows(MEANT.items(), check)


@given(
    st.sampled_from(TYPES),
    st.one_of(st.text(max_size=12), st.text("yMdEHhamsDY%T#0,. /-:'", max_size=14)),
)
def test_the_nearest_format_always_works(type_name: str, display: str) -> None:
    if problem_of(type_name, display) is not None:
        assert problem_of(type_name, find_meant_format(type_name, display).display) is None


@given(st.permutations(["year", "month", "day"]), st.data())
def test_a_format_of_a_day_writes_that_day_in_one_way(
    order: list[str], data: st.DataObject
) -> None:
    """`strptime`, which knows nothing of our formats, is the second witness."""
    ways = {"year": ("yyyy", "%Y"), "month": ("MM", "%m"), "day": ("dd", "%d")}
    written = {"year": "2026", "month": "03", "day": "01"}
    between = data.draw(st.sampled_from([".", "/", "-", " ", ", ", ""]))
    display = between.join(ways[each][0] for each in order)
    assert problem_of("date", display) is None
    pattern = between.join(ways[each][1] for each in order)
    text = between.join(written[each] for each in order)
    assert dt.datetime.strptime(text, pattern).date() == dt.date(2026, 3, 1)
    spelled = find_meant_format("date", pattern)
    assert (spelled.display, spelled.certain) == (display, True)


@in_rows("type_name", TYPES)
def test_the_examples_of_a_type_are_formats_of_it(type_name: str) -> None:
    assert [problem_of(type_name, each) for each in example_formats(type_name)] == [None, None]


def test_a_part_of_another_type_is_named() -> None:
    assert problem_of("date", "HH") == "`HH` is the hour, which a `date` does not have"
    assert problem_of("time", "dd") == "`dd` is the day, which a `time` does not have"
    assert problem_of("date", "dd.dd") == "it has the day twice"
    assert problem_of("time", "hh:mm a HH") == "it has the hour twice"


def test_a_format_with_two_readings_names_both() -> None:
    named = "it may mean groups of three, `#,##0`, or three decimals, `#.##0,000`"
    assert problem_of("number", "0,000") == problem_of("int", "0,000") == named


def test_formats_of_other_countries_and_clocks() -> None:
    for display in ("0,0", "0,00", "#.##0,00", "# ##0,00", "# ##0", "0,0000"):
        assert problem_of("number", display) is None, display
    for display in ("hh:mm a", "h:mm a", "hh:mm:ss a", "hhmma"):
        assert problem_of("time", display) is None, display
    assert problem_of("int", "00000") is None
    assert problem_of("number", "000") == "only an `int` has leading zeros"
    assert problem_of("time", "h:mm") == (
        "`h` needs `a`, which says whether it is before or after noon"
    )
    assert problem_of("time", "HH:mm a") == "`a` needs `hh` or `h`"
