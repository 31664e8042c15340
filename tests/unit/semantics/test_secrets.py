"""Secrets get into typed text, `do` and secret parameters, and nowhere else.

Every place, and every way there.
"""

from __future__ import annotations

from itertools import product

from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics import places
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.model import SECRET
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.places import Place
from flowdsl.source.files import MemoryFiles
from tests.support.rows import for_rows, in_rows

MARK = "§"
"""Stands in a program where the secret is written."""

TEXT_PLACES = {
    "title": 'title = "§"',
    "tag": 'tags = ["care", "§"]',
    "renamed from": 'renamed_from = "§"',
    "model": 'model { main = "§" }',
    "fallback model": 'model { fallbacks = ["§"] }',
    "allowed command": 'terminal { allow = ["net use §"] }',
    "extra": 'extra { note: { at: "§" } }',
    "default of an input": 'inputs { word: string = "§" }',
    "example of an input": 'inputs { word: string @example("§") }',
    "pattern of an input": 'inputs { word: string @pattern("§") }',
    "rule": 'always { "If asked, use §." }',
    "checked file": 'checks { file "§.pdf" exists }',
    "checked files": 'checks { files matching "§" exists }',
    "checked image": 'checks { image "a.png" shows "§" }',
    "checked output": 'checks { output satisfies "it is §" }',
    "clean-up": 'checks { cleanup "Type §." }',
    "extra of a check": 'checks { output matches schema extra { note: "§" } }',
}
"""Sections of a workflow that hold a text."""

TEXT_STATEMENTS = {
    "step title": 'step "Use §" { press "Tab" }',
    "target of choose": 'choose "the row of §"',
    "target of type": 'type "x" into "the field §"',
    "target of a typed secret": 'type $s into "the field §"',
    "target of clear": 'clear "the field §"',
    "wait until": 'wait until "§ is shown"',
    "source of extract": 'extract x: string from "beside §"',
    "background extract": 'extract x: string from "beside §" in background',
    "source of copy": 'copy x from "beside §"',
    "expect": 'expect "§ is shown"',
    "reason behind else": 'expect "it" else abort "no §"',
    "reason of fail": 'fail "§"',
    "reason of abort": 'abort "§"',
    "reason of finish": 'finish "§"',
    "file of capture": 'capture "§.png"',
    "file of export": 'export file "§.pdf"',
    "image": 'image "./a.png" shows "§"',
    "command": 'run "net use §"',
    "sees": 'if sees "§" { press "Tab" }',
    "sees in a group": 'if not (sees "x" or sees "§") { press "Tab" }',
    "until sees": 'while not sees "§" max 3 { press "Tab" }',
    "compared text": 'if word == "§" { press "Tab" }',
    "list of a for": 'for v in ["a", "§"] { do "Open {v}." }',
    "output": 'emit out = "§"',
    "entry of an output": 'emit outs += "§"',
    "list in an output": 'emit outs = ["a", "§"]',
    "object in an output": 'emit record = { a: "§" }',
    "plain argument": 'call plain(x: "§")',
    "argument in a text": 'call plain(x: "say §")',
    "list argument": 'call loose(x: ["§"])',
    "object argument": 'call loose(x: { a: { b: "§" } })',
    "unknown argument": 'call plain(x: "a", y: "§")',
}
CODE_STATEMENTS = {
    "list of a for": 'for v in § max 3 { do "Open {v}." }',
    "condition": 'if § { press "Tab" }',
    "compared": 'if § == "x" { press "Tab" }',
    "compared with": 'if word == § { press "Tab" }',
    "empty": 'if § is empty { press "Tab" }',
    "until": 'while not § max 3 { press "Tab" }',
    "output": "emit out = §",
    "entry of an output": "emit outs += §",
    "list in an output": "emit outs = [§]",
    "object in an output": "emit record = { a: § }",
    "plain argument": "call plain(x: §)",
    "list argument": "call loose(x: [§])",
    "object argument": "call loose(x: { a: [§] })",
}

HEAD = """flow 1
task plain(x: string) { do "Say {x}." }
task loose(x: any) { do "Say {x}." }
task enter(secret p: string) { type $p into "Password" }
"""
OUTPUTS = "outputs { out: string? outs: string[]? record: { a: string }? }"


