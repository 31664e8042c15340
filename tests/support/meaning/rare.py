"""Small programs for what generated ones hold seldom or never, each by what it is here for.

for name, checked, options in rare_programs(): print(name, checked.source)
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles

from .checked import PATH, Checked, account
from .programs import FILES

RARE = {
    "names that collide": """
task look() -> { code: string } {
  extract code: string from "the second"
  extract look_code: string from "the third"
  press "Enter"
  type {{look_code}} into "A"
  emit code = {{code}}
}
workflow w {
  outputs { total: string, code: string, look_code: string }
  steps {
    extract look_code: string from "the first"
    extract total: string from "the sum"
    call look() as look
    emit total = "{{look.code}} and more"
    emit code = {{look.code}}
    call look() as again
    emit look_code = {{look_code}}
    type {{total}} into "B"
    type "{{look_code}} {{again.code}} {{look.code}}" into "C"
  }
}
""",
    "results whose fields have the same names": """
task first() -> { b: string } { extract b: string from "the first" emit b = {{b}} }
task second() -> { a_b: string } { extract v: string from "the second" emit a_b = "{{v}}." }
workflow w {
  title = "Two tasks"
  outputs { nothing: string }
  steps {
    call first() as x_a
    press "Enter"
    call second() as x
    press "Tab"
    type "{{x_a.b}} {{x.a_b}}" into "A"
    emit nothing = ""
  }
}
""",
    "attempts in rounds, which emit": """
workflow w {
  outputs { ref: string? }
  steps {
    repeat until sees "the end" max 3 {
      retry 2 {
        if sees "a number" { extract n: string from "the number" emit ref = {{n}} }
        expect "it is saved"
      } else { press "Escape" }
    }
  }
}
""",
    "a part of a record as an output": """
type City { name: string, code: string? }
type Home { city: City, tags: string[] }
workflow w {
  outputs { name: string, code: string?, tags: string[] }
  steps {
    extract home: Home from "the card"
    press "Enter"
    emit name = {{home.city.name}}
    emit code = {{home.city.code}}
    emit tags = {{home.tags}}
  }
}
""",
    "the default of a list with a bound": """
workflow w {
  inputs { names: string[] = ["a", "b"], more: string[] = [] @max_items(9) }
  steps {
    for name in names max 2 { do "Close {name}." }
    for name in names max 3 { do "Open {name}." }
    for name in more max 4 { press "Enter" }
  }
}
""",
    "rounds that fail in their own words": """
workflow w {
  steps {
    repeat until sees "the end" max 2 { press "Page_Down" }
    press "Enter"
    repeat until sees "the top" max 3 { capture "a.png" }
  }
}
""",
    "a reading that may be missing, with an else": """
workflow w {
  outputs { a: string? }
  steps {
    extract a: string? from "A" else abort "no A"
    emit a = {{a}}
    copy b: string? from "B" else abort "no B"
    if not {{b}} is empty { type {{b}} into "C" }
  }
}
""",
    "quotation marks in a list that a text spells out": """
workflow w {
  inputs { a: string, b: string, c: string, d: string, e: string, f: string }
  steps {
    call note(list: ["{a} \\"b\\"", "{b}", "{c}", "{d}", "{e}", "{f}"])
    press "Enter"
  }
}
task note(list: string[]) { type "all: {list}" into "A" }
""",
    "parts of parameters": """
type City { name: string, code: string? }
type Home { city: City, tags: string[] @max_items(2) }
task show(home: Home, names: string[]) {
  type home.city.name into "A"
  press "Enter"
  type "{names[0]} {names[1]}" into "B"
  for tag in home.tags { do "Tag {tag}." }
}
type Person { home: Home, name: string }
workflow w {
  inputs { person: Person, name: string }
  steps { call show(home: person.home, names: [name, "b"]) press "Tab" }
}
""",
    "a block of text with blank lines around it": """
workflow w {
  inputs { a: string }
  steps {
    type \"\"\"

  Dear {a},

    bye

\"\"\" into "A"
    press "Enter"
  }
}
""",
    "comparisons with what is missing": """
workflow w {
  inputs { a: string?, b: string?, m: int?, n: int? }
  steps {
    if null == a { press "F1" }
    if null != b { press "F2" }
    if a == b { press "F3" }
    if a != b { press "F4" }
    if m == n { press "F5" }
    if m != n { press "F6" }
    if m == 3 { press "F7" }
    if n != 3 { press "F8" }
    press "Enter"
  }
}
""",
    "what is emitted once, in passes": """
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { last: string?, seen: string? }
  steps {
    for name in names {
      extract shown: string from "the row of {name}"
      emit last = {{shown}}
    }
    repeat until sees "the end" max 2 {
      extract page: string from "the page"
      emit seen = {{page}}
      press "Page_Down"
    }
  }
}
""",
    "a task that ends the run before an output": """
