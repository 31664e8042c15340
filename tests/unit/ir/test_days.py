"""Days as defaults: what the runner fills in is what the language means, and both count right."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.ir import nodes
from flowdsl.ir.days import NoDay, day_of, fill_in_days
from flowdsl.semantics import types
from flowdsl.simulate.interpreter.defaults import day_default
from flowdsl.simulate.interpreter.errors import UnknownDay
from tests.support.rows import check_rows, in_rows

DATE = nodes.ScalarType(name="date")
BASES = ("today", "week", "month", "quarter", "year", "input", "fixed")
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
SHIFTS = st.lists(
    st.tuples(st.integers(-60, 60), st.sampled_from(["d", "w", "mo", "y"])), max_size=3
)

KNOWN = {
    ("2026-03-15", "today", ()): "2026-03-15",
    ("2026-03-15", "week", ()): "2026-03-09",
    ("2026-03-16", "week", ()): "2026-03-16",
    ("2026-01-01", "week", ()): "2025-12-29",
    ("2026-03-15", "month", ((-1, "mo"),)): "2026-02-01",
    ("2026-05-15", "quarter", ()): "2026-04-01",
    ("2026-12-31", "quarter", ((-1, "d"),)): "2026-09-30",
    ("2026-05-15", "year", ((1, "y"), (-1, "d"))): "2026-12-31",
    ("2026-01-31", "today", ((1, "mo"),)): "2026-02-28",
    ("2024-01-31", "today", ((1, "mo"),)): "2024-02-29",
    ("2024-02-29", "today", ((1, "y"),)): "2025-02-28",
    ("2024-02-29", "today", ((-4, "y"),)): "2020-02-29",
    ("2026-01-31", "today", ((1, "mo"), (1, "mo"))): "2026-03-28",
    ("2026-01-31", "today", ((2, "mo"),)): "2026-03-31",
    ("2026-03-15", "today", ((-13, "mo"),)): "2025-02-15",
    ("2026-03-15", "today", ((2, "w"), (-3, "d"))): "2026-03-26",
}
"""Days that were counted by hand on a calendar."""


def field(base: str, name: str, shifts: tuple[tuple[int, str], ...]) -> nodes.FieldSpec:
    return nodes.FieldSpec(
        name="day", type=DATE, day=nodes.Day(base=base, name=name, shifts=shifts)
    )


def meant(base: str, name: str, shifts: tuple[tuple[int, str], ...]) -> types.FieldType:
    day = types.Day(base, name, shifts)
    return types.FieldType("day", types.PRIMITIVE["date"], day=day)


def test_days_that_a_calendar_tells() -> None:
    def check(row: tuple[tuple[str, str, tuple[tuple[int, str], ...]], str]) -> None:
        (today, base, shifts), expected = row
        assert day_of(field(base, "", shifts), {}, date.fromisoformat(today)) == expected
        assert day_default(meant(base, "", shifts), {}, date.fromisoformat(today)) == expected

    check_rows(KNOWN.items(), check)


@given(st.sampled_from(BASES), DAYS, DAYS, SHIFTS)
def test_the_runner_fills_in_what_the_language_means(
    base: str, today: date, other: date, shifts: list[tuple[int, str]]
) -> None:
    name = {"input": "since", "fixed": other.isoformat()}.get(base, "")
    inputs = {"since": other.isoformat()}
    found = day_of(field(base, name, tuple(shifts)), inputs, today)
    assert found == day_default(meant(base, name, tuple(shifts)), inputs, today)


@given(DAYS, st.integers(-40, 40))
def test_months_stay_in_their_month(today: date, count: int) -> None:
    found = date.fromisoformat(day_of(field("today", "", ((count, "mo"),)), {}, today))
    assert (found.year - today.year) * 12 + found.month - today.month == count
    last = (found + timedelta(days=1)).day == 1
    assert found.day == today.day or (last and found.day < today.day)


def test_days_count_from_what_is_given_and_from_each_other() -> None:
    fields = (
        nodes.FieldSpec(name="a", type=DATE, day=nodes.Day(base="today", name="", shifts=())),
        nodes.FieldSpec(
            name="b", type=DATE, day=nodes.Day(base="input", name="a", shifts=((1, "d"),))
        ),
    )
    today = date(2026, 2, 28)
    assert fill_in_days(fields, {}, today) == {"a": "2026-02-28", "b": "2026-03-01"}
    assert fill_in_days(fields, {"a": "2026-12-31"}, None) == {"a": "2026-12-31", "b": "2027-01-01"}
    assert fill_in_days(fields, {"b": "2020-01-01"}, today)["b"] == "2020-01-01"


@in_rows(
    ("base", "name", "shifts", "today", "why"),
    [
        ("today", "", (), None, "depends on the day of the run"),
        ("input", "since", (), None, "counts from `since`, which is no date before the run begins"),
        ("today", "", ((9000, "y"),), date(2026, 1, 1), "counts beyond the years 1 to 9999"),
        ("today", "", ((10**30, "d"),), date(2026, 1, 1), "counts beyond the years 1 to 9999"),
        ("today", "", ((-(10**30), "mo"),), date(2026, 1, 1), "counts beyond the years 1 to 9999"),
    ],
)
def test_a_day_that_nobody_can_count_is_no_day(
    base: str, name: str, shifts: tuple[tuple[int, str], ...], today: date | None, why: str
) -> None:
    with pytest.raises(NoDay) as refused:
        day_of(field(base, name, shifts), {"since": {"$ref": "a.outputs.day"}}, today)
    assert (refused.value.name, refused.value.why) == ("day", why)


def test_the_interpreter_asks_no_clock() -> None:
    with pytest.raises(UnknownDay):
        day_default(meant("month", "", ()), {}, None)
    assert day_default(meant("fixed", "2026-03-01", ((1, "w"),)), {}, None) == "2026-03-08"
