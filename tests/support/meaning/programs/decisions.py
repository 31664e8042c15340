"""Small programs in which something decides over what not every agent can do.

Each kind of decision stands around each statement that needs a tool or a model: whether a replay
decides it anew is what the checker has to see, and a world shows where it is wrong.

for name, source, options in decisions(): print(name, source)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from flowdsl.compiler.pipeline import CompileOptions

from ..checked import DOCUMENTED, account
from .rare import TOOLS

AROUND = {
    "nothing": 'step "One" { BODY }',
    "a look": 'if sees "a sign" { BODY }',
    "a look and an else": 'if not sees "a sign" { press "F2" } else { BODY }',
    "an input": 'if flag { BODY } else { press "F2" }',
    "a part of a look": 'if flag and sees "a sign" { BODY }',
    "an input or a look": 'if not flag or sees "a sign" { BODY }',
    "a text": 'if name contains "a" { BODY }',
    "one of some": 'if kind in ["a"] { BODY } else if sees "a sign" { press "F2" }',
    "a list": "if rows is empty { BODY }",
    "a look, and an input": 'if sees "a sign" { press "F2" } else if flag { BODY }',
    "a match": 'match kind { "a" { BODY } "b" { press "F2" } }',
    "a while": 'while not sees "a sign" max 2 { BODY press "F2" } else { press "F4" }',
    "a repeat": 'repeat max 2 { press "F2" BODY } until sees "a sign"',
    "a repeat's else": 'repeat max 2 { press "F2" } until sees "a sign" else { BODY }',
    "attempts": 'retry 2 { BODY expect "it is open" }',
    "attempts that are used up": 'retry 2 { expect "it is open" } else { BODY }',
    "an expectation": 'expect "it is open" else { BODY }',
    "a wait": 'wait until "it is open" else { BODY }',
    "a choice": 'choose "the row" else { BODY }',
    "a choice of a model": 'choose "the row" using "slow" else { BODY }',
    "a reading": 'extract read: string from "the title" else { BODY }',
    "a copy": 'copy copied: string from "the title" else { BODY }',
    "a command": 'run "hostname" else { BODY }',
    "a loop": "for row in rows { BODY }",
    "a loop and its decision": 'for row in rows { if sees "a sign" { BODY } }',
    "a loop in a loop": "for row in rows { for cell in cells { BODY } }",
    "a loop in a call": "for row in rows { call act() }",
    "a call, then in a loop": "call act() for row in rows { call act() }",
    "a call in a loop, then outside": "for row in rows { call act() } call act()",
    "a loop of a call in a loop": "for row in rows { call act_rows() }",
    "a call in entries that fail": "for row in rows { call act_open() } on failure { }",
    "a call in attempts around its loop": "retry 2 { call act_rows() }",
    "attempts in a loop": 'for row in rows { retry 2 { BODY expect "it is open" } }',
    "rounds of a value": "keep more: bool = true while more max 2 { BODY keep more = false }",
    "entries that fail": 'for row in rows { BODY expect "it is open" } on failure { press "F2" }',
    "entries that failed": 'for row in rows { expect "it is open" } on failure { BODY }',
    "attempts around a loop": 'retry 2 { for row in rows { BODY expect "it is open" } }',
    "a call": 'if sees "a sign" { call act() }',
    "a call that is decided": "call act_if(on: true) call act_if(on: false)",
    "a call of an input": "call act_if(on: flag)",
    "a call of an input, and one that is decided": "call act_if(on: flag) call act_if(on: false)",
    "a call of a kind": 'call act_of(kind: "a") call act_of(kind: "b")',
    "a call of a kind of an input": "call act_of(kind: kind)",
    "a call in a call": "call act_twice(on: ON)",
    "the environment": 'if env.site == "elsewhere" { BODY }',
}
INSIDE = {
    "a key": 'press "F3"',
    "a command": 'run "ipconfig"',
    "a command that may fail": 'run "ipconfig" else abort "no command"',
    "a command with an output": 'run "hostname" as host: string else abort "no host"',
    "a picture": 'capture "a.png"',
    "a file": 'export file "a.csv"',
    "a copy": 'copy other: string from "the field"',
    "an end": 'finish "It is done."',
    "a reading in the background": 'extract later from "the field" in background',
    "a day": 'type today into "the field"',
    "a model": 'extract seen: string from "the field" using "quick"',
    "a choice of a model": 'choose "the field" using "quick"',
    "two models": 'choose "the field" using "quick" extract seen: string from "it" using "slow"',
    "a loop": 'for entry in CELLS { capture "{entry}.png" }',
    "a loop of a focused agent": 'for entry in CELLS { choose "the cell {entry}" }',
    "a call": "call save()",
}
BY_ANY_AGENT = frozenset(
    {"a command", "a command that may fail", "a command with an output", "a picture", "a copy"}
)
"""What a focused agent may be able to do as well."""

_TASKS = {
    "save": 'task save() { capture "b.png" }',
    "act": "task act() { BODY }",
    "act_rows": 'task act_rows() { for cell in CELLS { BODY expect "it is open" } }',
    "act_open": 'task act_open() { BODY expect "it is open" }',
    "act_of": 'task act_of(kind: Kind) { match kind { "a" { BODY } "b" { press "F2" } } }',
    "act_if": "task act_if(on: bool) { if on { BODY } }",
    "act_twice": "task act_twice(on: bool) { call act_if(on: on) call act_if(on: false) }",
}
_PROGRAM = """\
flow 1

type Kind = "a" | "b"

const ON = true
const CELLS = ["a", "b"]
TASKS
workflow w {
  inputs {
    flag: bool
    name: string
    kind: Kind
    rows: string[] @max_items(2)
    cells: string[] @max_items(2)
  }
  outputs { later: string? }
  terminal { dates = true }
  steps {
    press "F1"
    AROUND
    press "F9"
  }
}
"""


def decisions() -> Iterator[tuple[str, str, CompileOptions]]:
    """Yield the programs by name, each with the account that it is for; some have errors."""
    for (around, statement), (inside, body) in product(AROUND.items(), INSIDE.items()):
        source = _PROGRAM.replace("AROUND", statement)
        tasks: list[str] = []
        for name in ("act_twice", "act_if", "act_of", "act_open", "act_rows", "act"):
            if f"{name}(" in source or any(f"{name}(" in each for each in tasks):
                tasks.append(_TASKS[name])
        if inside == "a call":
            tasks.append(_TASKS["save"])
        source = source.replace("TASKS", "\n".join(tasks)).replace("BODY", body)
        yield f"{around} over {inside}", source, DOCUMENTED
        if inside == "a command that may fail" and "env." not in source:
            yield f"{around} over {inside}, anywhere", source, account(environments=False)
        if inside in BY_ANY_AGENT:
            yield f"{around} over {inside}, by any agent", source, account(TOOLS)
