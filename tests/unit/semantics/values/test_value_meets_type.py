"""Every place where a value meets a type, with a value that fits and one that does not."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.effort import every
from tests.support.flows.expectations import Case
from tests.support.rows import for_rows

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

ANSWER = "unknown-answer"
MISMATCH = "type-mismatch"
ENUM = "unknown-enum-value"
SPELLING = "malformed-literal"
OPTIONAL = "optional-for-required"
NULL = "null-for-required"
INCOMPARABLE = "incomparable-types"
NO_LIST = "not-a-list"


class Meeting(NamedTuple):
    """A place (`{}` is the value), what fits there, and what does not, with its diagnostic."""

    hole: str
    template: str
    right: tuple[str, ...]
    wrong: dict[str, str]


def loop(body: str) -> str:
    return f"for v in {{}} max 3 {{{{ {body} }}}}"


MEETINGS = {
    "emit to an int": Meeting(
        "statement",
        "emit oi = {}",
        ("5", "five", "i", "null", "found.number", "found.maybe"),
        {'"5"': MISMATCH, "n": MISMATCH, "5.5": MISMATCH, "true": MISMATCH, "l": MISMATCH},
    ),
    "emit to a number": Meeting(
        "statement", "emit on = {}", ("5", "5.5", "i", "n"), {"s": MISMATCH, "d": MISMATCH}
    ),
    "emit to a text": Meeting(
        "statement",
        "emit os2 = {}",
        ("s", "os", "d", "m", '"{i}"', "text", "seen"),
        {"i": MISMATCH, "5": MISMATCH, "five": MISMATCH, "r": MISMATCH},
    ),
    "emit to an enum": Meeting(
        "statement",
        "emit om2 = {}",
        ("m", "om", "narrow", '"weekly"', "text", '"{narrow}"'),
        {'"hourly"': ENUM, "other": ENUM, "wide": MISMATCH, "s": MISMATCH, "5": MISMATCH},
    ),
    "emit to a list": Meeting(
        "statement",
        "emit ol2 = {}",
        ("l", "ol", "names", '["a", s]', "[]", "[m]"),
        {"li": MISMATCH, "[5]": MISMATCH, "[os]": OPTIONAL, "[null]": NULL, '"a"': MISMATCH},
    ),
    "emit of an entry": Meeting(
        "statement",
        "emit ol2 += {}",
        ('"a"', "s", "seen", "narrow", "l", '["a"]'),
        {"5": MISMATCH, "os": OPTIONAL, "null": NULL, "[5]": MISMATCH},
    ),
    "emit of an object": Meeting(
        "statement",
        "emit or2 = {}",
        ("r", "row", "{ name: s }", '{ name: "x", count: five, day: "2024-05-31" }'),
        {
            "{ name: i }": MISMATCH,
            "{ name: os }": OPTIONAL,
            "{ count: 5 }": "missing-field",
            '{ name: "x", cuont: 5 }': "unknown-field",
            '{ name: "x", day: "tomorrow" }': SPELLING,
            '{ name: "x", day: s }': MISMATCH,
            "lines": MISMATCH,
            "$lines": "wrong-sigil",
        },
    ),
    "argument for a text": Meeting(
        "statement", "call take(s: {})", ('"x"', "d", "m"), {"5": MISMATCH, "os": OPTIONAL}
    ),
    "argument for an int": Meeting(
        "statement",
        "call take(i: {})",
        ("i", "five", "found.number"),
        {"n": MISMATCH, "found.maybe": OPTIONAL, "text": MISMATCH, "null": NULL},
    ),
    "argument for an enum": Meeting(
        "statement",
        "call take(m: {})",
        ("m", "narrow", "text", '"weekly"'),
        {
            "wide": MISMATCH,
            "found.mode": MISMATCH,
            "other": ENUM,
            "om": OPTIONAL,
            "s": MISMATCH,
        },
    ),
    "argument for a date": Meeting(
        "statement",
        "call take(d: {})",
        ("d", '"2024-02-29"', '"{d}"'),
        {'"2023-02-29"': SPELLING, "text": SPELLING, "s": MISMATCH, "5": MISMATCH},
    ),
    "argument for a list": Meeting(
        "statement",
        "call take(l: {})",
        ("l", "names", "[]", "[s, d]"),
        {"ol": OPTIONAL, "li": MISMATCH, "[5]": MISMATCH, "s": MISMATCH},
    ),
    "argument for a record": Meeting(
        "statement",
        "call take(r: {})",
        ("r", "row", '{ name: "x" }', "rows[0]"),
        {"rows": MISMATCH, "{ name: 5 }": MISMATCH, "found": MISMATCH, "{ }": "missing-field"},
    ),
    "argument for an optional": Meeting(
        "statement", "call take(o: {})", ("null", "found.maybe", "5"), {"os": MISMATCH}
    ),
    "argument for a bool": Meeting(
        "statement", "call take(b: {})", ("b", "true"), {'"true"': MISMATCH, "1": MISMATCH}
    ),
    "comparison with an enum": Meeting(
        "statement",
        'if m == {} {{ press "Tab" }}',
        ('"daily"', "narrow", "wide", "om", "s", "text"),
        {'"hourly"': ENUM, "other": ENUM, "5": INCOMPARABLE, "l": INCOMPARABLE},
    ),
    "comparison with an enum, the other way round": Meeting(
        "statement",
        'if {} != om {{ press "Tab" }}',
        ('"daily"', "narrow", "m"),
        {'"hourly"': ENUM, "other": ENUM, "true": INCOMPARABLE, "null": "empty-comparison"},
    ),
    "comparison with an int": Meeting(
        "statement",
        'if i < {} {{ press "Tab" }}',
        ("5", "five", "n", "found.number", "found.maybe"),
        {'"5"': INCOMPARABLE, "d": INCOMPARABLE, "null": "empty-comparison", "text": INCOMPARABLE},
    ),
    "comparison with a date": Meeting(
        "statement",
        'if d >= {} {{ press "Tab" }}',
        ("d", '"2024-05-31"'),
        {'"31.05.2024"': SPELLING, "text": SPELLING, "s": INCOMPARABLE, "i": INCOMPARABLE},
    ),
    "condition": Meeting(
        "statement",
        'if {} {{ press "Tab" }}',
        ("b", "not b"),
        {"s": "condition-not-bool", "i": "condition-not-bool", "seen": "condition-not-bool"},
    ),
    "list of a loop": Meeting(
        "statement",
        'for v in {} max 3 {{ press "Tab" }}',
        ("l", "ol", "names", "5", "five", "lines", '["a"]'),
        {"s": NO_LIST, "i": NO_LIST, "r": NO_LIST, "text": NO_LIST, "seen": NO_LIST},
    ),
    "entry of a loop": Meeting(
        "statement",
        loop("call take(s: v)"),
        ("l", "ol", "names", '["a", text]'),
        {"li": MISMATCH, "rows": MISMATCH, "5": MISMATCH, "[5]": MISMATCH},
    ),
    "entry of a loop for an enum": Meeting(
        "statement",
        loop("call take(m: v)"),
        ('["daily", "weekly"]', "[text]"),
        {'["daily", other]': MISMATCH, "names": MISMATCH, "l": MISMATCH},
    ),
    "entry of a loop beside an enum": Meeting(
        "statement",
        'for v in ["hourly", "daily"] {{ if v == {} {{ press "Tab" }} }}',
        ("m", '"hourly"', "s", "d"),
        {'"weekly"': ENUM, "five": INCOMPARABLE},
    ),
    "field of an entry of a loop": Meeting(
        "statement",
        loop("call take(s: v.name)"),
        ("rows", "lines", "[row]"),
        {"l": "path-into-scalar", "names": "path-into-scalar"},
    ),
    "bound of a loop": Meeting(
        "statement",
        'for v in l max {} {{ press "Tab" }}',
        ("3", "five"),
        {"text": MISMATCH, "names": MISMATCH},
    ),
    "bound of a repetition": Meeting(
        "statement",
        'while not sees "x" max {} {{ press "Tab" }}',
        ("3", "five"),
        {"text": MISMATCH},
    ),
    "attempts": Meeting(
        "statement", 'retry {} {{ expect "x" }}', ("3", "five"), {"text": MISMATCH, "row": MISMATCH}
    ),
    "default of an input": Meeting(
        "field",
        "x: int = {}",
        ("5", "five"),
        {'"5"': MISMATCH, "5.5": MISMATCH, "text": MISMATCH, "null": NULL, "names": MISMATCH},
    ),
    "default of an enum": Meeting(
        "field",
        "x: Mode = {}",
        ('"daily"', "text"),
        {'"hourly"': ENUM, "other": ENUM, "5": MISMATCH},
    ),
    "default of a list of enums": Meeting(
        "field", "x: Mode[] = {}", ('["daily", text]', "[]"), {"modes": ENUM, '["hourly"]': ENUM}
    ),
    "default of a record": Meeting(
        "field",
        "x: Row = {}",
        ("row", '{ name: "x" }'),
        {"{ name: 5 }": MISMATCH, "{ }": "missing-field", "names": MISMATCH},
    ),
    "default of a url": Meeting(
        "field", "x: url = {}", ('"https://a.test"',), {'"portal"': SPELLING, "text": SPELLING}
    ),
    "default of an address": Meeting(
        "field", "x: email = {}", ('"ann@a.test"',), {'"ann"': SPELLING, "text": SPELLING}
    ),
    "lower bound": Meeting(
        "output",
        "x: int? @min({})",
        ("5", "five", "0.5"),
        {'"5"': "wrong-annotation-argument", "text": "wrong-annotation-argument"},
    ),
    "number of entries": Meeting(
        "output",
        "x: int[]? @max_items({})",
        ("5", "five"),
        {
            '"5"': "wrong-annotation-argument",
            "-1": "wrong-annotation-argument",
            "1.5": "wrong-annotation-argument",
        },
    ),
    "pattern": Meeting(
        "output",
        "x: string? @pattern({})",
        ('"^a"', "text"),
        {"5": "wrong-annotation-argument", '"("': "invalid-pattern"},
    ),
    "example": Meeting(
        "output",
        "x: Mode? @example({})",
        ('"daily"', "text"),
        {'"hourly"': ENUM, "other": ENUM, "5": MISMATCH},
    ),
    "setting of a text": Meeting("settings", "title = {}", ('"x"', "text"), {"5": MISMATCH}),
    "setting of a list": Meeting(
        "settings", "tags = {}", ("names", '["x"]'), {'"x"': MISMATCH, "[5]": MISMATCH}
    ),
    "setting of a bool": Meeting(
        "settings", "webhooks = {}", ("true",), {'"yes"': MISMATCH, "five": MISMATCH}
    ),
    "setting of a chain": Meeting(
        "chain", "keep_session = {}", ("true",), {'"yes"': MISMATCH, "1": MISMATCH}
    ),
    "priority of a chain": Meeting("chain", "priority = {}", ("false",), {"3": MISMATCH}),
    "shared value": Meeting(
        "chain",
        "shared {{ m = {} }}",
        ('"daily"', "text", "cm"),
        {'"hourly"': ENUM, "5": MISMATCH, "ci": MISMATCH},
    ),
    "argument of a chain for a text": Meeting(
        "argument",
        "s: {}",
        ('"x"', "first.outputs.text", "first.outputs.mode"),
        {
            "first.outputs.maybe": OPTIONAL,
            "first.outputs.count": MISMATCH,
            "cs": OPTIONAL,
            "ci": MISMATCH,
            "first.outputs": MISMATCH,
        },
    ),
    "argument of a chain for an optional": Meeting(
        "argument",
        "os: {}",
        ("cs", "first.outputs.maybe", "null"),
        {"first.outputs.rows": MISMATCH},
    ),
    "argument of a chain for an enum": Meeting(
        "argument",
        "m: {}",
        ("cm", '"daily"'),
        {"first.outputs.mode": MISMATCH, "first.outputs.text": MISMATCH, '"hourly"': ENUM},
    ),
    "argument of a chain for a wider enum": Meeting(
        "argument", "wide: {}", ("cm", "first.outputs.mode"), {"other": ENUM}
    ),
    "argument of a chain for a number": Meeting(
        "argument", "n: {}", ("ci", "first.outputs.count", "1.5"), {"first.outputs.text": MISMATCH}
    ),
    "argument of a chain for a list": Meeting(
        "argument",
        "l: {}",
        ("first.outputs.rows", "[first.outputs.text]"),
        {"[first.outputs.count]": MISMATCH, "first.outputs.text": MISMATCH},
    ),
    "given text": Meeting("given", "os = {}", ('"x"', "null", "text"), {"5": MISMATCH}),
    "given int": Meeting("given", "i = {}", ("5", "five"), {'"5"': MISMATCH, "null": NULL}),
    "given enum": Meeting(
        "given", "m = {}", ('"daily"', "text"), {'"hourly"': ENUM, "other": ENUM}
    ),
    "given date": Meeting("given", "d = {}", ('"2024-05-31"',), {'"2024-05-32"': SPELLING}),
    "given record": Meeting(
        "given",
        "r = {}",
        ("row", '{ name: "x" }'),
        {"{ name: 5 }": MISMATCH, "{ }": "missing-field"},
    ),
    "given list": Meeting(
        "given", "l = {}", ('["x"]', "names"), {'"x"': MISMATCH, "[5]": MISMATCH}
    ),
    "read of a task": Meeting(
        "reads",
        "found.doc_no = {}",
        ("5", "[5, 6]", "five", "null", "[null, 6]"),
        {'"5"': MISMATCH, '[5, "6"]': MISMATCH, "[]": ANSWER, "never": ANSWER},
    ),
    "read of a list that may be missing": Meeting(
        "reads",
        "maybe = {}",
        ('["x"]', "names", "null", '[["x"], null]', "[]"),
        {"[5]": MISMATCH, '"x"': MISMATCH},
    ),
    "answer to what is seen": Meeting(
        "screen",
        'sees "the end" = {}',
        ("true", "[true, false]", "truths"),
        {'"yes"': ANSWER, "[true, 1]": ANSWER, "names": MISMATCH, "[]": ANSWER},
    ),
    "expected text": Meeting("outputs", "os2 = {}", ('"x"', "null"), {"5": MISMATCH}),
    "expected enum": Meeting("outputs", "om2 = {}", ('"daily"',), {'"hourly"': ENUM}),
    "expected list": Meeting("outputs", "ol2 = {}", ('["x"]',), {'"x"': MISMATCH, "[5]": MISMATCH}),
    "expected record": Meeting("outputs", "or2 = {}", ("row",), {"{ name: 5 }": MISMATCH}),
    "number of files": Meeting(
        "check",
        'files matching r"x" count {} exists',
        ("3", "i", "l", "five"),
        {"s": MISMATCH, "b": MISMATCH, "r": MISMATCH, "-1": "bound-too-small"},
    ),
    "list of files": Meeting(
        "check",
        'files each f in {} named "{{f}}" exists',
        ("l", "names", "ol"),
        {"s": NO_LIST, "i": NO_LIST},
    ),
}


def findings(meeting: Meeting, value: str) -> list[tuple[str, str]]:
    """The name of each diagnostic of types and names, and the text it points at."""
    holes = dict.fromkeys(HOLES, "") | {meeting.hole: meeting.template.format(value)}
    case = Case("meeting", {"meeting.flow": PROGRAM.format(**holes)}, ["meeting.flow"], {})
    return [
        (each.name, each.span.text)
        for each in case.diagnostics()
        if each.spec.category in ("types", "names", "flow", "syntax")
    ]


RIGHT = [(name, value) for name, meeting in MEETINGS.items() for value in meeting.right]
WRONG = [
    (name, value, expected)
    for name, meeting in MEETINGS.items()
    for value, expected in meeting.wrong.items()
]


@for_rows(lambda: every(3, RIGHT))
def test_a_value_of_the_type_is_taken(row: tuple[str, str]) -> None:
    name, value = row
    assert findings(MEETINGS[name], value) == []


@for_rows(lambda: every(3, WRONG))
def test_a_value_of_another_type_is_reported_where_it_stands(row: tuple[str, str, str]) -> None:
    name, value, expected = row
    (found,) = findings(MEETINGS[name], value)
    assert found[0] == expected
    assert found[1] in MEETINGS[name].template.format(value)