task leave() { if sees "nothing to do" { finish "nothing" } }
workflow w {
  outputs { a: string?, b: string? }
  steps {
    press "Enter"
    call leave()
    emit a = "after"
    emit b = "b"
  }
}
""",
    "an else that ends the run before an output": """
workflow w {
  outputs { a: string? }
  steps {
    press "Enter"
    expect "there is something" else finish "nothing"
    emit a = "after"
  }
}
""",
    "an hour, and nothing but blanks": """
workflow w { steps { wait 2h type "  " into "A" type "\\t" into "B" } }
""",
    "a choice of the main agent": """
workflow w {
  inputs { day: date }
  steps {
    press "Enter"
    if sees "a" { capture "a.png" } else if sees "b" { capture "b.png" } else { capture "c.png" }
    if sees "c" { run "Get-Date" } else if sees "d" { wait 1s }
  }
}
""",
    "an output that is never emitted, and constant ones": """
workflow w {
  outputs { a: string? b: string c: int d: string? e: string[] f: bool? }
  steps { press "Enter" emit b = "b" emit c = 7 emit d = "" emit e = ["a", "b"] emit f = null }
}
""",
    "outputs and parts of them that are left out": """
workflow w {
  inputs { part?: Part more: Part[] }
  outputs {
    a?: string b?: string c?: Part d: Part[] e?: int f?: string g?: Part h?: string i: Half
  }
  steps {
    extract a: string? from "A"
    emit a = {{a}}
    if not {{a}} is empty { emit b = "{{a}}" }
    extract c: Part? from "C"
    emit c = {{c}}
    extract rows: Part[] from "the grid"
    emit d = {{rows}}
    for each in more max 3 { emit d += each }
    extract f: string? from "F" in background
    emit f = {{f}}
    emit g = part
    emit h = ""
    emit i = { name: "x" }
  }
}
type Part { name: string, phone?: string, fax: string?, half?: Half }
type Half { name?: string, other?: int }
""",
    "choices of numbers, and open ones": """
workflow w {
  inputs { given: Size }
  outputs { code: Code? size: Size rows: Row[] later: Code? any: any }
  steps {
    extract code: Code? from "the code"
    emit any = given
    emit code = {{code}}
    copy size: Size from "the size"
    if {{size}} > 1 { press "Tab" }
    emit size = {{size}}
    extract rows: Row[] from "the grid"
    emit rows = {{rows}}
    extract later: Code? from "the other code" in background
    emit later = {{later}}
  }
}
type Size = 1 | 2 | -3
type Code = "CO-16" | "PR. 1" | string
type Row { code?: Code, codes: Code[], size: Size = 2, sizes: Size[]? }
""",
    "an attempt of a focused agent inside one of the main agent": """
workflow w {
  steps {
    retry 2 {
      capture "a.png"
      retry 2 { expect "a" press "Enter" expect "b" else fail "no b" }
      expect "c"
    }
    press "Tab"
  }
}
""",
    "lists inside one call": """
workflow w {
  outputs { seen: string[] }
  steps {
    for n in 2 {
      extract found: string[] from "the tags of row {n}"
      for tag in {{found}} max 2 {
        for k in 2 { do "Open part {k} of {tag}" }
        emit seen += "{tag}"
      }
    }
  }
}
""",
    "entries that may fail": """
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { rows: string[] }
  steps {
    for name in names {
      emit rows += name
      choose "the row of {name}"
    } on failure as why { emit rows += {{why}} }
    for name in names { choose "the row of {name}" } on failure { }
    for n in 2 { fail "no {n}" } on failure as because { emit rows += {{because}} }
  }
}
""",
    "rounds that wait": """
workflow w {
  steps {
    repeat until sees "a" max 3 wait 2s { press "F5" }
    repeat until sees "b" max 2 wait 1m { capture "b.png" }
  }
}
""",
    "attempts in a loop, whose last reason is noted": """
workflow w {
  inputs { names: string[] @max_items(3) }
  steps {
    for name in names { retry 2 { press "Enter" expect "{name}" } }
    press "Tab"
  }
}
""",
    "a list that may be too long": """
workflow w {
  outputs { all: string[] }
  steps {
    extract rows: string[] from "the grid"
    for row in {{rows}} max 2 { choose "the row of {row}" emit all += "{row}" }
  }
}
""",
    "two entries in one call": """
