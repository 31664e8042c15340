"""Moments from anybody: read alike everywhere, and never an error of Python."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.commands.resources.frame.session import parse_filter_moment as option_moment
from flowdsl.cli.views.runs import seconds_of
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.filters import normalise_moment as filter_moment
from flowdsl.runs.identity import newer_than
from flowdsl.runs.names import NoSuchName
from flowdsl.source.moments import read_moment, spell_moment
from tests.support.rows import in_rows

ROOT = Path(__file__).parents[3]
EDGES = (
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59.999999-00:01",
    "0001-01-01T00:00:00+23:59",
)


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_a_moment_is_what_its_parts_say(local: datetime, minutes: int) -> None:
    sign, offset = "-" if minutes < 0 else "+", f"{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    seconds = (local - datetime(1, 1, 1)) // timedelta(microseconds=1) - minutes * 60_000_000
    found = read_moment(f"{local.isoformat()}{sign}{offset}")
    if found is None:
        assert not 0 <= seconds <= (datetime.max - datetime(1, 1, 1)) // timedelta(microseconds=1)
    else:
        assert (found.replace(tzinfo=None) - datetime(1, 1, 1)) // timedelta(microseconds=1) == (
            seconds
        )
        assert read_moment(spell_moment(found)) == found


@given(st.text(max_size=60) | st.from_regex(r"[0-9:T+Z.W-]{1,45}", fullmatch=True))
def test_no_text_is_an_error(text: str) -> None:
    found = read_moment(text)
    assert found is None or found.tzinfo is UTC


def test_without_an_offset_it_is_utc() -> None:
    assert read_moment("2026-05-31T14:30") == datetime(2026, 5, 31, 14, 30, tzinfo=UTC)
    assert read_moment("2026-05-31T14:30+02:00") == datetime(2026, 5, 31, 12, 30, tzinfo=UTC)
    assert read_moment("0" * 5_000_000) is None
    assert read_moment(20260531) is None


@in_rows("edge", EDGES)
def test_a_moment_outside_of_the_calendar_is_none_wherever_it_is_read(edge: str) -> None:
    with pytest.raises(NoSuchName, match="is no time such as"):
        filter_moment(edge)
    with pytest.raises(argparse.ArgumentTypeError, match="is not a day such as"):
        option_moment(edge)
    run = Run(id="a", status="success", created_at=edge, started_at=edge, ended_at=edge)
    assert newer_than([run], None, ()) == [run]
    assert newer_than([run], Run(id="b", status="success", created_at="2026-01-01"), ()) == [run]
    assert seconds_of(run, datetime.now(UTC)) is None


def test_nobody_else_reads_moments() -> None:
    """What reads dates alone, times of its own, or words of the language is listed."""
    own = {
        "flowdsl/source/moments.py",
        "flowdsl/emulator/clock.py",  # its own times
        "flowdsl/emulator/simulation/schemas.py",  # formats of JSON Schema
        "flowdsl/host/git.py",  # the time of a commit
        "flowdsl/simulate/interpreter/conditions.py",  # values of the language
    }
    reads = re.compile(r"datetime\.(fromisoformat|strptime)\(")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("flowdsl", "ci")
        for path in (ROOT / folder).rglob("*.py")
        if reads.search(path.read_text("utf-8"))
    }
    assert found <= own
