"""Whatever `check` lets stand where an expression may stand, `compile` makes something of.

Every place is tried with every kind of value. Nothing is said of what is right where: either a
place takes a value, and there is a payload, or it is reported.
"""

from __future__ import annotations

import re
from itertools import product

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles
from tests.support.effort import every

SCALARS = {
    "text": '"word"',
    "empty": '""',
    "lines": '"one\\ntwo"',
    "whole": "3",
    "negative": "-1",
    "decimal": "2.5",
    "truth": "true",
    "nothing": "null",
    "day": '"2026-03-01"',
}
LISTS = {
    "texts": '["a", "b"]',
    "wholes": "[1, 2]",
    "none": "[]",
    "records": '[{ id: "q" }, { id: "r", at: "s" }]',
    "mixed": '["a", null]',
    "nested": '[["a"], []]',
}
RECORDS = {"record": '{ id: "q", parts: ["k"] }'}
LITERALS = {**SCALARS, **LISTS, **RECORDS}

CONSTS = "".join(f"const {name} = {text}\n" for name, text in LITERALS.items())
LIBRARY = "flow 1\n" + CONSTS
PROGRAM = """flow 1
import "./lib.flow" as far
{consts}
type Part {{ id: string, at: string? }}
{declarations}
## Passes on.
workflow next {{
  inputs {{ given: {type}, other: string? }}
  outputs {{ got: string }}
  steps {{ do "Go on." emit got = "x" }}
}}
## Does it.
workflow main {{
  {settings}
  inputs {{
    a_text: string, a_whole: int @min(1) @max(5), some: string[] @max_items(4), parts: Part[],
    maybe: string?, on: date, flag: bool, kind: "a" | "b", anything: any, part: Part {inputs}
  }}
  secrets {{ pin: string }}
  outputs {{ out: {type} }}
  steps {{
    step "First {title}" {{
      extract seen: string[] from "the list"
      extract word: string from "the word"
      {statement}
    }}
    emit out = {emit}
  }}
  checks {{ {check} }}
}}
{behind}
"""
CONFIGURATION = """[project]
name = "a"
id = "prj_00000000"
[env.test]
api = "local"
vars = { region = "north" }
"""
PROJECT = load_project(CONFIGURATION, "flowdsl.toml", Sink())
assert PROJECT is not None
OPTIONS = CompileOptions(project=PROJECT, environment=PROJECT.environments["test"])

BLANK = {
    "declarations": "",
    "settings": "",
    "inputs": "",
    "title": "",
    "statement": "",
    "check": "",
    "behind": "",
    "type": "string",
    "emit": '"x"',
}

NAMED = {
    **{f"const {name}": name for name in LITERALS},
    **{f"imported {name}": f"far.{name}" for name in ("text", "whole", "texts", "records")},
    "part of a const": "record.parts",
    "part of an imported const": "far.record.id",
    "entry of a const": "texts[1]",
    "environment": "env.region",
    "input": "a_text",
    "whole input": "a_whole",
    "list input": "some",
    "records input": "parts",
    "field of an input": "part.at",
    "optional input": "maybe",
    "day input": "on",
    "flag input": "flag",
    "enum input": "kind",
    "any input": "anything",
    "runtime": "word",
    "runtime list": "seen",
    "secret": "$pin",
    "undeclared": "nowhere",
}
EXPRESSIONS = {**{f"literal {name}": text for name, text in LITERALS.items()}, **NAMED}

