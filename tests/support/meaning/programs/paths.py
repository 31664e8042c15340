"""Small programs about what is so on every path: values that are set, entries that are added once.

`readings` set a value in each way and read it at each kind of place; where some path leaves it
unset, the checker has to see that, and nowhere else. `additions` add to a list in attempts, before
or behind what may fail. `emissions` set outputs of each kind in each way, where runs also end
elsewhere, and `presences` read what may be missing behind what leaves, or does not.

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
    "before rounds that may set it": 'SET while not sees "a" max 2 { if sees "b" { SET } }',
    "before a repeat that may set it": 'SET repeat max 2 { if sees "b" { SET } } until sees "a"',
    "before attempts that may set it": 'SET retry 2 { if sees "b" { SET } expect "x" }',
    "before attempts, else": 'SET retry 2 { if sees "b" { SET } expect "x" } else { READ }',
    "before a loop that may set it": 'SET for cell in CELLS { if sees "b" { SET } }',
    "in a loop over what was read": 'extract tags: string[] from "t" for tag in tags max 2 { SET }',
    "in a loop over a list of nothing": "for one in NONE { SET }",
    "in a loop over what may be missing": "for one in maybe { SET }",
    "in so many passes": "for n in 2 { SET }",
    "in a repeat that leaves": 'repeat max 2 { SET if sees "b" { abort "no" } } until sees "a"',
    "in a repeat that fails": 'retry 2 { repeat max 2 { SET expect "x" } until sees "a" }',
    "in a while that fails": 'retry 2 { while sees "a" max 2 { SET expect "x" } } else { READ }',
    "in an else that leaves": 'expect "it is open" else { abort "no" } SET',
    "in an else of a step": 'step "One" { if sees "a" { SET } else { fail "no" } }',
    "in branches for each": 'if kind == "a" { SET } else if kind == "b" { SET }',
    "in an entry that failed, too": 'for c in CELLS { expect "x" SET } on failure { SET READ }',
    "before an entry that failed": 'for c in CELLS { SET expect "x" SET } on failure { READ }',
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
    "a target": 'type name into "the field {word}"',
    "a reason that ends the run": 'if sees "q" { abort "not {word}" }',
    "added": "emit all += word",
}
PLAINLY = frozenset({"alone", "in a branch", "in a loop", "in attempts, else"})
"""Where a value is set that is read in each way."""
_READING = """\
flow 1

type Kind = "a" | "b"

const CELLS = ["a", "b"]
const NONE = []

task get() -> { found: string } { extract found: string from "the title" emit found = found }
task leave() { abort "no" }
task use(text: string) { type text into "the field" }