def analyzed(text: str, environments: dict[str, dict[str, str]] | None = None) -> list[Diagnostic]:
    """The errors of a program that is written with the mark where the secret stands."""
    png = b"\x89PNG\r\n\x1a\n" + bytes(8)
    files = MemoryFiles({"main.flow": text, "a.png": png})
    sink = Sink()
    analyze_program(load_sources(files, ["main.flow"], sink), environments, files, sink)
    return [found for found in sink.findings_in_order() if found.severity == ERROR]


def in_workflow(body: str, sections: str = "", secrets: str = "s: string") -> str:
    inputs = "" if "inputs {" in sections else "inputs { word: string }"
    return (
        f"{HEAD}workflow w {{ {inputs} {OUTPUTS} secrets {{ {secrets} }}\n{sections}\n"
        f"steps {{\n{body}\n}} }}\n"
    )


def in_task(body: str) -> str:
    result = "-> { out: string? outs: string[]? record: { a: string }? }"
    return (
        f"{HEAD}task t(secret s: string, word: string) {result} {{\n{body}\n}}\n"
        'workflow w { secrets { key: string } steps { call t(s: $key, word: "x") } }\n'
    )


def assert_found(program: str, written: str, *, inside: bool = True) -> None:
    """Something is reported exactly where the secret is written, and nothing elsewhere."""
    start = program.index(MARK)
    text = program.replace(MARK, written)
    found = analyzed(text)
    assert found, text
    hits = [
        each
        for each in found
        if (each.span.start <= start and start + len(written) <= each.span.end)
        or start <= each.span.start <= each.span.end <= start + len(written)
    ]
    assert hits, [(each.name, each.span.text) for each in found]
    assert len(hits) == 1, [(each.name, each.span.text) for each in hits]


IN_TEXTS = ("{$s}", "{s}")


@for_rows(lambda: product(TEXT_PLACES, IN_TEXTS))
def test_no_section_holds_a_secret(row: tuple[str, str]) -> None:
    place, written = row
    assert_found(in_workflow('do "Wait."', TEXT_PLACES[place]), written)


@for_rows(lambda: product(TEXT_STATEMENTS, IN_TEXTS))
def test_no_text_of_a_statement_holds_a_secret(row: tuple[str, str]) -> None:
    place, written = row
    assert_found(in_workflow(TEXT_STATEMENTS[place]), written)


@for_rows(lambda: product([each for each in TEXT_STATEMENTS if "background" not in each], IN_TEXTS))
def test_no_text_of_a_task_holds_a_secret_parameter(row: tuple[str, str]) -> None:
    place, written = row
    assert_found(in_task(TEXT_STATEMENTS[place]), written)


@for_rows(lambda: product(CODE_STATEMENTS, ("$s", "s")))
def test_no_value_is_a_secret(row: tuple[str, str]) -> None:
    place, written = row
    assert_found(in_workflow(CODE_STATEMENTS[place]), written)
    assert_found(in_task(CODE_STATEMENTS[place]), written)


@for_rows(lambda: TEXT_STATEMENTS)
def test_a_field_of_a_secret_is_one(place: str) -> None:
    body = TEXT_STATEMENTS[place].replace("type $s", "type $s.password")
    secrets = "s: { user: string, password: string }"
    assert_found(in_workflow(body, secrets=secrets), "{$s.password}")


@for_rows(lambda: CODE_STATEMENTS)
def test_a_field_of_a_secret_is_one_in_code(place: str) -> None:
    secrets = "s: { user: string, password: string }"
    assert_found(in_workflow(CODE_STATEMENTS[place], secrets=secrets), "$s.password")


@in_rows(
    ("body", "written"),
    [
        ("call enter(p: §)", "s"),
        ("call enter(p: §)", '"{$s}"'),
        ("call enter(p: §)", "word"),
        ("call enter(p: §)", '"hunter2"'),
        ("call enter(p: [§])", "$s"),
        ("call enter(p: { a: § })", "$s"),
        ('type § into "Password"', "s"),
        ('type § into "Password"', '"{s}"'),
        ('do "Type §."', "{s}"),
    ],
)
def test_where_a_secret_belongs_nothing_else_passes_for_one(body: str, written: str) -> None:
    assert_found(in_workflow(body), written)