TEXTS = {
    "title": {"title": "§"},
    "do": {"statement": 'do "Go §."'},
    "choose": {"statement": 'choose "the row §" using "focused" else abort "none §"'},
    "type into": {"statement": 'type "§" into "the field §"'},
    "clear": {"statement": 'clear "the field §"'},
    "wait until": {"statement": 'wait until "it says §" else fail "no §"'},
    "extract from": {"statement": 'extract more: string from "the text at §"'},
    "copy from": {"statement": 'copy more: string from "the text at §"'},
    "expect": {"statement": 'expect "it says §" else abort "not §"'},
    "capture": {"statement": 'capture "shot-§.png"'},
    "export file": {"statement": 'export file "out-§.pdf"'},
    "run": {"statement": 'run "echo §"'},
    "finish": {"statement": 'if sees "x §" { emit out = "y" finish "done §" }'},
    "sees": {"statement": 'if sees "the §" { do "Go." }'},
    "exact check": {"check": 'file "a-§.png" exists'},
    "image check": {"check": 'image "a-§.png" shows "the §"'},
    "each check": {"check": 'files each n in some named "{n}-§.png" exists'},
    "output check": {"check": 'output satisfies "it is §"'},
    "cleanup": {"check": 'cleanup "Close §."'},
    "emitted text": {"emit": '"is §"'},
    "text setting": {"settings": 'title = "Title §"'},
}
VALUES = {
    "list of files": {"check": 'files each n in § named "{n}.png" exists as "files"'},
    "list of pictures": {"check": 'image files each n in § named "{n}.png" shows "one" if present'},
    "pictures told apart": {"check": 'image files each n in § named "{n}.png" shows "{n}" as "p"'},
    "records of files": {"check": 'files each n in § named "{n.id}.png" exists'},
    "count of files": {"check": 'files matching r"[.]png$" count § exists'},
    "extra of a check": {"check": "output matches schema extra { more: § }"},
    "for": {"statement": 'for n in § { do "Go {n}." }'},
    "for with a limit": {"statement": 'for n in § max 3 { do "Go {n}." }'},
    "limit of for": {"statement": 'for n in some max § { do "Go {n}." }'},
    "limit of repeat": {"statement": 'while not sees "x" max § { do "Go." }'},
    "attempts": {"statement": 'retry § { expect "x" } else { do "Go." }'},
    "condition": {"statement": 'if § { do "Go." }'},
    "equality": {"statement": 'if a_text == § { do "Go." }'},
    "order": {"statement": 'if a_whole < § { do "Go." }'},
    "day order": {"statement": 'if on < § { do "Go." }'},
    "left side": {"statement": 'if § != "x" { do "Go." }'},
    "contains": {"statement": 'if a_text contains § { do "Go." }'},
    "in": {"statement": 'if a_text in [§] { do "Go." }'},
    "whole in": {"statement": 'if a_whole not in [§, 4] { do "Go." }'},
    "is empty": {"statement": 'if § is empty { do "Go." }'},
    "match": {"statement": 'match § { "a" { do "Go." } else { do "Stay." } }'},
    "typed": {"statement": 'type § into "the field"'},
    "typed as": {"statement": 'type § as "dd.MM.yyyy" into "the field"'},
    "kept text": {"statement": "keep more: string = §"},
    "kept list": {"statement": 'keep more: string[] = [] keep more += § do "Use {more}."'},
    "kept anything": {"statement": 'keep more: any = § do "Use {more}."'},
    "argument": {
        "declarations": 'task go(what: string) { do "Go {what}." }',
        "statement": "call go(what: §)",
    },
    "list argument": {
        "declarations": 'task go(what: string[]) { for n in what max 3 { do "Go {n}." } }',
        "statement": "call go(what: §)",
    },
    "secret argument": {
        "declarations": 'task go(secret what: string) { type $what into "x" }',
        "statement": "call go(what: §)",
    },
    "emitted text value": {"emit": "§"},
    "emitted list": {"emit": "§", "type": "string[]"},
    "emitted records": {"emit": "§", "type": "Part[]"},
    "emitted record": {"emit": "{ id: §, at: null }", "type": "Part"},
    "emitted optional": {"emit": "§", "type": "string?"},
    "emitted number": {"emit": "§", "type": "number"},
    "emitted anything": {"emit": "§", "type": "any"},
    "default of a text": {"inputs": ", z: string = §"},
    "default of a list": {"inputs": ", z: string[] = §"},
    "default of records": {"inputs": ", z: Part[] = §"},
    "default of a day": {"inputs": ", z: date = §"},
    "default of anything": {"inputs": ", z: any = §"},
    "default in a record": {
        "declarations": "type Held { name: string = § }",
        "inputs": ", z: Held = {}",
    },
    "default of a parameter": {
        "declarations": 'task go(what: string = §) { do "Go {what}." }',
        "statement": "call go()",
    },
    "least": {"inputs": ", z: int @min(§)"},
    "fewest": {"inputs": ", z: string[] @min_items(§)"},
    "example": {"inputs": ", z: string @example(§)"},
    "setting": {"settings": "webhooks = §"},
    "extra": {"settings": "extra { more: § }"},
    "value of a chain": {
        "behind": "chain both { inputs { a_text: string, some: string[] } "
        "step one = run next(given: §) step two = run next(given: §) }"
    },
    "shared by a chain": {
        "behind": "chain both { inputs { a_text: string } shared { given = § } "
        "step one = run next() step two = run next() }"
    },
    "list of a chain": {
        "type": "string[]",
        "emit": "some",
        "behind": "chain both { inputs { some: string[] } "
        "step one = run next(given: §) step two = run next(given: some) }",
    },
    "setting of a chain": {
        "behind": 'chain both { keep_session = § step one = run next(given: "x") }'
    },
    "answer of a chain": {
        "behind": 'chain both { step one = run next(given: "x") pause { more: string = § } '
        "step two = run next(given: more) }"
    },
    "const of a const": {"declarations": "const SECOND = §", "statement": 'do "Go {SECOND}."'},
    "const in a list": {
        "declarations": "const SECOND = [§, §]",
        "check": 'files each n in SECOND named "{n}.png" exists',
    },
    "given of a test": {
        "behind": 'test "it" for next { given { given = § } outputs { got = "x" } }'
    },
}

PLACES = {**TEXTS, **VALUES}

USUAL = (
    "text",
    "texts",
    "whole",
    "kind",
    "flag",
    "records",
    '"x"',
    "true",
    "1",
    "$pin",
    "[]",
    "on",
)
"""Expressions of which every place takes one."""


def program_with(place: str, expression: str) -> str:
    """The program with an expression in a place; in a text it is a variable, or its words."""
    written = expression
    if place in TEXTS:
        is_literal = expression in LITERALS.values()
        written = re.sub('[{}"]', " ", expression) if is_literal else expression
        braced = is_literal
        written = written if braced else f"{{{written}}}"
    parts = {key: text.replace("§", written) for key, text in PLACES[place].items()}
    return PROGRAM.format(consts=CONSTS, **{**BLANK, **parts})


def outcome(text: str) -> str:
    files = MemoryFiles({"a.flow": text, "lib.flow": LIBRARY})
    compilation = compile_project(files, ["a.flow"], OPTIONS)
    errors = [each for each in compilation.analysis.diagnostics if str(each.severity) == "error"]
    assert errors or compilation.bundle is not None, "no error, and no payload"
    return "refused" if errors else "compiled"


def test_what_is_checked_is_compiled() -> None:
    tried = every(193, list(product(PLACES, EXPRESSIONS)))
    for place, name in tried:
        print(place, "/", name)  # a failure shows the last one
        outcome(program_with(place, EXPRESSIONS[name]))


def test_every_place_takes_something() -> None:
    """Else the test above would say nothing of it."""
    for place in PLACES:
        texts = (program_with(place, expression) for expression in USUAL)
        assert any(outcome(text) == "compiled" for text in texts), place
