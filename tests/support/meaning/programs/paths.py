"""Small programs about what is so on every path: values that are set, entries that are added once.

`readings` set a value in each way and read it at each kind of place; where some path leaves it
unset, the checker has to see that, and nowhere else. `additions` add to a list in attempts, before
or behind what may fail.

for name, source in paths(): print(name, source)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

SETS = {
    "alone": "SET",
    "in a step": 'step "One" { SET }',
    "in a branch": 'if sees "a sign" { SET }',
    "in both branches": 'if sees "a sign" { SET } else { SET }',
    "in one that leaves": 'if sees "a sign" { abort "no" } else { SET }',
    "behind one that leaves": 'if sees "a sign" { finish "done" } SET',
    "in each case": 'match kind { "a" { SET } "b" { SET } }',
    "in one case": 'match kind { "a" { SET } else { press "F2" } }',
    "in a loop": "for row in rows { SET }",
    "in a loop over what is known": "for cell in CELLS { SET }",
    "in a loop over some": "for one in some { SET }",
    "in no loop": "for one in [] { SET }",
    "in a while": 'while not sees "a sign" max 2 { SET }',
    "in a repeat": 'repeat max 2 { SET } until sees "a sign"',
    "in a part of a round": 'repeat max 2 { if sees "b" { SET } } until sees "a sign"',
    "in attempts": 'retry 2 { SET expect "it is open" }',
    "in attempts, else": 'retry 2 { SET expect "it is open" } else { press "F2" }',
    "in attempts, else too": 'retry 2 { SET expect "it is open" } else { SET }',
    "in attempts, else leaves": 'retry 2 { SET expect "it is open" } else { abort "no" }',
    "in the else of attempts": 'retry 2 { expect "it is open" } else { SET }',
    "in an else": 'expect "it is open" else { SET }',
    "in entries that fail": 'for cell in CELLS { SET expect "x" } on failure { press "F2" }',
    "before a loop that sets it": "SET for cell in CELLS { READ SET }",
    "in a pass that reads it first": 'for cell in CELLS { if sees "a sign" { SET } READ }',
    "in a round that reads it first": 'repeat max 2 { READ SET } until sees "a sign"',
    "in an attempt that reads it first": 'retry 2 { if sees "b" { SET } READ expect "x" }',
    "in an entry that failed": 'for cell in CELLS { SET expect "x" } on failure { READ }',
    "in a call that leaves": 'if sees "a sign" { call leave() } else { SET }',
}
SETTERS = {
    "a reading": 'extract word: Kind from "the title"',
    "a reading with an else": 'extract word: string from "the title" else { press "F2" }',
    "a reading that leaves": 'extract word: string from "the title" else { abort "no title" }',
    "a copy": 'copy word: string from "the title"',
    "a kept value that lasts": 'keep word: string = "a"',
    "an output": "emit word = name",
    "a call": "call get() as result keep word: string = result.found",
}
READS = {
    "typed": 'type word into "the field"',
    "asked for": 'expect "the word {word}"',
    "looked for": 'if sees "the word {word}" { press "F3" }',
    "matched": 'match word { "a" { press "F3" } else { press "F4" } }',
    "compared": 'if word == "a" { press "F3" }',
    "a condition of rounds": 'while sees "the row {word}" max 2 { press "F3" } else { press "F4" }',
    "an end of rounds": 'repeat max 2 { press "F3" } until sees "{word}" else { press "F4" }',
    "kept": 'keep other: string = word type other into "the field"',
    "emitted": "emit out = word",
    "an argument": "call use(text: word)",
    "a choice": 'choose "the row {word}"',
    "a wait": 'wait until "the row {word}"',
    "read from": 'extract read: string from "the row {word}" type read into "the field"',
    "copied from": 'copy more: string from "the row {word}" type more into "the field"',
    "a reason": 'expect "it is open" else fail "not {word}"',
    "cleared": 'clear "the field {word}"',
    "done": 'do "Look at {word}."',
    "run": 'capture "{word}.png"',
    "added": "emit all += word",
}
_READING = """\
flow 1

type Kind = "a" | "b"

const CELLS = ["a", "b"]

task get() -> { found: string } { extract found: string from "the title" emit found = found }
task leave() { abort "no" }
task use(text: string) { type text into "the field" }

