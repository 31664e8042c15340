"""Every statement and condition in a test of its own: what holds passes, what does not is told."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from flowdsl.semantics.traversal import statements
from flowdsl.syntax import ast
from flowdsl.syntax.statements import STATEMENTS
from flowdsl.syntax.visit import walk
from tests.support.flows.compiling import workflow
from tests.support.flows.generated.prompts import PICTURE
from tests.support.flows.tested import problems, suite_of

SECTIONS = """
inputs { n: int = 1 who: string = "Ann" note: string? sure: bool = false day: date?
  plan: "gold" | "lead" = "gold" rows: { key: string, n: int? }[] @max_items(4) }
secrets { pin: string }
always { "If a reminder appears, close it." }
"""
BEFORE = """
const where = "the menu"
task name_of(row: int, secret pin: string) -> { name: string, note: string? } {
  type $pin into "the PIN of row {row}"
  extract name: string from "the name in row {row}"
  emit name = {{name}}
}
"""
ROWS = 'rows = [{ key: "a", n: 1 }, { key: "b" }]'


class Row(NamedTuple):
    """Statements, a test of them that passes, and one that fails with this message."""

    body: str
    passes: str
    fails: str
    message: str
    outputs: str = ""


TABLE = {
    "do": Row(
        'do "Open {where} of {who}."',
        'does do "Open the menu of Ann." 1 times',
        'does do ~"Open" 2 times',
        "the run does this once, not 2 times",
    ),
    "step": Row(
        'step "Open {who}" { press "F5" }',
        'reaches step "Open Ann"',
        'reaches step "Open Bo"',
        'the run reaches no step "Open Bo": "Open Ann" is the last that begins',
    ),
    "choose": Row(
        'press "F5" choose "the row of {who}" else abort "no row"',
        'does choose "the row of Ann" 1 times',
        'screen { ~"row of" = never }',
        'the run aborts with "no row"',
    ),
    "type": Row(
        'type who into "the name" type $pin into "the PIN" type "x {n}" into "the note"',
        'types "x 1" into "the note" types ~"pin" into ~"PIN"',
        'never type "Ann" into ~"name"',
        'the run does this: type "Ann" into "the name"',
    ),
    "type as": Row(
        'press "F5" if day != null { type day as "dd.MM.yyyy" into "the day" }',
        'given { day = "2026-01-31" rows = [] } types "2026-01-31" as "dd.MM.yyyy" into "the day"',
        'types "2026-01-31" into "the day"',
        'the run does not `types "2026-01-31" into "the day"`',
    ),
    "clear": Row(
        'clear "the field {n}"',
        'does clear "the field 1"',
        'never clear ~"field"',
        'the run does this: clear "the field 1"',
    ),
    "press": Row(
        'press "ctrl+S" 3 times press "CTRL+s"',
        'does press "Ctrl+S" 4 times',
        'does press "Ctrl+S" 2 times',
        "the run does this 4 times, not 2 times",
    ),
    "wait": Row(
        'press "F5" wait 2s expect "open" repeat until sees "the end" max 3 wait 1s { press "F6" }',
        'screen { "the end" = [false, false, true] } does wait 2000ms 1 times does wait 1s 1 times',
        "does wait 2s 3 times",
        "the run does this once, not 3 times",
    ),
    "wait until": Row(
        'press "F5" wait until "the list of {who}" timeout 90s else finish "no list"',
        'screen { wait ~"list" = never } finishes "no list"',
        'finishes "no list"',
        '"no list" is expected, the run works through all its steps',
    ),
    "extract": Row(
        'press "F5" extract x: { a: int, b: string? }[] from "the list" emit out = {{x}}',
        "reads { x = [{ a: 1 }] } outputs { out = [{ a: 1 }] }",
        'reads { x = [{ a: 1, b: "c" }] } outputs { out = [{ a: 1 }] }',
        '`out[0].b` is "c", not missing',
        "out: { a: int, b: string? }[]",
    ),
    "extract in background": Row(
        'press "F5" extract x: int? from "the total" in background emit out = {{x}}',
        "reads { x = 3 } outputs { out = 3 }",
        "outputs { out = 3 }",
        "`out` is missing, not 3",
        "out: int?",
    ),
    "copy": Row(
        'press "F5" copy x from "the code" else abort "no code" emit out = {{x}}',
        'reads { x = unreadable } aborts "no code" does copy ~"code" 1 times',
        'reads { x = "C" } aborts "no code"',
        "the run does not abort, it works through all its steps",
        "out: string",
    ),
    "emit": Row(
        'press "F5" emit out = [who, "{n}"] emit all = []',
        'outputs { out = ["Ann", "1"] all = [] }',
        'outputs { out = ["Ann"] all = [] }',
        "`out` has 2 entries, not 1",
        "out: string[] all: int[]",
    ),
    "emit +=": Row(
        'press "F5" for row in rows { emit out += row.key }',
        f'given {{ {ROWS} }} outputs {{ out = ["a", "b"] }}',
        f'given {{ {ROWS} }} outputs {{ out = ["a"] }}',
        "`out` has 2 entries, not 1",
        "out: string[]",
    ),
    "keep": Row(
        'keep seen: string = "no" if sees "a" { keep seen = "yes" } '
        "keep all: string[] = [] keep all += {{seen}} emit out = {{all}}",
        'screen { "a" = true } outputs { out = ["yes"] }',
        'outputs { out = ["yes"] }',
        '`out[0]` is "no", not "yes"',
        "out: string[]",
    ),
    "expect": Row(
        'press "F5" expect "open" else { press "F6" expect "open now" }',
        'screen { "open" = never } does press "F6"',
        'screen { "open" = never ~"now" = never }',
        'the run aborts with "not so or not found: open now"',
    ),
    "capture": Row(
        'capture "{who}.png"',
        'does capture "Ann.png"',
        'does capture ~"Bo"',
        'the run does not `capture ~"Bo"`',
    ),
    "export": Row(
        'export file "C:/{who}.csv"',
        'does export file ~"Ann"',
        'never export file ~"csv"',
        'the run does this: export "C:/Ann.csv"',
    ),
    "run": Row(
        'run "Get-Item \'C:/a.txt\'" else abort "no file"',
        'commands { ~"Get-Item" = failed } aborts "no file"',
        'commands { ~"Get-Item" = true } aborts',
        "the run does not abort, it works through all its steps",
    ),
    "if sees": Row(
        'press "F1" if sees "a" { press "F2" } else if sees "b" { press "F3" } else { press "F4" }',
        'screen { "b" = true } does press "F3" never press "F4"',
        'screen { "a" = true } never press "F2"',
        'the run does this: press "f2"',
    ),
    "match": Row(
        'match plan { "gold" { press "F1" } "lead" { press "F2" } }',
        'given { plan = "lead" rows = [] } does press "F2" never press "F1"',
        'given { plan = "gold" rows = [] } never press "F1"',
        'the run does this: press "f1"',
    ),
    "for": Row(
        'for row in rows { type row.key into "the key" } for n2 in 2 { press "F{n}" }'.replace(
            "F{n}", "F7"
        ),
        f'given {{ {ROWS} }} types "b" into "the key" in item 2 of rows does press "F7" 2 times',
        f'given {{ {ROWS} }} types "a" into "the key" in item where key == "b" of rows',
        'the run does not `types "a" into "the key"` in item where key == "b" of rows',
    ),
    "for over what was read": Row(
        'press "F5" extract keys: string[] from "the keys" '
        'for key in {{keys}} max 3 { expect "{key} is listed" }',
        'reads { keys = ["x", "y"] } item 2 { screen { ~"listed" = never } } aborts ~"y is listed"',
        'reads { keys = ["x", "y", "z", "w"] }',
        'the run aborts with "more than 3 entries to work through"',
    ),
    "repeat": Row(
        'press "F5" repeat until sees "the end" max 3 { press "Down" } else abort "no end"',
        'screen { "the end" = [false, true] } does press "Down" 1 times',
        'screen { "the end" = never }',
        'the run aborts with "no end"',
    ),
    "retry": Row(
        'retry 3 wait 1s { press "Enter" expect "saved" } else { fail "never saved" }',
        'screen { "saved" = [false, true] } does press "Enter" 2 times',
        'screen { "saved" = false }',
        'the run aborts with "never saved"',
    ),
    "fail": Row(
        'press "F5" if sees "a" { fail "a is there" }',
        'screen { "a" = true } aborts ~"is there"',
        'screen { "a" = true }',
        'the run aborts with "a is there"',
    ),
    "abort": Row(
        'press "F5" if note is empty { abort "{who} has no note" }',
        'aborts "Ann has no note"',
        'given { note = "x" rows = [] } aborts',
        "the run does not abort, it works through all its steps",
    ),
    "finish": Row(
        'press "F5" if sees "nothing" { finish "done" } press "F6"',
        'screen { "nothing" = true } finishes "done" never press "F6"',
        "finishes",
        "the run works through all its steps, and reaches no `finish`",
    ),
    "call": Row(
        "call name_of(row: n, pin: $pin) as one emit out = {{one.name}}",
        'reads { one.name = "Ann" } outputs { out = "Ann" }',
        'outputs { out = "Ann" }',
        "`one.name` is read, and the test has no answer",
        "out: string",
    ),
    "image": Row(
        'image "./a.png" shows "the button" press "F5"',
        'does press "F5"',
        'does press "F5" 2 times',
        "the run does this once, not 2 times",
    ),
    "comparisons": Row(
        'press "F5" if n > 3 and not sure { press "F1" } '
        'if plan == "lead" or n <= 0 { press "F2" } if day < "2026-01-01" { press "F3" }',
        'given { n = 4 plan = "lead" day = "2025-12-31" rows = [] } '
        'does press "F1" does press "F2" does press "F3"',
        'given { n = 4 sure = true rows = [] } does press "F1"',
        'the run does not `press "F1"`',
    ),
}


def source(row: Row, test: str) -> dict[str, str | bytes]:
    """A program with the statements of a row, and a test."""
    given = "" if "given" in test else "given { rows = [] } "
    sections = f"{SECTIONS} outputs {{ {row.outputs} }}" if row.outputs else SECTIONS
    program = f"{BEFORE}\n{workflow(row.body, sections=sections)}"
    return {
        "main.flow": f'flow 1\n{program}\ntest "t" for w {{ {given}{test} }}\n',
        "a.png": PICTURE,
    }


@pytest.mark.parametrize("name", TABLE)
def test_what_a_statement_does_is_tested(name: str) -> None:
    row = TABLE[name]
    assert problems(source(row, row.passes)) == []
    first = problems(source(row, row.fails))[0]
    assert first.partition(": ")[2] == row.message


NEVER, UNREADABLE = 'screen { "it is done" = never }', "reads { x = unreadable }"


@pytest.mark.parametrize(
    ("body", "answers", "ending"),
    [
        ('wait until "it is done"', NEVER, '"not so or not found: it is done"'),
        ('choose "it is done"', NEVER, '"not so or not found: it is done"'),
        ('extract x: string from "the name"', UNREADABLE, '"not so or not found: the name"'),
        ('copy x from "the name"', UNREADABLE, '"not so or not found: the name"'),
        ('retry 2 { press "F5" expect "it is done" }', NEVER, '"not so or not found: it is done"'),
        ('expect "it is done" else abort "it is over"', NEVER, '"it is over"'),
    ],
)
def test_a_default_reason_is_said_not_to_be_so(body: str, answers: str, ending: str) -> None:
    row = Row(f'press "F1" {body}', "", f'{answers} does press "F1"', "")
    first = problems(source(row, row.fails))[0]
    assert first.endswith(f"the run aborts with {ending}"), first


def test_every_statement_has_a_row() -> None:
    found: set[type[ast.Node]] = set()
    for row in TABLE.values():
        suite = suite_of(source(row, row.passes))
        for each in suite.model.workflows:
            for item in each.declaration.items:
                if isinstance(item, ast.StepsSection):
                    found |= {type(statement) for statement in statements(item.body)}
                    found |= {type(node) for node in walk(item.body)}
    assert set(STATEMENTS) - found == set()