workflow w {
  outputs { all: string[] last: string? }
  steps {
    extract a: string from "A"
    emit all += "{{a}}"
    extract b: string? from "B"
    emit all += "two"
    if {{b}} is empty { emit all += "none" } else { emit all += "{{a}}" }
    emit last = {{b}}
  }
}
""",
    "conditions, types and texts": '''
workflow w {
  inputs { flag: bool n: int }
  outputs { kind: "a" | "b c" }
  steps {
    type """
      one

      two
    """ into "A"
    if not flag { press "Enter" }
    if n > 3 and not (flag or sees "x") { clear "B" } else if n < 2 { press "Tab" }
    extract kind: "a" | "b c" from "the kind"
    emit kind = {{kind}}
    export file "C:/a.txt"
    if sees "the end" { finish "nothing more" }
    press "F6"
  }
}
''',
    "parts of texts, and choices": """
workflow w {
  inputs { name: string? n: number }
  steps {
    if name contains "a" and not name ends with "b" { press "F1" }
    if name in ["a", "b"] { press "F2" } else if name not in ["c"] { press "F3" }
    if n in [1, 2.5] { press "F4" } else if n not in [3] { press "F5" }
  }
}
""",
    "names on the wire, and a bound on a list with a default": """
workflow w {
  inputs { names: string[] = ["a", "b"] more: string[] @max_items(9) }
  outputs { total: string @wire("Sum total") ids: string[] @wire("Id s") }
  steps {
    for name in names max 2 { choose "the row of {name}" emit ids += "{name}" }
    for each in more max 3 { press "Tab" }
    for each in more max 2 { press "Enter" }
    extract total: string from "the total"
    emit total = {{total}}
  }
}
""",
    "what else a sentence may say": """
type Row = { name: string, state: string = "open" }
workflow w {
  inputs { day: date head: string name: string }
  secrets { pin: string }
  outputs { row: Row it: any }
  always { "If a dialog opens, close it." }
  steps {
    type "  a " into "A"
    type $pin into "PIN"
    type day as "dd.MM.yyyy" into "B"
    wait 500ms
    wait 2m
    for number in 2 { press "Tab" }
    choose "the tab" else { }
    clear "B"
    repeat until not sees "more" max 2 { press "Page_Down" wait 1s }
    if name == "Ann" and head != name { clear "A" }
    extract row: Row from "the row"
    emit row = {{row}}
    if sees "x" { emit it = {} } else { emit it = "a" }
  }
}
""",
    "days by default": """
const opening = "2024-02-29"
workflow w {
  inputs {
    since: date = start of quarter - 2mo
    until: date = since + 1mo - 1d
    week: date = start of week + 4d
    year: date = start of year
    old: date = opening - 1y
    now: date = today
  }
  outputs { until: date }
  steps {
    type since as "dd.MM.yyyy" into "A"
    type "{until}, {week}" into "B"
    if now > old { type old into "C" } else { press "Escape" }
    do "Open {year}."
    emit until = until
  }
}
""",
    "reasons that one call shares, also in a loop": """
workflow w {
  inputs { names: string[] @max_items(3) }
  steps {
    expect "a"
    expect "b"
    retry 2 { expect "c" press "Enter" expect "d" else fail "no d" }
    for name in names { expect "{name}" expect "its row" choose "{name}" }
    press "Tab"
  }
}
""",
    "what a call may have saved, and an empty copy": """
workflow w {
  outputs { a: string? b: string? }
  steps {
    extract a: string? from "A"
    capture "a.png"
    if sees "more" { extract a: string? from "more of A" }
    if {{a}} is empty { press "Tab" }
    copy b: string? from "B"
    press "Enter"
    emit a = {{a}}
    emit b = {{b}}
  }
}
""",
    "what may be missing, in loops and comparisons": """
workflow w {
  inputs { more: string[]? @max_items(3) amount: number? other: number? client: Client? }
  steps {
    for each in more { press "Tab" }
    if amount != 3 { press "Enter" } else if amount == other { press "F6" }
    if amount != other { press "F7" } else { press "F8" }
    if 2 <= 2 { press "F9" }
    retry 2 { }
    choose "the row" else finish "no row"
    press "Escape"
  }
}
type Client = { name: string }
""",
    "nothing to do": """
workflow w { steps { do "{# later #}" } }
""",
    "attempts of the main agent inside others": """
workflow w {
  steps {
    retry 2 wait 90s {
      capture "a.png"
      retry 2 wait 5s { capture "b.png" expect "b" }
      expect "c" else fail "no c"
    }
  }
}
""",
    "a reading in the background": """
workflow w {
  outputs { rows: Row[]? one: Row? it: any }
  steps {
    extract b: Row[]? from "the grid" in background using "fast"
    extract c: Row? from "the row" in background
    press "Enter"
    extract it: any from "it"
    emit rows = {{b}}
    emit one = {{c}}
    emit it = {{it}}
  }
}
type Row = { name: string, phone: string? }
""",
    "rounds of the main agent": """
