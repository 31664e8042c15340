"""Mistakes that people bring from other languages: one finding each, with the right form.

A row says what is written, what is reported and where, which form the help shows, and what stands
there when somebody has done what the help says. That is the second witness: it has the form that
the help shows, and it checks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from flowdsl.api import CompileOptions, MemoryFiles, analyze
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from tests.support.effort import every
from tests.support.rows import for_rows

STEPS = """flow 1

task sign_in(user: string, secret password: string) {
  type "{user}" into "the field User"
  type $password into "the field Password"
}

workflow w {
  inputs { name: string, note: string?, ready: bool, visit: { id: string }
    sites: string[] @max_items(5) }
  secrets { password: string }
  outputs { x: string?, names: string[]? }
  steps {
    do "Open the chart."
    <here>
    do "Close the chart."
    do "{$undeclared}"
  }
}
"""
WORKFLOW = """flow 1

workflow w {
  <here>
  steps { do "Open the chart." }
}

workflow v {
  steps { do "{$undeclared}" }
}
"""
OUTSIDE = """flow 1

<here>

workflow w {
  steps {
    do "Open the chart."
    do "{$undeclared}"
  }
}
"""
MATCH = """workflow m {
  inputs { kind: "a" | "b" | "c" }
  steps {
    match kind {
      "a" { press "F2" }
      <here>
    }
  }
}"""
OTHER = "undeclared-name"
"""What each context reports besides, so that a mistake does not cost what stands around it."""


class Row(NamedTuple):
    """A mistake in a context.

    It is reported as `name` at the first `place` in `written` behind `after`. `form` stands in the
    help; `right` is what should be there.
    """

    context: str
    written: str
    name: str
    place: str
    form: str
    right: str
    after: str = ""


UNEXPECTED = "unexpected-token"
CHARACTER = "unknown-character"
ROWS = [
    # Python
    Row(STEPS, 'if ready { press "F2" }\n    elif name == "a" { press "F3" }', "misspelt-keyword",
        "elif", "else if", 'if ready { press "F2" }\n    else if name == "a" { press "F3" }'),
    Row(STEPS, 'if ready { press "F2" } else: { press "F3" }', UNEXPECTED, ":", "leave out `:`",
        'if ready { press "F2" } else { press "F3" }'),
    Row(STEPS, 'if ready:\n      press "F2"', UNEXPECTED, ":", "{ ... }",
        'if ready {\n      press "F2"\n    }'),
    Row(STEPS, 'if ready:\n      press "F2"\n    else:\n      press "F3"', UNEXPECTED, ":",
        "{ ... }",
        'if ready {\n      press "F2"\n    } else {\n      press "F3"\n    }'),
    Row(STEPS, 'until sees "the end" { press "F2" }', UNEXPECTED, "until",
        "repeat max N { } until ...", 'repeat max 3 { press "F2" } until sees "the end"'),
    Row(STEPS, 'repeat max 3 { press "F2" }', "unfinished-line", "}", "repeat max N { } until ...",
        'repeat max 3 { press "F2" } until sees "the end"'),
    Row(STEPS, 'repeat max 3 { press "F2" } while sees "more"', UNEXPECTED, "while",
        "repeat max N { } until ...", 'repeat max 3 { press "F2" } until not sees "more"'),
    Row(STEPS, "loop { press \"F2\" }", UNEXPECTED, "loop", "while ... max N { }",
        'while not sees "the end" max 3 { press "F2" }'),
    Row(STEPS, 'try {\n      press "F2"\n    } except {\n      press "F3"\n    }', UNEXPECTED,
        "try", "retry N { } else { }",
        'retry 2 { expect "the list" } else { press "F3" }'),
    # Days, which are counted in one place
    Row(OUTSIDE, 'workflow d {\n  inputs { due: date }\n'
        '  steps { if due < due + 1y { press "F2" } }\n}', UNEXPECTED, "+ 1y",
        "day: date = due + 1y", 'workflow d {\n  inputs { due: date, day: date = due + 1y }\n'
        '  steps { if due < day { press "F2" } }\n}'),
    Row(OUTSIDE, 'workflow d {\n  inputs { due: date }\n'
        '  steps { if due < start of month { press "F2" } }\n}', UNEXPECTED, "start of month",
        "day: date = start of month",
        'workflow d {\n  inputs { due: date, day: date = start of month }\n'
        '  steps { if due < day { press "F2" } }\n}'),
    Row(OUTSIDE, 'workflow d {\n  inputs { due: date }\n'
        '  steps { if due < today { press "F2" } }\n}', OTHER, "today", "today: date = today",
        'workflow d {\n  inputs { due: date, today: date = today }\n'
        '  steps { if due < today { press "F2" } }\n}'),
    *(
        Row(OUTSIDE, f"workflow d {{\n  inputs {{ due: date, day: date = {written} }}\n"
            '  steps { do "Type {due} and {day}." }\n}', name, place, form,
            f"workflow d {{\n  inputs {{ due: date, day: date = {right} }}\n"
            '  steps { do "Type {due} and {day}." }\n}', after="day: date")
        for written, name, place, form, right in (
            ("yesterday", OTHER, "yesterday", "today - 1d", "today - 1d"),
            ("tomorrow", OTHER, "tomorrow", "today + 1d", "today + 1d"),
            ("now", OTHER, "now", "today", "today"),
            ("today + 7", CHARACTER, "+", "+ 7d", "today + 7d"),
            ("today + 7 d", CHARACTER, "+", "+ 7d", "today + 7d"),
            ("today - 2 weeks", CHARACTER, "-", "- 2w", "today - 2w"),
            ("due + 1m", CHARACTER, "+", "+ 1mo", "due + 1mo"),
            ("end of month", UNEXPECTED, "end of month", "start of month + 1mo - 1d",
                "start of month + 1mo - 1d"),
        )
    ),
    Row(OUTSIDE, 'workflow d {\n  inputs { due: date }\n  steps { do "{due} {yesterday}" }\n}',
        OTHER, "{yesterday}", "yesterday: date = today - 1d",
        'workflow d {\n  inputs { due: date, yesterday: date = today - 1d }\n'
        '  steps { do "{due} {yesterday}" }\n}'),
    Row(STEPS, 'if "the list" exists { press "F2" }', UNEXPECTED, "exists", 'sees "..."',
        'if sees "the list" { press "F2" }'),
    Row(STEPS, 'if "the list" is not visible { press "F2" }', UNEXPECTED, "is", 'sees "..."',
        'if not sees "the list" { press "F2" }', after='"the list" '),
    Row(STEPS, 'if "the list" not exists { press "F2" }', UNEXPECTED, "exists", 'sees "..."',
        'if not sees "the list" { press "F2" }'),
    Row(STEPS, 'if exists "the list" { press "F2" }', UNEXPECTED, '"the list"', 'sees "..."',
        'if sees "the list" { press "F2" }'),
    Row(STEPS, 'if sees "the list" exists { press "F2" }', UNEXPECTED, "exists", 'sees "..."',
        'if sees "the list" { press "F2" }'),
    Row(STEPS, 'wait until "the list" exists', UNEXPECTED, "exists", 'sees "..."',
        'wait until sees "the list"'),
    Row(STEPS, 'extract found: string[] @max_items(5) from "the rows"\n    emit names = found',
        UNEXPECTED, "@", 'expect count of found <= 5 else abort "..."',
        'extract found: string[] from "the rows"\n'
        '    expect count of found <= 5 else abort "More than 5 rows"\n    emit names = found'),
    Row(STEPS, 'keep tries: int @min(1) = 3\n    emit x = "{tries}"', UNEXPECTED, "@",
        'expect tries >= 1 else abort "..."',
        'keep tries: int = 3\n    expect tries >= 1 else abort "None"\n    emit x = "{tries}"'),
    Row(STEPS, 'do "Type {len(sites)}."', "malformed-variable", "{len(sites)}",
        "{count of sites}", 'do "Type {count of sites}."'),
    Row(STEPS, 'print("hello")', UNEXPECTED, "print", "emit name = value", 'emit x = "hello"'),
    Row(STEPS, "if ready == True { press \"F2\" }", OTHER, "True", "true",
        'if ready == true { press "F2" }'),
    Row(STEPS, 'if note == None { press "F2" }', OTHER, "None", "is empty",
        'if note is empty { press "F2" }'),
    # What stands in braces, and in which order
    Row(STEPS, 'retry 2 { press "F2" } else fail "no form"', UNEXPECTED, "fail", "{ ... }",
        'retry 2 { press "F2" } else { fail "no form" }'),
    Row(STEPS, 'if ready { press "F2" } else abort "not ready"', UNEXPECTED, "abort", "{ ... }",
        'if ready { press "F2" } else { abort "not ready" }'),
    Row(WORKFLOW, 'inputs { sites: ("a" | "b")[] @min_items(1) }', UNEXPECTED, "(",
        '"a" | "b"[]', 'inputs { sites: "a" | "b"[] @min_items(1) }'),
    Row(WORKFLOW, "inputs { hours: number @min(0) @max(9) = 0 }", UNEXPECTED, "=",
        "type = value @min(0)", "inputs { hours: number = 0 @min(0) @max(9) }"),
    Row(OUTSIDE, 'task t(code: string @pattern("[0-9]")) { press "F2" }', UNEXPECTED, "@",
        "code: string", 'task t(code: string) { press "F2" }'),
    Row(STEPS, 'def open():\n      press "F2"', UNEXPECTED, "def", "task name() { ... }",
        "call sign_in(user: name, password: $password)"),
    Row(STEPS, "return name", UNEXPECTED, "return", "emit name = value", "emit x = name"),
    Row(STEPS, 'do f"Open {name}."', UNEXPECTED, "f", "leave out the `f`", 'do "Open {name}."'),
    Row(STEPS, "press 'F2'", UNEXPECTED, "'F2'", '"..."', 'press "F2"'),
    Row(STEPS, "names += name", UNEXPECTED, "names", "emit name += value", "emit names += name"),
    Row(STEPS, 'if ready { raise "broken" }', UNEXPECTED, "raise", 'fail "..."',
        'if ready { fail "broken" }'),
    Row(STEPS, 'if note != none { press "F2" }', OTHER, "none", "is not empty",
        'if note is not empty { press "F2" }'),
    Row(STEPS, 'for site in sites on failure as why {\n      abort "{why}"\n    } {\n'
        '      press "F2"\n    }', UNEXPECTED, "on", "for x in list { } on failure as name { }",
        'for site in sites { press "F2" } on failure as why { abort "{why}" }'),
    Row(STEPS, 'if note is set { press "F2" }', UNEXPECTED, "set", "x is not empty",
        'if note is not empty { press "F2" }'),
    Row(OUTSIDE, MATCH.replace("<here>", 'none { press "F3" }'), UNEXPECTED, "none", "else { }",
        MATCH.replace("<here>", 'else { press "F3" }')),
    Row(OUTSIDE, MATCH.replace("<here>", 'default { press "F3" }'), UNEXPECTED, "default",
        "else { }", MATCH.replace("<here>", 'else { press "F3" }')),
    Row(OUTSIDE, 'task t(code: secret) { press "F2" }', "undeclared-type", "secret",
        "secret name: string", 'task t(secret code: string) { type $code into "the field Code" }'),
    # JavaScript
    Row(STEPS, 'for site of sites { do "Open {site}." }', UNEXPECTED, "of", "for x in list { }",
        'for site in sites { do "Open {site}." }'),
    Row(STEPS, 'if ready && name == "a" { press "F2" }', CHARACTER, "&", "and",
        'if ready and name == "a" { press "F2" }'),
    Row(STEPS, 'if ready || name == "a" { press "F2" }', UNEXPECTED, "|", "or",
        'if ready or name == "a" { press "F2" }'),
    Row(STEPS, 'if !ready { press "F2" }', CHARACTER, "!", "not", 'if not ready { press "F2" }'),
    Row(STEPS, 'if name = "a" { press "F2" }', "wrong-sign", "=", "==",
        'if name == "a" { press "F2" }'),
    Row(STEPS, 'if name === "a" { press "F2" }', UNEXPECTED, "=", "a == b",
        'if name == "a" { press "F2" }', after="=="),
    Row(STEPS, 'press "F2";', CHARACTER, ";", "", 'press "F2"'),
    Row(STEPS, 'press "F2" // twice', CHARACTER, "/", "#", 'press "F2" # twice'),
    Row(STEPS, 'let y = "a"', UNEXPECTED, "let", "keep name: type = value", 'keep y: string = "a"'),
    Row(STEPS, 'const y = 3', UNEXPECTED, "const", "keep name: type = value", "keep y: int = 3"),
    Row(STEPS, 'await press "F2"', UNEXPECTED, "await", "", 'press "F2"'),
    Row(STEPS, 'log "done"', UNEXPECTED, "log", "emit name = value", 'emit x = "done"'),
    Row(STEPS, 'sign_in(user: name, password: $password)', "missing-token", "", "call name()",
        "call sign_in(user: name, password: $password)"),
    Row(STEPS, "call sign_in(name, $password)", UNEXPECTED, "name", "name: value",
        "call sign_in(user: name, password: $password)"),
    Row(STEPS, "emit x = {name}", UNEXPECTED, "name", "name", "emit x = name"),
    Row(STEPS, 'if (ready) then { press "F2" }', UNEXPECTED, "then", "if ... { ... }",
        'if (ready) { press "F2" }'),
    Row(STEPS, 'if name equals "a" { press "F2" }', UNEXPECTED, "equals", "==",
        'if name == "a" { press "F2" }'),
    Row(STEPS, 'if name is "Active" { press "F2" }', UNEXPECTED, '"Active"', "==",
        'if name == "Active" { press "F2" }'),
    Row(STEPS, 'if name is not "Active" { press "F2" }', UNEXPECTED, '"Active"', "!=",
        'if name != "Active" { press "F2" }'),
    Row(STEPS, 'if sees "a" or "b" { press "F2" }', UNEXPECTED, "{", "sees",
        'if sees "a" or sees "b" { press "F2" }', after='"b" '),
    Row(OUTSIDE, 'workflow d {\n  inputs { n: int }\n'
        '  steps { if n between 1 and 5 { press "F2" } }\n}', UNEXPECTED, "between",
        "x >= 1 and x <= 5", 'workflow d {\n  inputs { n: int }\n'
        '  steps { if n >= 1 and n <= 5 { press "F2" } }\n}'),
    Row(STEPS, 'if note exists { press "F2" }', UNEXPECTED, "exists", "x is not empty",
        'if note is not empty { press "F2" }'),
    Row(STEPS, 'if len(sites) > 3 { press "F2" }', UNEXPECTED, "(", "count of list",
        'if count of sites > 3 { press "F2" }', after="len"),
    Row(STEPS, 'if exists note { press "F2" }', UNEXPECTED, "note", "x is not empty",
        'if note is not empty { press "F2" }', after="exists "),
    Row(STEPS, 'abort if sees "a"', UNEXPECTED, "if", 'if ... { abort "..." }',
        'if sees "a" { abort "It is shown" }'),
    Row(STEPS, 'if note is null { press "F2" }', UNEXPECTED, "null", "is empty",
        'if note is empty { press "F2" }'),
    Row(STEPS, "emit x = {visit.id}", UNEXPECTED, "visit", "visit.id", "emit x = visit.id"),
    Row(STEPS, "call sign_in($password, name)", UNEXPECTED, "$", "name: value",
        "call sign_in(user: name, password: $password)"),
    Row(STEPS, 'var y = true', UNEXPECTED, "var", "keep name: type = value", "keep y: bool = true"),
    Row(STEPS, "y = 1", UNEXPECTED, "y", "keep name = value",
        "keep y: int = 0\n    keep y = 1"),
    Row(STEPS, 'for i in range(3) { press "F2" }', UNEXPECTED, "(", "for i in 3 { }",
        'for i in 3 { press "F2" }'),
    Row(STEPS, 'for (i = 0; i < 3; i++) { press "F2" }', UNEXPECTED, "(", "for x in list { }",
        'for i in 3 { press "F2" }'),
    Row(STEPS, 'repeat 3 times { press "F2" }', UNEXPECTED, "3", "for i in 3 { }",
        'for i in 3 { press "F2" }'),
    Row(STEPS, 'switch name { case "a": press "F2" }', UNEXPECTED, "switch",
        "if ... { } else if ... { }",
        'if name == "a" { press "F2" } else if name == "b" { press "F3" }'),
    Row(STEPS, 'unless ready { press "F2" }', UNEXPECTED, "unless", "not",
        'if not ready { press "F2" }'),
    Row(STEPS, 'if ready { throw "broken" }', UNEXPECTED, "throw", 'abort "..."',
        'if ready { abort "broken" }'),
    Row(STEPS, 'assert "the list is open"', UNEXPECTED, "assert", 'expect "..."',
        'expect "the list is open"'),
    Row(STEPS, "emit(x, name)", UNEXPECTED, "(", "emit name = value", "emit x = name"),
    Row(STEPS, "output x = name", UNEXPECTED, "output", "emit name = value", "emit x = name"),
    Row(STEPS, "emit x = name + name", CHARACTER, "+", '"{a}{b}"', 'emit x = "{name}{name}"'),
    Row(STEPS, "keep y: float = 1", "undeclared-type", "float", "number", "keep y: number = 1"),
    Row(STEPS, "keep y: list<string> = []", UNEXPECTED, "<", "string[]", "keep y: string[] = []"),
    Row(STEPS, "press(\"F2\")", UNEXPECTED, "(", 'press "..."', 'press "F2"'),
    Row(STEPS, 'press ["Ctrl", "S"]', UNEXPECTED, "[", 'press "Ctrl+S"', 'press "Ctrl+S"'),
    Row(STEPS, 'type name in "the field Name"', UNEXPECTED, "in", "into",
        'type name into "the field Name"'),
    Row(STEPS, 'extract "the name" as y', UNEXPECTED, '"the name"', 'extract name: type from "..."',
        'extract y: string from "the name"'),
    Row(STEPS, 'expect "the list" or abort "no list"', UNEXPECTED, "or", "else",
        'expect "the list" else abort "no list"'),
    Row(STEPS, 'choose "the row" else "no row"', UNEXPECTED, '"no row"', 'else abort "..."',
        'choose "the row" else abort "no row"'),
    Row(STEPS, 'export "a.csv"', "missing-token", "", 'export file "name"', 'export file "a.csv"',
        after="export "),
    Row(STEPS, 'wait for "the list"', UNEXPECTED, "for", 'wait until "..."',
        'wait until "the list"'),
    # Robot Framework, shell, YAML
    Row(STEPS, 'do "Open ${name}."', "malformed-variable", "${name}", "{name}",
        'do "Open {name}."'),
    Row(STEPS, 'do "Open ${NAME}."', "malformed-variable", "${NAME}", "{NAME}",
        'do "Open {name}."'),
    Row(STEPS, 'click "OK"', UNEXPECTED, "click", 'do "..."', 'do "click \\"OK\\""'),
    Row(STEPS, "Click Button    OK", UNEXPECTED, "Click", 'do "..."', 'do "Click Button    OK"'),
    Row(STEPS, '- press "F2"', CHARACTER, "-", "leave out `-`", 'press "F2"'),
    Row(STEPS, "- Press Enter", CHARACTER, "-", 'do "..."', 'do "Press Enter"'),
    Row(STEPS, "FOR site IN sites { do \"Open {site}.\" }", UNEXPECTED, "FOR", "for",
        'for site in sites { do "Open {site}." }'),
    Row(STEPS, "run `dir`", CHARACTER, "`", '"..."', 'run "dir"'),
    Row(STEPS, "step Open the chart { press \"F2\" }", UNEXPECTED, "Open", '"..."',
        'step "Open the chart" { press "F2" }'),
    Row(STEPS, 'step { press "F2" }', UNEXPECTED, "{", 'step "Title" { ... }',
        'step "Title" { press "F2" }'),
    Row(STEPS, "sleep 5", UNEXPECTED, "sleep", "wait 5s", "wait 5s"),
    Row(STEPS, "wait 5 seconds", UNEXPECTED, "5", "5s", "wait 5s"),
    Row(STEPS, 'press "Tab" x2', UNEXPECTED, "x2", 'press "Tab" 2 times', 'press "Tab" 2 times'),
    Row(STEPS, "emit x = name * 2", CHARACTER, "*", 'extract name: type from "..."',
        'extract double: string from "twice the name"'),
    Row(STEPS, 'for i, site in sites { do "Open {site}." }', UNEXPECTED, ",", "for x in list { }",
        'for site in sites { do "Open {site}." }'),
    Row(STEPS, 'step 3: "Title" { press "F2" }', UNEXPECTED, "3", 'step "Title" { ... }',
        'step "Title" { press "F2" }'),
    Row(STEPS, 'read total: number from "the total"', UNEXPECTED, "read",
        'extract name: type from "..."', 'extract total: number from "the total"'),
    Row(STEPS, "return name", UNEXPECTED, "return", "emit name = value", "emit x = name"),
    Row(STEPS, 'wait until "the list" timeout = 60s', UNEXPECTED, "timeout", "leave out the `=`",
        'wait until "the list" timeout 60s'),
    Row(WORKFLOW, 'always { do "Never press F3." }', UNEXPECTED, "do", 'always { "..." }',
        'always { "Never press F3." }'),
    Row(STEPS, "press Ctrl+S", UNEXPECTED, "Ctrl", '"..."', 'press "Ctrl+S"'),
    # Word processors and plain prose
    Row(STEPS, "do “Press Enter.”", CHARACTER, "“", '"..."', 'do "Press Enter."'),
    Row(STEPS, 'do – "Press Enter."', CHARACTER, "–", "leave out `–`", 'do "Press Enter."'),
    Row(STEPS, 'do "Press Enter.', "unterminated-text", '"', '"', 'do "Press Enter."'),
    Row(STEPS, "Open the chart of the patient.", UNEXPECTED, "Open", 'do "..."',
        'do "Open the chart of the patient."'),
    # Types and sections
    Row(WORKFLOW, "inputs { a: bool default false }", UNEXPECTED, "default", "= value",
        "inputs { a: bool = false }"),
    Row(WORKFLOW, "inputs { a: optional string }", UNEXPECTED, "string", "string?",
        "inputs { a: string? }"),
    Row(WORKFLOW, "inputs { a: boolean }", "undeclared-type", "boolean", "bool",
        "inputs { a: bool }"),
    Row(WORKFLOW, "inputs { a: str }", "undeclared-type", "str", "string", "inputs { a: string }"),
    Row(WORKFLOW, "inputs { a: decimal }", "undeclared-type", "decimal", "number",
        "inputs { a: number }"),
    Row(WORKFLOW, "inputs { a: map<string, string> }", UNEXPECTED, "<", "{ field: type }",
        "inputs { a: { field: string } }"),
    Row(WORKFLOW, "inputs = { a: string }", "unknown-setting", "inputs", "inputs { ... }",
        "inputs { a: string }"),
    Row(WORKFLOW, "input name: string", UNEXPECTED, "input", "inputs { name: type }",
        "inputs { name: string }"),
    Row(WORKFLOW, 'title: "A"', "wrong-sign", ":", "=", 'title = "A"'),
    Row(OUTSIDE, "def open():", UNEXPECTED, "def", "task name() { ... }",
        'task open() { press "F2" }'),
    Row(OUTSIDE, "// a comment", CHARACTER, "/", "#", "# a comment"),
    Row(OUTSIDE, 'let y = "a"', UNEXPECTED, "let", "", 'const y = "a"'),
]  # fmt: skip
FEWEST = 40


def program(row: Row, lines: str) -> str:
    return row.context.replace("<here>", lines)


def errors(text: str) -> list[Diagnostic]:
    """The errors of a program, without those that its context has."""
    found = analyze(MemoryFiles({"w.flow": text}), ["w.flow"], CompileOptions()).diagnostics
    wrong = [each for each in found if each.severity == ERROR]
    planted = [each for each in wrong if each.span.text == "{$undeclared}"]
    assert [each.name for each in planted] == [OTHER], [each.message for each in wrong]
    return [each for each in wrong if each is not planted[0]]


def only(row: Row) -> Diagnostic:
    (found,) = errors(program(row, row.written))
    return found


rows = for_rows(lambda: ROWS, name=lambda row: row.written, fewest=FEWEST)
some_rows = for_rows(lambda: every(3, ROWS), name=lambda row: row.written)


@rows
def test_there_is_one_finding_at_the_place(row: Row) -> None:
    found = only(row)
    text = program(row, row.written)
    start = text.index(row.written)
    start = text.index(row.place, text.index(row.after, start) + len(row.after))
    assert (found.name, found.span.start) == (row.name, start), found.message
    assert found.span.text == row.place


PLACEHOLDERS = ("name", "value", "type", "list", "field", "x", "a", "b", "N")


def pattern_of(form: str) -> re.Pattern[str]:
    """What has the form that stands between backticks in a help."""
    parts = re.split(r"(\.\.\.|\w+)", form)
    filled = [
        r"[\s\S]*" if part == "..." or part in PLACEHOLDERS else re.escape(part) for part in parts
    ]
    loose = "".join(filled).replace(r"\ ", r"\s+")
    for empty in (r"\(\)", r"\{\s+\}"):
        loose = loose.replace(empty, f"{empty[:2]}[\\s\\S]*{empty[-2:]}")
    return re.compile(loose, re.IGNORECASE)


@some_rows
def test_the_help_shows_a_form_that_works(row: Row) -> None:
    """What should be there checks, and it has a form that the help shows.

    Or it is what was written, without what the help or the fix says to leave out.
    """
    found = only(row)
    said = f"{found.help or ''} {found.message} {' '.join(fix.title for fix in found.fixes)}"
    assert row.form in said
    assert errors(program(row, row.right)) == []
    shown = re.findall(r"`([^`]+)`", found.help or found.message)
    left_out = re.findall(r"leave out (?:the )?`([^`]+)`", said)
    assert any(
        [
            *(pattern_of(form).search(row.right) for form in shown if form not in left_out),
            *(
                _squeezed(row.written.replace(each, "", 1)) == _squeezed(row.right)
                for each in left_out
            ),
        ]
    ), said


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_no_fix_says_the_contrary() -> None:
    for written in (
        'expect !"the list"',
        "emit x = name + 7d",
    ):
        (found,) = errors(STEPS.replace("<here>", written))
        assert found.fixes == ()


@some_rows
def test_its_fix_is_what_should_be_there(row: Row) -> None:
    found = only(row)
    for fix in found.fixes:
        applied = apply_fixes([found], (SAFE, UNSAFE))
        assert applied.count == 1
        assert errors(applied.texts["w.flow"]) == [], (fix.title, applied.texts)
        if fix.applicability == SAFE:
            assert applied.texts["w.flow"] == program(row, row.right)


def test_most_can_be_put_right_automatically() -> None:
    fixed = [row for row in ROWS if only(row).fixes]
    assert len(fixed) >= len(ROWS) * 0.55