workflow w {
  inputs {
    kind: Kind
    name: string
    rows: string[] @max_items(2)
    some: string[] @min_items(1) @max_items(2)
  }
  outputs { word: string?, out: string?, all: string[] }
  steps {
    press "F1"
    SETS
    READ
    emit all += "z"
  }
}
"""
_OUTPUTS = "outputs { word: string?, out: string?, all: string[] }"


def readings() -> Iterator[tuple[str, str]]:
    """Yield programs that set a value and read it."""
    (first_setter, *_), (first_read, *_) = SETTERS, READS
    for around, setter, read in product(SETS, SETTERS, READS):
        if setter != first_setter and read != first_read:
            continue
        outputs = _OUTPUTS if setter == "an output" else _OUTPUTS.replace("word: string?, ", "")
        source = _READING.replace(_OUTPUTS, outputs).replace("SETS", SETS[around])
        source = source.replace("SET", SETTERS[setter]).replace("READ", READS[read])
        yield f"{setter} {around}, {read}", source


ATTEMPTS = {
    "attempts": "retry 2 { BODY }",
    "attempts with an else": 'retry 2 { BODY } else { press "F2" }',
    "attempts that add in their else": 'retry 2 { expect "x" } else { BODY }',
    "attempts in attempts": 'retry 2 { retry 2 { BODY } press "F2" }',
    "attempts in attempts, else": 'retry 2 { retry 2 { BODY } else { press "F2" } expect "y" }',
    "a loop in attempts": "retry 2 { for cell in CELLS { BODY } }",
    "a while in attempts": 'retry 2 { while not sees "a sign" max 2 { BODY } else { press "F2" } }',
    "a repeat in attempts": 'retry 2 { repeat max 2 { BODY } until sees "a" else { press "F2" } }',
    "a branch in attempts": 'retry 2 { if sees "a sign" { BODY } }',
    "a step in attempts": 'retry 2 { step "One" { BODY } }',
    "entries that fail": 'for cell in CELLS { BODY } on failure { press "F2" }',
    "entries that add, failed": 'for cell in CELLS { BODY } on failure { emit all += "f" }',
    "attempts of entries": 'for cell in CELLS { retry 2 { BODY } } on failure { emit all += "f" }',
    "entries in attempts": 'retry 2 { for cell in CELLS { BODY } on failure { press "F2" } }',
    "what failed in attempts": 'retry 2 { for c in CELLS { expect "x" } on failure { BODY } }',
}
ADDS = {
    "an entry": 'emit all += "a"',
    "a kept entry": 'keep seen += "a"',
    "an entry of a branch": 'if sees "b" { emit all += "a" }',
}
BESIDE = {
    "a key": 'press "F3"',
    "a typed text": 'type name into "the field"',
    "an expectation": 'expect "it is open"',
    "an expectation with an else": 'expect "it is open" else { press "F4" }',
    "an expectation that ends the run": 'expect "it is open" else abort "no"',
    "a failure": 'if sees "c" { fail "no" }',
    "a reading": 'extract read: string from "the title"',
    "a reading of what may be missing": 'extract read: string? from "the title"',
    "a copy": 'copy read: string from "the title"',
    "a choice": 'choose "the row"',
    "a wait": 'wait until "it is open"',
    "a call that may fail": "call look()",
    "a call": "call go()",
    "rounds": 'while not sees "d" max 2 { press "F4" }',
    "attempts with an else": 'retry 2 { expect "y" } else { press "F5" }',
    "entries that fail": 'for d in CELLS { expect "y" } on failure { press "F5" }',
    "an end": 'if sees "e" { abort "no" }',
}
_ADDITION = """\
flow 1

const CELLS = ["a", "b"]

task look() { expect "it is open" }
task go() { press "F6" }

workflow w {
  inputs { name: string }
  outputs { all: string[] }
  steps {
    keep seen: string[] = []
    press "F1"
    AROUND
    emit all += "z"
    if count of seen > 1 { press "F9" }
  }
}
"""


def additions() -> Iterator[tuple[str, str]]:
    """Yield programs that add to a list before or behind something else, in attempts."""
    for (around, attempts), (adds, add), (beside, other) in product(
        ATTEMPTS.items(), ADDS.items(), BESIDE.items()
    ):
        if adds != "an entry" and beside not in ("a key", "an expectation"):
            continue
        source = _ADDITION.replace("AROUND", attempts)
        # Something has to be able to fail in each attempt.
        before = source.replace("BODY", f'expect "z" {add} {other}')
        yield f"{adds} of {around} before {beside}", before
        yield f"{adds} of {around} behind {beside}", source.replace("BODY", f"{other} {add}")


def paths() -> Iterator[tuple[str, str]]:
    """Yield all of them; some have errors."""
    yield from readings()
    yield from additions()