workflow w {
  steps {
    repeat until sees "the end" max 3 { press "Page_Down" capture "a.png" }
    repeat until sees "the top" max 2 { capture "b.png" } else { capture "c.png" }
  }
}
""",
    "checks whose consequences are the main agent's": """
workflow w {
  outputs { a: string? }
  steps {
    choose "the row" else { capture "a.png" }
    wait until "it is there" timeout 5s else { capture "b.png" }
    expect "it is so" else { capture "c.png" }
    extract a: string from "A" else { capture "d.png" abort "no a" }
    copy b: int from "B" else { capture "e.png" }
    press "Enter"
    if sees "x" { emit a = {{a}} }
  }
}
""",
    "values inside texts of values": """
type Row = { no: string @wire("Inv. No."), tags: string[], memo: string? }
workflow w {
  inputs { row: Row, first: string }
  outputs { rows: Row[] pair: string[] again: Row }
  steps {
    extract one: Row from "the row"
    emit rows += {{one}}
    emit rows += row
    emit pair = ["{row.no}", "{{one.no}}"]
    emit again = row
    for tag in row.tags max 3 { type "{tag}" into "A" }
    type "{{one.tags[0]}}" into "A"
  }
}
""",
    "pictures beside blanks and brackets": """
workflow w {
  inputs { a: string }
  steps {
    image "./save.png" shows "<b> & the icon"
    step "A  title" { type "a  b <i>" into "<field>" type "{a}" into "B" }
    if sees "x  y" { press "Enter" } else { do "Click <OK>." press "Tab" }
  }
}
""",
    "results of tasks, called in every way": """
task find(what: string, flag: bool) -> { id: string?, all: string[] } {
  if flag { extract id: string? from "the id of {what}" emit id = {{id}} }
  if sees "p at {what}" { emit all += "p" } else { press "Tab" }
}
workflow w {
  outputs { ids: string? more: string[] least: string[] }
  steps {
    call find(what: "a", flag: true) as one
    call find(what: "b", flag: false) as two
    emit ids = {{one.id}}
    emit more = {{one.all}}
    emit least = {{two.all}}
  }
}
""",
    "two entries in one call for a task's list": """
task find(what: string) -> { all: string[] } {
  expect "the {what}"
  emit all += "p"
  emit all += "q"
}
workflow w {
  outputs { more: string[] }
  steps { call find(what: "a") as one emit more = {{one.all}} }
}
""",
    "days of the desktop": """
workflow w {
  terminal { dates = true }
  steps {
    type start of quarter - 1mo as "d" into "the field {# of the desktop #}Due."
    for n in 2 { type today as "EEE, dd MMMM yy" into "row {n}" }
  }
}
""",
    "records with names on the wire": """
type Row = { no: string @wire("Inv. No."), tags: string[], memo: string? }
workflow w {
  inputs { first: string }
  outputs { rows: Row[] }
  steps {
    emit rows += { no: "{first}", tags: ["a"], memo: null }
    emit rows += { no: "x", tags: [] }
  }
}
""",
}
"""Sources without their first line, by what they are for."""

VERIFIED = {
    "the output of a command": """
workflow w {
  outputs { size: int day: string }
  steps {
    run "Get-Item a" as size: int
    press "Enter"
    run "Get-Date" as day: string
    emit size = {{size}}
    emit day = {{day}}
  }
}
""",
    "the output of a command that may be missing": """
workflow w {
  outputs { day: string? }
  steps { run "Get-Date" as day: string? press "Enter" emit day = {{day}} }
}
""",
    "the output of a command that may fail": """
workflow w {
  outputs { size: int }
  steps {
    run "Get-Item a" as size: int else abort "no item"
    press "Enter"
    emit size = {{size}}
  }
}
""",
}
"""The same, for an account where a focused agent has a terminal."""

RED = {
    "the output of a command": "nothing is said of a command that prints nothing",
    "the output of a command that may be missing": "its type is saved with `or __EMPTY__`",
    "the output of a command that may fail": "the check stands behind the saving of the output",
}
"""Programs of which the prompt says something else, each with what is wrong."""

TOOLS = ("execute_terminal_command", "copy_to_clipboard", "save_screenshot_as_run_attachment")


def verified(tools: tuple[str, ...] = TOOLS) -> CompileOptions:
    """How programs are compiled for an account whose focused agents have these tools."""
    return account(tools)


def rare_programs() -> Iterator[tuple[str, Checked, CompileOptions]]:
    """Every program with its name, and how it is compiled."""
    for programs, options in ((RARE, CompileOptions()), (VERIFIED, verified())):
        for name, body in programs.items():
            source = f"flow 1\n{body}"
            files = MemoryFiles({PATH: source, **FILES})
            compilation = compile_project(files, [PATH], options)
            assert compilation.bundle is not None, f"{name}: {compilation.analysis.diagnostics}"
            yield name, Checked(source, compilation), options
