"""The machine does what a payload says: one that says something else is found out."""

from __future__ import annotations

import re
from collections.abc import Callable

from flowdsl.simulate.machine.characters import fill_in_inputs
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.machine.layout import Defect
from tests.support.meaning.checked import Checked, checked
from tests.support.meaning.executions import disagreements
from tests.support.meaning.law import payload
from tests.support.meaning.worlds import world
from tests.support.rows import in_rows

Edit = Callable[[Payload], Payload]


def workflow(steps: str) -> str:
    return f"flow 1\nworkflow w {{\n steps {{\n{steps}\n}} }}\n"


COMMAND = workflow('run "Get-Date" press "Tab"')
DAY = workflow('type today into "Day"').replace("steps {", "terminal { dates = true } steps {")
LISTS = workflow("""
  keep a: string[] = []
  keep b: string[] = []
  if sees "more" { keep a += "x" }
  if sees "less" { keep b += "y" }
  for one in a max 4 { press "Tab" type one into "A" }
  for one in b max 4 { press "Enter" type one into "B" }
""")
ROWS = workflow("""
  while not sees "the end" max 3 {
    press "Tab"
    if sees "more" { emit a += "x" }
    if sees "less" { emit b += "y" }
  }
""").replace("steps {", "outputs { a: string[] b: string[] } steps {")
DECIDED = workflow('if sees "it" { do "Open it." capture "a.png" } else { capture "b.png" }')
MAIN_ROUNDS = workflow('while not sees "it" max 4 { capture "a.png" } else { press "F7" }')
JUDGED = workflow('capture "a.png"').replace(
    "} }", '} checks { file "a.png" exists output satisfies "it is right" } }'
)
CHECKED = workflow('expect "it" else { capture "a.png" } press "Tab"')


def schema(pattern: str, new: str) -> Edit:
    def edit(each: Payload) -> Payload:
        assert each.output_schema is not None
        return each.__replace__(output_schema=re.sub(pattern, new, each.output_schema, count=1))

    return edit


def commands(*allowed: str) -> Edit:
    return lambda each: each.__replace__(allowlist=allowed)


def words(pattern: str, new: str) -> Edit:
    return lambda each: each.__replace__(prompt=re.sub(pattern, new, each.prompt, count=1))


EDITS = [
    ("a command that the allowlist lacks", COMMAND, commands("Get-Item")),
    ("a command that the allowlist has with other blanks", COMMAND, commands("Get-Date ")),
    ("a command for a day that the allowlist lacks", DAY, commands()),
    (
        "one more entry of another list",
        LISTS,
        words(r'("b"[^\n]*(?:\{\{|⟪))b((?:\}\}|⟫)[^\n]*"y")', r"\1a\2"),
    ),
    ("one more entry of a text", LISTS, words('"a": an empty list', '"a": "p"')),
    (
        "an entry under a number of which nobody was told",
        ROWS,
        words(r'\n[^\n]*"a_count": 0[^\n]*', ""),
    ),
    ("a number that is not 0 without entries", ROWS, words('"a_count": 0', '"a_count": 1')),
    ("an entry that no rule explains", ROWS, words(r"\n- To append [^\n]*", "")),
    ("an entry of another list", ROWS, words('Append to "b"', 'Append to "a"')),
    ("the number of another list", ROWS, schema("a_count", "b_count")),
    ("keys that are no row", ROWS, schema("a_2", "a_3")),
    (
        "a decision that is told with another reason",
        DECIDED,
        words(r'(is "1" \([^\n]*)“it”', r"\1“others”"),
    ),
    (
        "rounds that are made where none is needed",
        MAIN_ROUNDS,
        words(r'none if "\{\{decision_1', 'none if "{{decision_9'),
    ),
    ("a file that no check asks for", JUDGED, lambda each: each.__replace__(checks=())),
    (
        "a statement about outputs that is another one",
        JUDGED,
        lambda each: each.__replace__(
            checks=(each.checks[0], {**each.checks[1], "check_prompt": "all is right"})
        ),
    ),
    (
        "a failure that is told of another check",
        CHECKED,
        words(r'(is "failed" \([^\n]*)it”\)', r"\1all”)"),
    ),
]


@in_rows(("source", "edit"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_a_payload_that_says_something_else_is_found_out(source: str, edit: Edit) -> None:
    program = checked(source)
    assert program is not None
    said = payload(program)
    broken = edit(said)
    assert broken != said
    assert not _differs(program, said)
    assert _differs(program, broken)


def _differs(program: Checked, said: Payload) -> bool:
    """Whether a payload does something else than a program in one of some worlds."""
    return any(
        any(disagreements(program.model, program.workflow, said, world(seed, program)))
        for seed in range(8)
    )


def test_a_defect_shows_values_with_their_own_characters() -> None:
    line = fill_in_inputs("- If {n}:", {"n": "a b"}, ["n"])
    assert line != "- If a b:"
    assert str(Defect("a group without lines", line)) == "a group without lines: - If a b:"
