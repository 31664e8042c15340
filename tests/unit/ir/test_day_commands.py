"""The command that puts a day on the clipboard, and the way back from it."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.ir import nodes
from flowdsl.ir.days import command_of, read_command
from flowdsl.simulate.machine.clipboard import display_of, parse_copied_date
from tests.support.rows import in_rows

DAYS = st.builds(
    nodes.Day,
    base=st.sampled_from(["today", "week", "month", "quarter", "year"]),
    name=st.just(""),
    shifts=st.lists(
        st.tuples(st.integers(-400, 400), st.sampled_from(["d", "w", "mo", "y"])), max_size=3
    ).map(tuple),
)
DISPLAYS = st.sampled_from(["MM/dd/yyyy", "d", "M", "yy", "EEEE, d MMMM yyyy", "EEE", "dd.MM."])
TODAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def test_the_command_is_the_one_that_was_read_by_people() -> None:
    day = nodes.Day(base="month", name="", shifts=((-1, "mo"), (3, "d")))
    assert command_of(day, "EEEE d") == (
        "$d = (Get-Date).Date; Set-Clipboard -Value ($d.AddDays(1 - $d.Day).AddMonths(-1)"
        ".AddDays(3).ToString('dddd d', [cultureinfo]::InvariantCulture))"
    )


@given(DAYS, DISPLAYS)
def test_a_command_holds_nothing_that_the_platform_or_the_prompt_reads(
    day: nodes.Day, display: str
) -> None:
    command = command_of(day, display)
    assert not set(command) & set('{}"\\\n⟦⟧<>&')
    # .NET takes a single letter for another format, of a whole date.
    assert not re.search(r"ToString\('[A-Za-z]'", command)


@given(DAYS, DISPLAYS, TODAYS)
def test_what_comes_back_puts_the_same_on_the_clipboard(
    day: nodes.Day, display: str, today: date
) -> None:
    command = command_of(day, display)
    found = read_command(command)
    assert found is not None
    assert found[1] == display
    assert command_of(*found) == command
    copied = parse_copied_date(command, today)
    assert copied is None or display_of(copied[1]) == display


@in_rows("command", ["Get-Date", "Set-Clipboard -Value 'x'", ""])
def test_other_commands_are_no_days(command: str) -> None:
    assert read_command(command) is None
    assert parse_copied_date(command, date(2026, 3, 1)) is None


@given(TODAYS)
def test_starts_and_steps_are_those_of_a_calendar(today: date) -> None:
    def on(base: str, *shifts: tuple[int, str]) -> date:
        day = nodes.Day(base=base, name="", shifts=shifts)
        found = parse_copied_date(command_of(day, "dd"), today)
        assert found is not None
        return found[0]

    week, month = on("week"), on("month")
    assert week.isoweekday() == 1 and timedelta() <= today - week < timedelta(days=7)
    assert (month.day, month.month, month.year) == (1, today.month, today.year)
    assert on("quarter").month in (1, 4, 7, 10)
    assert on("quarter") <= today < on("quarter", (3, "mo"))
    assert on("year").timetuple().tm_yday == 1 and on("year").year == today.year
    assert on("today", (2, "w")) - today == timedelta(days=14)
    assert on("today", (1, "mo")).day == min(today.day, on("month", (2, "mo"), (-1, "d")).day)
