"""What a variable or output that some path lacks says about the paths.

How many have it, and where the others go.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Diagnostic
from tests.support.flows.expectations import Case
from tests.support.rows import in_rows

READ = 'do "Use {x}."'
SET = 'extract x: string from "the header"'

Labels = list[tuple[int, str, str]]


def labels_of(diagnostic: Diagnostic) -> Labels:
    """Line, words and text of each secondary label."""
    return [(each.span.first.line, each.span.text, each.text) for each in diagnostic.labels]


def explained(body: str, outputs: str = "") -> tuple[str, Labels]:
    """The message and the labels of the only finding about a path; `body` starts in line 5."""
    text = f"""flow 1
workflow intake {{
  inputs {{ urgent: bool = false  rows: string[] = [] @max_items(9) }}
  outputs {{ {outputs} }} steps {{
{body}
  }}
}}
task stop() {{ abort "no" }}
"""
    found = Case("intake", {"intake.flow": text}, ["intake.flow"], {}).diagnostics()
    names = ("unset-runtime-variable", "missing-emit")
    (diagnostic,) = (each for each in found if each.name in names)
    assert [each.name for each in found if each.severity == "error"] == [diagnostic.name]
    return diagnostic.message, labels_of(diagnostic)


READS = {
    "if without else": (
        [f"if urgent {{ {SET} }}", READ],
        "set on 1 of 2 paths to here",
        [(5, "x", "set here"), (5, "if", "not set when no branch is taken")],
    ),
    "one branch of three": (
        [f"if urgent {{ {SET} }}", 'else if sees "a" { press "Tab" }', 'else { do "b" }', READ],
        "set on 1 of 3 paths to here",
        [(5, "x", "set here"), (6, "else", "not set here"), (7, "else", "not set here")],
    ),
    "branches that leave do not count": (
        [f"if urgent {{ {SET} }}", 'else if sees "a" { abort "a" }', 'else { do "b" }', READ],
        "set on 1 of 2 paths to here",
        [(5, "x", "set here"), (7, "else", "not set here")],
    ),
    "a call that never returns does not count": (
        [f"if urgent {{ {SET} }}", 'else if sees "a" { call stop() }', 'else { do "b" }', READ],
        "set on 1 of 2 paths to here",
        [(5, "x", "set here"), (7, "else", "not set here")],
    ),
    "branches inside branches": (
        [f'if urgent {{ if sees "a" {{ {SET} }}', 'else { do "b" } }', f"else {{ {SET} }}", READ],
        "set on 2 of 3 paths to here",
        [(5, "x", "set here"), (7, "x", "set here"), (6, "else", "not set here")],
    ),
    "two branches in a row": (
        [f"if urgent {{ {SET} }}", 'if sees "a" { do "a" }', f"if urgent {{ {SET} }}", READ],
        "set on 3 of 4 paths to here",
        [
            (5, "x", "set here"),
            (7, "x", "set here"),
            (5, "if", "not set when no branch is taken"),
            (7, "if", "not set when no branch is taken"),
        ],
    ),
    "for": (
        ["for row in rows {", SET, "}", READ],
        "set on 1 of 2 paths to here",
        [(6, "x", "set here"), (5, "for", "this loop may run zero times")],
    ),
    "while": (
        ['while not sees "the end" max 3 {', SET, "}", READ],
        "set on 1 of 2 paths to here",
        [(6, "x", "set here"), (5, "while", "this loop may run zero times")],
    ),
    "until": (
        ["repeat max 3 {", 'if sees "a" {', SET, "}", '} until x == "b"'],
        "set on 1 of 2 paths to here",
        [(7, "x", "set here"), (6, "if", "not set when no branch is taken")],
    ),
    "behind until": (
        ["repeat max 3 {", 'if sees "a" {', SET, "}", '} until sees "the end"', READ],
        "set on 1 of 2 paths to here",
        [(7, "x", "set here"), (6, "if", "not set when no branch is taken")],
    ),
    "else of a retry": (
        ["retry 2 {", 'expect "the form"', SET, "}", "else {", READ, "}"],
        "not set on any path to here",
        [
            (7, "x", "set here, and no path from it leads to the read"),
            (6, "expect", "an attempt may fail here, before it is set"),
        ],
    ),
    "after a retry": (
        ["retry 2 {", SET, 'expect "the form"', "}", 'else { press "Tab" }', READ],
        "set on 2 of 3 paths to here",
        [(6, "x", "set here"), (6, "extract", "an attempt may fail here, before it is set")],
    ),
    "else of a statement": (
        [f'{SET} else {{ press "Tab" }}', READ],
        "set on 1 of 2 paths to here",
        [(5, "x", "set here"), (5, "else", "not set here")],
    ),
    "in the else alone": (
        ['choose "the row" else {', SET, "}", READ],
        "set on 1 of 2 paths to here",
        [(6, "x", "set here"), (5, "choose", "not set when this succeeds")],
    ),
    "another branch": (
        [f"if urgent {{ {SET} }}", "else {", READ, "}"],
        "not set on any path to here",
        [(5, "x", "set here, and no path from it leads to the read")],
    ),
    "later": ([READ, SET], "read before it is set", [(6, "x", "set here, later")]),
    "too many to picture": (
        [f"if urgent {{ {SET} }}"] * 7 + [READ],
        "not set on every path to here",
        [(line, "x", "set here") for line in range(5, 12)]
        + [(line, "if", "not set when no branch is taken") for line in range(5, 8)],
    ),
}


@in_rows("name", READS)
def test_a_read_says_which_paths_lack_the_variable(name: str) -> None:
    lines, message, labels = READS[name]
    found = explained("\n".join(lines))
    assert found == (found[0], labels)
    assert found[0].endswith(message)


EMITS = {
    "if without else": (
        ["if urgent {", 'emit f = "a"', "}"],
        "output `f` is emitted on 1 of 2 paths",
        [(6, "f", "emitted here"), (5, "if", "not emitted when no branch is taken")],
    ),
    "a path that aborts does not count": (
        ['if sees "a" {', 'emit f = "a"', '} else if sees "b" { abort "b" }'],
        "output `f` is emitted on 1 of 2 paths",
        [(6, "f", "emitted here"), (5, "if", "not emitted when no branch is taken")],
    ),
    "for": (
        ["for row in rows {", 'emit f = "{row}"', "}"],
        "output `f` is emitted on 1 of 2 paths",
        [(6, "f", "emitted here"), (5, "for", "this loop may run zero times")],
    ),
    "in front of an end": (
        ["if urgent {", 'emit f = "a"', 'abort "a" }'],
        "output `f` is emitted on no path to the end",
        [
            (6, "f", "emitted here, and no path from it reaches the end"),
            (5, "if", "not emitted when no branch is taken"),
        ],
    ),
    "a path that finishes": (
        ['if sees "a" { finish "b" }', 'emit f = "a"'],
        "output `f` is not emitted on every path to this `finish`",
        [(4, "f", "required here"), (6, "f", "emitted here")],
    ),
    "nowhere": (['do "a"'], "output `f` is never emitted", []),
}


@in_rows("name", EMITS)
def test_an_output_says_which_paths_lack_it(name: str) -> None:
    lines, message, labels = EMITS[name]
    assert explained("\n".join(lines), "f: string") == (message, labels)


ENDS = {
    "abort": ('abort "x"', True),
    "finish": ('finish "x"', True),
    "fail that nothing catches": ('fail "x"', True),
    "retry that never ends": ('retry 2 { abort "x" }', True),
    "retry that always fails": ('retry 2 { fail "x" }', True),
    "retry whose else goes on": ('retry 2 { fail "x" } else { press "Tab" }', False),
    "retry whose else leaves": ('retry 2 { fail "x" } else { abort "y" }', True),
    "retry that may end": ('retry 2 { expect "x" } else { abort "y" }', False),
    "call of a task that never returns": ("call stop()", True),
    "call of a task that calls one": ("call stop_too(b: urgent)", True),
    "call of a task that may return": ("call go_on(b: urgent)", False),
    "if whose branches all leave": ('if urgent { abort "x" } else { fail "y" }', True),
    "if without else": ('if urgent { abort "x" } else if sees "a" { fail "y" }', False),
    "step": ('step "x" { abort "x" }', True),
    "for that runs": ('for n in 3 { abort "x" }', True),
    "for that may not": ('for row in rows { abort "x" }', False),
    "while": ('while not sees "x" max 3 { abort "x" }', False),
    "repeat": ('repeat max 3 { abort "x" } until sees "x"', True),
    "else of a statement": ('expect "x" else { abort "x" }', False),
}


@in_rows("name", ENDS)
def test_nothing_is_reached_behind_what_ends_every_path(name: str) -> None:
    statement, ends = ENDS[name]
    text = f"""flow 1
task stop() {{ fail "no" }}
task stop_too(b: bool) {{ if b {{ call stop() }} else {{ abort "no" }} }}
task go_on(b: bool) {{ if b {{ call stop() }} }}
workflow intake {{
  inputs {{ urgent: bool  rows: string[] @max_items(9) }}
  steps {{
    {statement}
    press "Enter"
  }}
}}
"""
    found = Case("intake", {"intake.flow": text}, ["intake.flow"], {}).diagnostics()
    reached = [each.span.first.line for each in found if each.name == "unreachable-statement"]
    assert reached == ([9] if ends else [])