workflow w {
  inputs {
    kind: Kind
    name: string
    rows: string[] @max_items(2)
    some: string[] @min_items(1) @max_items(2)
    maybe: string[]? @min_items(1) @max_items(2)
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
        if read != first_read and around not in PLAINLY:
            continue
        outputs = _OUTPUTS if setter == "an output" else _OUTPUTS.replace("word: string?, ", "")
        source = _READING.replace(_OUTPUTS, outputs).replace("SETS", SETS[around])
        source = source.replace("SET", SETTERS[setter]).replace("READ", READS[read])
        yield f"{setter} {around}, {read}", source
    for around, place in SETS.items():
        outputs = _OUTPUTS.replace("word: string?, ", "")
        source = _READING.replace(_OUTPUTS, outputs).replace("SETS", place)
        source = source.replace("SET", LIST).replace("READ", ADDED)
        yield f"a kept list {around}, added to", source


LIST = 'keep listed: string[] = ["a"]'
ADDED = 'keep listed += "b" for one in listed max 3 { choose "the row {one}" }'

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
    "attempts in entries": "for e in CELLS { retry 2 { BODY } else { } } on failure { AGAIN }",
    "an else": 'for e in CELLS { retry 2 { expect "y" } else { BODY } } on failure { AGAIN }',
    "entries of entries": "for e in CELLS { for c in CELLS { BODY } } on failure { AGAIN }",
    "entries that add another": 'for cell in CELLS { BODY } on failure { keep seen += "f" }',
    "entries twice": "for e in CELLS { for c in CELLS { BODY } on failure { AGAIN } }",
    "attempts behind a branch": 'retry 2 { if sees "q" { BODY } else { press "F2" } expect "y" }',
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
    "rounds with an else": 'while not sees "d" max 2 { press "F4" } else { press "F5" }',
    "a repeat": 'repeat max 2 { press "F4" } until sees "d"',
    "rounds in which something fails": 'while sees "d" max 2 { expect "y" } else { press "F5" }',
    "a loop in which something fails": 'for d in CELLS { expect "y" }',
    "a day": 'type today into "the field"',
    "a command": 'run "hostname"',
    "an else that fails": 'choose "the row" else fail "no row"',
    "an else in which something fails": 'expect "it" else { expect "y" }',
    "a step in which something fails": 'step "Two" { expect "y" }',
}
FULLY = frozenset({"attempts", "attempts in attempts, else", "entries that add, failed"})
BRIEFLY = frozenset(
    {"a key", "an expectation", "a choice", "a call that may fail", "attempts with an else"}
)
"""What is tried with everything, and what everything is tried with."""
_ADDITION = """\
flow 1

const CELLS = ["a", "b"]

task look() { expect "it is open" }
task go() { press "F6" }

workflow w {
  inputs { name: string }
  outputs { all: string[], later: string? }
  terminal { dates = true }
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
        if around not in FULLY and beside not in BRIEFLY:
            continue
        source = _ADDITION.replace("AROUND", attempts.replace("AGAIN", 'emit all += "f"'))
        # Something has to be able to fail in each attempt.
        before = source.replace("BODY", f'expect "z" {add} {other}')
        yield f"{adds} of {around} before {beside}", before
        yield f"{adds} of {around} behind {beside}", source.replace("BODY", f"{other} {add}")


EMITS = {
    "an emit": "emit out = name",
    "a reading": 'extract out from "the title"',
    "a copy": 'copy out from "the title"',
    "a copy with an else": 'copy out from "the title" else { press "F2" }',
    "a reading with an else": 'extract out from "the title" else { press "F2" }',
}
OUTPUTS = {
    "needed": "out: string",
    "with a default": 'out: string = "none"',
    "that may be missing": "out: string?",
}
ENDS = {
    "nowhere else": "PLACE",
    "before": 'if sees "q" { finish "done" } PLACE',
    "behind": 'PLACE if sees "q" { finish "done" }',
    "in a task, before": 'if sees "q" { call end() } PLACE',
    "in an else": 'expect "q" else finish "done" PLACE',
    "in attempts": 'retry 2 { expect "y" } else { finish "done" } PLACE',
}
_EMISSION = """\
flow 1

type Kind = "a" | "b"

const CELLS = ["a", "b"]
const NONE = []

task leave() { abort "no" }
task end() { finish "done" }

workflow w {
  inputs {
    kind: Kind
    name: string
    rows: string[] @max_items(2)
    some: string[] @min_items(1) @max_items(2)
    maybe: string[]? @min_items(1) @max_items(2)
  }
  outputs { OUTPUT }
  steps {
    press "F1"
    PLACE
    press "F9"
  }
}
"""


def emissions() -> Iterator[tuple[str, str]]:
    """Yield programs that set an output in some place, and end in others."""
    for (around, place), (how, emit), (kind, output), (end, ended) in product(
        SETS.items(), EMITS.items(), OUTPUTS.items(), ENDS.items()
    ):
        others = (how != "an emit") + (kind != "needed") + (end != "nowhere else")
        if "READ" in place or (others > 1 and around not in PLAINLY):
            continue
        source = _EMISSION.replace("OUTPUT", output).replace("PLACE", ended)
        source = source.replace("PLACE", place).replace("SET", emit)
        yield f"{how} of one {kind} {around}, ends {end}", source


LEAVES = {
    "a key": 'press "F2"',
    "an end": 'abort "no"',
    "a failure": 'fail "no"',
    "a good end": 'finish "done"',
    "a call that leaves": "call leave()",
    "a call": "call go()",
    "a step that leaves": 'step "One" { abort "no" }',
    "a branch that leaves": 'if sees "b" { abort "no" }',
    "branches that leave": 'if sees "b" { abort "no" } else { abort "never" }',
    "one of two that leaves": 'if sees "b" { abort "no" } else { press "F2" }',
    "cases that leave": 'match kind { "a" { abort "no" } "b" { abort "never" } }',
    "cases and an else": 'match kind { "a" { abort "no" } else { abort "never" } }',
    "a case that does not": 'match kind { "a" { abort "no" } "b" { press "F2" } }',
    "branches for each": 'if kind == "a" { abort "no" } else if kind == "b" { abort "never" }',
    "nothing": "",
}
GUARDS = {
    "a branch": "if memo is empty { LEAVE } USE",
    "a branch with another": 'if memo is empty { LEAVE } else { press "F3" } USE',
    "the other branch": 'if not memo is empty { press "F3" } else { LEAVE } USE',
    "a branch in a step": 'step "Two" { if memo is empty { LEAVE } USE }',
    "two branches": 'if memo is empty { LEAVE } else if sees "c" { LEAVE } USE',
    "a branch that looks first": 'if sees "c" { LEAVE } else if memo is empty { LEAVE } USE',
    "a condition of two": 'if sees "c" or memo is empty { LEAVE } USE',
    "a condition of both": 'if sees "c" and memo is empty { LEAVE } USE',
    "cases": 'match some { "a" { USED } "b" { LEAVE } else { press "F4" } }',
    "cases and an else": 'match some { "a" { press "F4" } else { LEAVE } } USED',
    "rounds": 'while memo is empty max 2 { extract memo from "m" } else { LEAVE } USE',
    "a repeat": 'repeat max 2 { extract memo from "m" } until not memo is empty else { LEAVE } USE',
    "attempts": 'retry 2 { extract memo from "m" else fail "no" } else { LEAVE } USE',
    "a reading": 'extract memo from "m" else { LEAVE } USE',
    "a copy": 'copy memo from "m" else { LEAVE } USE',
    "a loop": "for cell in CELLS { if memo is empty { LEAVE } USE }",
    "behind a loop": "for cell in CELLS { if memo is empty { LEAVE } } USE",
}
_PRESENCE = """\
flow 1

type Kind = "a" | "b"

const CELLS = ["a", "b"]

task leave() { abort "no" }
task go() { press "F6" }

workflow w {
  inputs { kind: Kind, some: Kind?, given: string? }
  outputs { memo: string? }
  steps {
    press "F1"
    emit memo = given
    GUARD
    press "F9"
  }
}
"""


def presences() -> Iterator[tuple[str, str]]:
    """Yield programs that read what may be missing behind a decision that may leave."""
    for (guard, decided), (leave, leaves) in product(GUARDS.items(), LEAVES.items()):
        source = _PRESENCE.replace("GUARD", decided).replace("LEAVE", leaves)
        source = source.replace("USED", 'do "Look at {some}."')
        yield f"{guard} over {leave}", source.replace("USE", 'do "Look at {memo}."')


def paths() -> Iterator[tuple[str, str]]:
    """Yield all of them; some have errors."""
    yield from readings()
    yield from additions()
    yield from emissions()
    yield from presences()