DECLARATIONS = {
    "const": 'const c = "§"\n',
    "default of a task": 'task d(x: string = "§") { do "Say {x}." }\n',
    "default of a secret parameter": 'task d(secret x: string = §) { type $x into "P" }\n',
    "field of a type": 'type R { a: string = "§" }\n',
    "owner": '@owner("§") type R { a: string }\n',
    "test value": 'test "t" for w { given { word = "§" } prompt tokens < 9000 }\n',
    "test answer": 'test "t" for w { screen { sees "§" = true } }\n',
    "test reason": 'test "t" for w { given { word = "a" } aborts "§" }\n',
    "test output": 'test "t" for w { given { word = "a" } outputs { out = "§" } }\n',
}


@in_rows("place", DECLARATIONS)
def test_no_declaration_outside_holds_a_secret(place: str) -> None:
    written = '"x"' if "secret parameter" in place else "{$s}"
    steps = 'if sees "it" { abort "no" }\ntype $s into "Password"'
    assert_found(in_workflow(steps) + DECLARATIONS[place], written)


def test_a_test_gives_no_secret() -> None:
    program = (
        in_workflow('do "Wait."')
        + 'test "t" for w { given { word = "a" § = "b" } prompt tokens < 9000 }\n'
    )
    assert_found(program, "s")


CHAIN = """flow 1
workflow one { inputs { note: string } secrets { password: string } outputs { word: string }
  steps { type $password into "Password" type note into "Note" emit word = "x" } }
workflow two { inputs { note: string, list: string[]?, password: string? }
  steps { type note into "Note" } }
"""


@in_rows(
    ("body", "written"),
    [
        ("shared { note = § } step a = run one(password: $s)", "$s"),
        ('shared { note = "§" } step a = run one(password: $s)', "{$s}"),
        ('shared { password = § } step a = run one(note: "x")', "word"),
        ('shared { password = § } step a = run one(note: "x")', '"hunter2"'),
        ("step a = run one(note: §, password: $s)", "$s"),
        ('step a = run one(note: "§", password: $s)', "{$s}"),
        ('step a = run one(note: "x", password: §)', "word"),
        ('step a = run one(note: "x", password: §)', '"{$s}"'),
        ('step a = run one(note: "x", password: §)', "s"),
        ('step a = run one(note: "x", password: §)', "password"),
        ('step a = run two(note: "x", list: [§])', "$s"),
        ('step a = run two(note: "x", list: ["§"])', "{$s}"),
        ('title = "§" step a = run two(note: "x")', "{$s}"),
        (
            'shared { password = § } step a = run one(note: "x") step b = run two(note: "x")',
            "$s",
        ),
        (
            'step a = run one(note: "x", password: $s) step b = run one(note: "y", password: §)',
            "a.outputs.word",
        ),
    ],
)
def test_a_chain_keeps_secrets_and_plain_values_apart(body: str, written: str) -> None:
    assert_found(
        CHAIN + f"chain c {{ inputs {{ word: string }} secrets {{ s: string }} {body} }}\n", written
    )


def test_shared_secrets_and_shared_values_are_told_apart() -> None:
    chain = (
        'chain c { secrets { s: string } shared { password = $s note = "x" } step a = run one() }\n'
    )
    assert analyzed(CHAIN + chain) == []


def test_the_places_that_take_a_secret_are_these() -> None:
    taking = {
        name
        for name, place in vars(places).items()
        if isinstance(place, Place) and SECRET in place.allowed
    }
    assert taking == {"DO", "TYPED", "SECRET_ARGUMENT", "CHAIN_SECRET"}


def test_a_secret_where_it_belongs_is_no_error() -> None:
    program = in_workflow(
        'type $s into "Password"\ntype "{$s}" into "Password"\ndo "Type {$s}."\ncall enter(p: $s)\n'
        'retry 2 { type $s into "Password" expect "it" }'
    )
    assert analyzed(program) == []
