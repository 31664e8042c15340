"""Every place where a value meets a type, with a value that fits and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.support.effort import every
from tests.support.flows.expectations import Case
from tests.support.rows import for_rows

FILE = Path(__file__).parents[3] / "corpus" / "meetings.txt"
PROGRAM = """flow 1

type Mode = "daily" | "weekly"
type Narrow = "daily"
type Wide = "daily" | "weekly" | "monthly"
type Row {{ name: string, count: int?, day: date? }}

const text = "daily"
const other = "hourly"
const five = 5
const names = ["Ann", "Bob"]
const modes = ["daily", "hourly"]
const truths = [true, false]
const row = {{ name: "Ann", count: 5 }}

task take(s: string = "", i: int = 0, n: number = 0, b: bool = false, m: Mode = "daily",
    d: date = "2024-05-31", l: string[] = [], r: Row = {{ name: "" }}, o: int? = null)
    -> {{ number: int, maybe: int?, mode: Wide }} {{
  extract doc_no: int from "the header"
  emit number = doc_no
  emit maybe = null
  emit mode = "daily"
}}

workflow other_run {{
  outputs {{ text: string  count: int  maybe: string?  mode: Wide  rows: string[] }}
  steps {{
    emit text = "x"
    emit count = 5
    emit mode = "daily"
    emit rows = []
  }}
}}

workflow run_it {{
  {settings}
  inputs {{
    s: string = ""
    i: int = 0
    n: number = 0
    b: bool = false
    d: date = "2024-05-31"
    m: Mode = "daily"
    narrow: Narrow = "daily"
    wide: Wide = "daily"
    os: string? = null
    om: Mode? = null
    l: string[] = [] @max_items(9)
    li: int[] = [] @max_items(9)
    ol: string[]? = null @max_items(9)
    r: Row = {{ name: "" }}
    rows: Row[] = [] @max_items(9)
    {field}
  }}
  outputs {{ os2: string?  oi: int?  on: number?  om2: Mode?  ol2: string[]?  or2: Row?  {output} }}
  steps {{
    extract seen: string from "the header"
    extract lines: Row[] from "the table"
    extract maybe: string[]? from "the list"
    if sees "the end" {{ press "End" }}
    call take() as found
    {statement}
  }}
  checks {{ output matches schema {check} }}
}}

chain both {{
  {chain}
  inputs {{ ci: int  cs: string?  cm: Mode }}
  step first = run other_run()
  step second = run run_it({argument})
}}

test "runs" for run_it {{
  given {{ s = "" {given} }}
  screen {{ {screen} }}
  reads {{ seen = "Ann" lines = [] {reads} }}
  outputs {{ {outputs} }}
}}
"""
HOLES = (
    *("settings", "field", "output", "statement", "check", "chain", "argument"),
    *("given", "screen", "reads", "outputs"),
)


class Meeting(NamedTuple):
    """A place (`§` is the value), and a value with its diagnostic: `right` if it fits."""

    hole: str
    template: str
    value: str
    expected: str


def _meetings(of: Callable[[str], bool]) -> list[Meeting]:
    """The meetings of `corpus/meetings.txt` with such an expectation.

    A paragraph is a place: its name, the hole of the program with its text, and then behind each
    expectation the values, with ` | ` between them.
    """
    found = []
    for block in FILE.read_text(encoding="utf-8").split("\n\n"):
        _, (hole, template), *rows = (line.split(": ", 1) for line in block.splitlines())
        found += [
            Meeting(hole, template, value, expected)
            for expected, values in rows
            if of(expected)
            for value in values.split(" | ")
        ]
    return found


def findings(meeting: Meeting) -> list[tuple[str, str]]:
    """The name of each diagnostic of types and names, and the text it points at."""
    holes = dict.fromkeys(HOLES, "") | {meeting.hole: meeting.template.replace("§", meeting.value)}
    case = Case("meeting", {"meeting.flow": PROGRAM.format(**holes)}, ["meeting.flow"], {})
    return [
        (each.name, each.span.text)
        for each in case.diagnostics()
        if each.spec.category in ("types", "names", "flow", "syntax")
    ]


@for_rows(lambda: every(3, _meetings("right".__eq__)), fewest=40)
def test_a_value_of_the_type_is_taken(meeting: Meeting) -> None:
    assert findings(meeting) == []


@for_rows(lambda: every(3, _meetings("right".__ne__)), fewest=40)
def test_a_value_of_another_type_is_reported_where_it_stands(meeting: Meeting) -> None:
    (found,) = findings(meeting)
    assert found[0] == meeting.expected
    assert found[1] in meeting.template.replace("§", meeting.value)
