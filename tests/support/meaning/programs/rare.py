"""Small programs for what generated ones hold seldom or never, each by what it is here for.

for name, checked, options in rare_programs(): print(name, checked.source)
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles

from ..checked import PATH, Checked, account
from ..generator.programs import FILES

RARE = {
    "a text that was read is typed beside a secret": """
workflow w {
  secrets { pin: string }
  steps {
    extract memo: string from "the memo"
    type memo into "the field Memo"
    type $pin into "the field PIN"
  }
}
""",
    "entries of lists that are added, and asked for": """
type Page { rows: string[], more: int[]? }
workflow w {
  inputs { names: string[] @max_items(4), code: string?, sizes: int[]? }
  outputs { all: string[], sizes: int[], hit: bool }
  steps {
    keep seen: string[] = []
    emit all += names
    emit sizes += sizes
    while not sees "the end" max 2 {
      extract page: Page from "the page"
      emit all += page.rows
      emit sizes += page.more
      keep seen += page.rows
      for row in page.rows max 5 { if row in names or code in seen { press "Home" } }
      press "PageDown"
    }
    emit hit = false
    if count of seen > 1 { press "F9" }
    keep number: int = count of names
    press "Enter"
    if number == 2 { press "F8" }
    type "{count of seen} of {count of names}" into "the field Sum"
    if code in seen and code not in names { emit hit = true }
    if "a" in seen { press "End" }
  }
}
""",
    "names that collide": """
task look() -> { code: string } {
  extract code: string from "the second"
  extract look_code: string from "the third"
  press "Enter"
  type look_code into "A"
  emit code = code
}
workflow w {
  outputs { total: string, code: string, look_code: string }
  steps {
    extract look_code: string from "the first"
    extract total: string from "the sum"
    call look() as look
    emit total = "{look.code} and more"
    emit code = look.code
    call look() as again
    emit look_code = look_code
    type total into "B"
    type "{look_code} {again.code} {look.code}" into "C"
  }
}
""",
    "results whose fields have the same names": """
task first() -> { b: string } { extract b: string from "the first" emit b = b }
task second() -> { a_b: string } { extract v: string from "the second" emit a_b = "{v}." }
## Reads twice.
workflow w {
  title = "Two tasks"
  outputs { nothing: string }
  steps {
    call first() as x_a
    press "Enter"
    call second() as x
    press "Tab"
    type "{x_a.b} {x.a_b}" into "A"
    emit nothing = ""
  }
}
""",
    "attempts in rounds, which emit": """
workflow w {
  outputs { ref: string? }
  steps {
    while not sees "the end" max 3 {
      retry 2 {
        if sees "a number" { extract n: string from "the number" emit ref = n }
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
    emit name = home.city.name
    emit code = home.city.code
    emit tags = home.tags
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
    while not sees "the end" max 2 { press "Page_Down" }
    press "Enter"
    while not sees "the top" max 3 { capture "a.png" }
  }
}
""",
    "a reading that may be missing, with an else": """
workflow w {
  outputs { a: string? }
  steps {
    extract a: string? from "A" else abort "no A"
    emit a = a
    copy b: string? from "B" else abort "no B"
    if not b is empty { type b into "C" }
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
    "inputs in a list that is gone through": """
workflow w {
  inputs { a: string, b: string, c: string, d: string, e: string, f: string }
  steps {
    for text in ["{a}", "{b} x", "{c}", "{d}", "{e}", "{f}"] { type text into "Box B" }
  }
}
""",
    "values of a run in a list and a record that are spelled out": """
type City { name: string, code: string }
type Home { city: City, no: int }
type Read { a: string, b: string, c: string, d: string, e: string, f: string }
task note(list: string[], home: Home) {
  type "all: {list}" into "A"
  type home.city into "B"
  do "Look at {home}."
}
workflow w {
  steps {
    extract x: Read from "X"
    for text in ["{x.a}", "{x.b}", "{x.c} {x.d}", "{x.e}", "{x.f}"] {
      type text into "C"
    }
    call note(list: [x.a, x.b], home: { city: { name: x.c, code: "c" }, no: 1 })
    while not sees "the end" max 2 {
      for text in ["{x.a}", "{x.b}", "{x.c}", "{x.d}", "{x.e}", "{x.f}"] {
        call note(list: [text], home: { city: { name: "h", code: text }, no: 2 })
      }
    }
  }
}
""",
    "attempts inside attempts, and in an entry": """
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { a: int?, b: string?, seen: string[] }
  steps {
    emit a = 1
    for name in names {
      emit seen += name
      retry 2 {
        emit a = 2
        emit b = name
        retry 2 { emit a = 3 expect "{name} is open" }
        expect "{name} is shown"
      }
      if sees "the end" { fail "no more" }
    } on failure { press "Escape" }
    retry 2 {
      emit a = 4
      retry 2 { emit a = 5 expect "A" } else { expect "B" }
      expect "C"
    } else { press "Enter" }
  }
}
""",
    "parts of parameters": """
type City { name: string, code: string? }
type Home { city: City, tags: string[] @max_items(2) }
task show(home: Home, names: string[]) {
  type home.city.name into "A"
  press "Enter"
  if count of names > 1 { type "{names[0]} {names[1]}" into "B" }
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
    "conditions that are expected and waited for": """
workflow w {
  inputs { a: string?, n: int?, ok: bool, names: string[] @max_items(2) }
  outputs { seen: string[] }
  steps {
    wait until sees "A" or not (sees "B" and sees "C") timeout 5s
    wait until not sees "D" else { press "Escape" }
    expect ok or sees "E" else { press "F1" }
    retry 2 {
      press "F2"
      expect n == 3 and not sees "F" else fail "no F"
      wait until sees "G" and not sees "H" timeout 2s
    } else { press "F3" }
    expect a is not empty else { press "F4" abort "no a" }
    do "Open {a}."
    for name in names {
      wait until sees "{name}" or sees "none" else { emit seen += name }
      expect name != "x" else { press "F5" }
    } on failure { press "F6" }
    wait until sees "I" or sees "J" else { capture "i.png" }
  }
}
""",
    "comparisons with what is missing": """
workflow w {
  inputs { a: string?, b: string?, m: int?, n: int? }
  steps {
    if a is empty { press "F1" }
    if b is not empty { press "F2" }
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
      emit last = shown
    }
    while not sees "the end" max 2 {
      extract page: string from "the page"
      emit seen = page
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
    emit a = a
    if not a is empty { emit b = "{a}" }
    extract c: Part? from "C"
    emit c = c
    extract rows: Part[] from "the grid"
    emit d = rows
    for each in more max 3 { emit d += each }
    extract f: string? from "F" in background
    emit f = f
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
    emit code = code
    copy size: Size from "the size"
    if size > 1 { press "Tab" }
    emit size = size
    extract rows: Row[] from "the grid"
    emit rows = rows
    extract later: Code? from "the other code" in background
    emit later = later
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
      for tag in found max 2 {
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
    } on failure as why { emit rows += why }
    for name in names { choose "the row of {name}" } on failure { }
    for n in 2 { fail "no {n}" } on failure as because { emit rows += because }
  }
}
""",
    "rounds that wait": """
workflow w {
  steps {
    while not sees "a" max 3 wait 2s { press "F5" }
    while not sees "b" max 2 wait 1m { capture "b.png" }
    while sees "c" max 2 wait 1s { capture "c.png" }
    while sees "d" max 2 { press "F5" } else fail "it stays"
    repeat max 3 wait 2s { press "F6" } until sees "e"
    repeat max 1 { press "F7" } until not sees "f" else { press "F8" }
    repeat max 2 wait 1m { capture "d.png" } until sees "g" else { capture "e.png" }
    repeat max 2 wait 5s { } until sees "h"
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
    for row in rows max 2 { choose "the row of {row}" emit all += "{row}" }
  }
}
""",
    "two entries in one call": """
workflow w {
  outputs { all: string[] last: string? }
  steps {
    extract a: string from "A"
    emit all += "{a}"
    extract b: string? from "B"
    emit all += "two"
    if b is empty { emit all += "none" } else { emit all += "{a}" }
    emit last = b
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
    emit kind = kind
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
    emit total = total
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
    while sees "more" max 2 { press "Page_Down" wait 1s }
    if name == "Ann" and head != name { clear "A" }
    extract row: Row from "the row"
    emit row = row
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
    soon: date = today + 2w
  }
  outputs { until: date }
  steps {
    type since as "dd.MM.yyyy" into "A"
    type "{until}, {week}" into "B"
    if now > old { type old into "C" } else { press "Escape" }
    do "Open {year}, {soon}."
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
    if a is empty { press "Tab" }
    copy b: string? from "B"
    press "Enter"
    emit a = a
    emit b = b
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
    emit rows = b
    emit one = c
    emit it = it
  }
}
type Row = { name: string, phone: string? }
""",
    "rounds of the main agent": """
workflow w {
  steps {
    while not sees "the end" max 3 { press "Page_Down" capture "a.png" }
    while not sees "the top" max 2 { capture "b.png" } else { capture "c.png" }
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
    if sees "x" { emit a = a }
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
    emit rows += one
    emit rows += row
    emit pair = ["{row.no}", "{one.no}"]
    emit again = row
    for tag in row.tags max 3 { type "{tag}" into "A" }
    type "{one.tags[0]}" into "A"
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
  if flag { extract id: string? from "the id of {what}" emit id = id }
  if sees "p at {what}" { emit all += "p" } else { press "Tab" }
}
workflow w {
  outputs { ids: string? more: string[] least: string[] }
  steps {
    call find(what: "a", flag: true) as one
    call find(what: "b", flag: false) as two
    emit ids = one.id
    emit more = one.all
    emit least = two.all
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
  steps { call find(what: "a") as one emit more = one.all }
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
    "keys pressed several times, and a model that is asked": """
workflow w {
  outputs { a: string }
  steps {
    press "Tab" 3 times
    choose "the row" using "fast"
    choose "the cell" using "slow"
    extract a: string from "A" using "fast"
    emit a = a
    retry 2 { choose "row" using "fast" choose "cell" using "slow" }
    for n in 2 { choose "row {n}" using "fast" choose "cell {n}" using "slow" }
  }
}
""",
    "names of tasks that collide, in copies": """
task look() -> { code: string } {
  copy code: string from "the second"
  copy look_code: string from "the third"
  press "Enter"
  type "{look_code} {code}" into "A"
  emit code = "{code}."
}
workflow w {
  outputs { code: string }
  steps {
    copy code: string from "the first"
    copy look_code: string from "the other"
    call look() as one
    type "{look_code} {code}" into "B"
    emit code = one.code
  }
}
""",
    "bounds that loops over one input share": """
workflow w {
  inputs { names: string[] }
  steps {
    for name in names max 2 { do "Open {name}." }
    for name in names max 3 { do "Close {name}." }
  }
}
""",
    "inputs with names on the wire": """
type Client { no: string @wire("Cl. No."), tag: string @wire("it's") }
workflow w {
  inputs { number: string @wire("Inv. No.") client: Client? how: int @wire("How often") @max(3) }
  steps {
    type "{number}" into "A"
    if not client is empty { type "{client.no} {client.tag}" into "B" }
    for n in 3 max how { press "Tab" }
    do "Open {number}."
  }
}
""",
    "words on fields": """
type Row {
  ## The number (top right).
  no: string
  ## "Name" of the firm
  name: string
  ## a (b
  memo: string?
}
workflow w {
  outputs { row: Row }
  steps { extract row: Row from "the row" press "Enter" emit row = row }
}
""",
    "the first of a list that holds one": """
workflow w {
  inputs { names: string[] @min_items(1) @max_items(3) }
  steps { type "{names[0]}" into "A" }
}
""",
    "what the last of at least one entry gives": """
workflow w {
  inputs { names: string[] @min_items(1) @max_items(3) }
  steps {
    for name in names { extract v: string from "the row of {name}" }
    type v into "A"
  }
}
""",
    "an else that only the main agent carries out": """
workflow w {
  steps {
    press "Enter"
    if sees "a" { press "Tab" } else { capture "a.png" }
    press "Escape"
  }
}
""",
    "numbers that are matched, and parts that may be nothing": """
task look(name: string, part: string) {
  if name contains part { press "F1" } else { press "F2" }
  if name ends with part { press "F3" }
  clear "{part}"
}
workflow w {
  inputs { n: 1 | 2 | 3 | 4, name: string, w: string?, x: number }
  steps {
    match n { 1 { press "F4" } 2, 3 { press "F5" } else { press "F6" } }
    call look(name: name, part: "")
    call look(name: name, part: "b")
    if w is empty { press "F7" } else { press "F8" }
    if x in [1, 2.5] { press "F9" } else if x not in [0] { press "F10" }
    extract it: any from "it"
    if it contains "b" { press "F11" }
  }
}
""",
    "values that are kept for what comes next": """
workflow w {
  outputs { b: string? }
  steps {
    keep k: string = "A"
    press "Tab"
    extract b: string from "the value of {k}" else fail "no b"
    emit b = b
    keep l: string = "L"
    capture "a.png"
    extract c: string from "the second" else { type l into "C" fail "no c" }
    type c into "D"
  }
}
""",
    "names that an attempt may take": """
workflow w {
  outputs { ref_before: string? ref: string? }
  steps {
    extract ref_before: string from "the reference"
    emit ref_before = ref_before
    emit ref = "first"
    retry 2 { extract d: string from "D" emit ref = d expect "saved" } else { press "Tab" }
    press "Enter"
  }
}
""",
    "a value that is emitted, and an end": """
workflow w {
  outputs { a: string? }
  steps {
    extract g: string from "G"
    keep x: string = "{g}."
    emit a = x
    press "Tab"
    finish "done"
  }
}
""",
    "an end between a reading and its output": """
workflow w {
  outputs { late: string? }
  steps {
    extract a: string from "A"
    if sees "it is enough" { finish "enough" }
    emit late = a
  }
}
""",
    "loops in steps, and inner ones that do nothing": """
workflow w {
  inputs { names: string[] @max_items(2) }
  steps {
    step "All" { for name in names { do "Open {name}." } }
    extract tags: string[] from "the tags"
    for name in names {
      capture "{name}.png"
      for tag in tags max 1 { }
      for tag in tags max 3 {
        keep seen: string = "{tag}"
        type "{seen}" into "A"
        choose "the row of {tag}"
      } on failure { press "Tab" }
    }
  }
}
""",
    "what an entry has kept until it fails": """
workflow w {
  steps {
    extract tags: string[] from "the tags"
    keep seen: string = "none"
    capture "a.png"
    retry 2 {
      for tag in tags max 3 {
        keep seen = "{tag}"
        choose "the row of {tag}"
      } on failure { type seen into "B" }
      expect "it is so"
    }
  }
}
""",
    "decisions of the main agent behind steps and in them": """
workflow w {
  steps {
    step "Look" { expect "a" }
    if sees "b" { capture "b.png" }
    expect "c"
    press "Tab"
    step "Look again" { if sees "d" { capture "d.png" } expect "e" }
    choose "f" else { capture "f.png" }
    press "Enter"
  }
}
""",
    "one entry that is added once": """
workflow w {
  outputs { rows: string[], late: string?, said: string? }
  steps {
    extract a: string from "A"
    emit rows += "{a}"
    if sees "x" { emit said = "x" }
    if sees "it is enough" { finish "enough" }
    emit late = a
  }
}
""",
    "what constants decide in tasks": """
task look(what: string, flag: bool, n: int, names: string[]) {
  if what is empty { press "F1" } else { press "F2" }
  if not flag { press "F3" } else { press "F4" }
  if n > 2 { press "F5" } else { press "F6" }
  if n >= 3 and not (n == 3) { press "F7" }
  if names is empty { press "F8" }
  if what in ["a", "b"] { press "F9" } else if what not in ["c"] { press "F10" }
  if what contains "b" { press "F11" }
  if what starts with "a" { press "F12" } else if what ends with "c" { press "Tab" }
  type what into "A"
}
workflow w {
  inputs { names: string[] @max_items(2) }
  steps {
    call look(what: "", flag: false, n: 2, names: [])
    press "Enter"
    call look(what: "abc", flag: true, n: 3, names: ["a"])
    for name in names {
      call look(what: "b", flag: true, n: 1, names: names)
    }
    if sees "x" { call look(what: "ca", flag: false, n: 4, names: ["a"]) }
  }
}
""",
    "steps and groups in which little is done": """
workflow w {
  inputs { flag: bool, names: string[] @max_items(2) }
  steps {
    step "A picture" { image "./save.png" }
    step "{# later #}" { press "Tab" }
    while not sees "a" max 2 { }
    while not sees "b" max 3 wait 2s { }
    while not sees "e" max 1 wait 2s { }
    if sees "c" { if sees "d" { press "F1" } }
    if flag { } else { press "F2" }
    if not flag { } else { press "F3" }
    if sees "f" { } else if flag { press "F4" } else { press "F5" }
    for name in names { do "{# later #}" press "F6" if flag { do "{# later #}" press "F7" } }
    if flag { do "{# later #}" press "F8" } else { press "F9" }
    retry 2 { }
    expect "g" else { }
    press "Enter"
  }
}
""",
    "a list that may be too long for a loop that does nothing": """
workflow w {
  steps {
    extract rows: string[] from "the grid"
    for row in rows max 2 { }
    press "Enter"
  }
}
""",
    "inner lists that may be too long": """
workflow w {
  inputs { names: string[] @max_items(3) }
  steps {
    extract tags: string[] from "the tags"
    for name in names {
      capture "{name}.png"
      for tag in tags max 1 { do "Open {tag}." }
    }
  }
}
""",
    "where texts of inputs stand": """
workflow w {
  inputs {
    a: string b: string c: string d: string e: string f: string g: string h: string i: string
    j: string l: string m: string n: string o: string p: string q: string r: string
    s: Part t: string[] @max_items(2) u: string v: string x: string
  }
  outputs { out: string }
  always { "If a dialog appears, close it." "If {m} appears, close it." }
  steps {
    do "Open {a}."
    step "Look at {b}" { press "Enter" }
    choose "the row of {c}" else { }
    clear "the field {d}"
    wait until "{e} is there" else { }
    expect "{f} is so" else { press "F6" }
    extract one: string? from "the cell {g}"
    copy two: string? from "the cell {h}"
    capture "{i}.png"
    export file "{j}"
    type "x" into "the field {l}"
    while not sees "{n}" max 2 { press "Tab" } else { }
    if sees "the {o}" { press "F1" }
    if p == "a" { press "F2" }
    if q contains "a" { press "F3" }
    if r in ["a", "b"] { press "F4" }
    do "Show {s.name}."
    for each in t { do "Close {each}." }
    if one is empty and two is empty { press "F5" }
    image "./save.png" shows "the {u}"
    extract three: string? from "the last cell of {v}" in background
    emit out = x
    press "Escape"
  }
}
type Part { name: string }
""",
    "why runs end, in words of inputs": """
workflow w {
  inputs { a: string b: string c: string d: string }
  steps {
    step "Look at {d}" { press "F1" press "F2" }
    if sees "x" { abort "no {a}" }
    retry 2 { if sees "y" { press "Tab" fail "no {b}" } } else { abort "never" }
    if sees "z" { finish "enough of {c}" }
    press "Enter"
  }
}
""",
    "texts of inputs with a pattern": """
workflow w {
  inputs {
    code: string @pattern(r"^.+$") word: string @pattern(r"^[a-z]+$")
    any: string @pattern(r"a")
  }
  steps { do "Open {code} {word} {any}." type code into "A" press "Enter" type any into "B" }
}
""",
    "decisions inside decisions": """
workflow w {
  outputs { decision_1: string }
  steps {
    extract decision_1: string from "the first"
    if sees "a" {
      capture "a.png"
      if sees "b" { capture "b.png" } else if sees "c" { capture "c.png" }
    } else if sees "d" { capture "d.png" } else { capture "e.png" }
    emit decision_1 = "{decision_1}."
  }
}
""",
    "what a branch saves, and another one takes": """
workflow w {
  steps {
    extract a: string from "A"
    capture "a.png"
    if sees "x" { extract a: string from "more" } else { type a into "C" }
    type a into "C"
    capture "c.png"
    if sees "y" { type a into "C" } else { extract a: string from "another" }
    type a into "D"
  }
}
""",
    "titles and texts with braces": """
const empty = ""
workflow w {
  title = "Close \\{it}"
  inputs { name: string }
  steps {
    do "Open \\{it} of {name}, then \\{{name}}."
    type "\\{it} [2|a]" into "A"
    type "[2|\\t|2] [3| " into "B"
    type "2|a" into "C"
    choose "2|{name}."
    type "Hi. " into "the field of {empty}"
    type "a" into "Name, then type exactly the text \\"b\\""
    choose " the row"
    clear "Name, select everything in it and press delete"
    clear "Inv."
    clear "[a]"
    expect "[{name}] is there"
  }
}
""",
    "blanks between values and words": """
const words from "./words.txt"
workflow w {
  inputs { name: string, other: string }
  steps {
    type " {name}  {other}  b " into "A"
    type "  a  b" into "B"
    type "a \u3000 b" into "B"
    type "{name} a  b" into "B"
    if name == words or name contains words { press "F1" }
    if name == "a  b" or name != " {other} " { press "Enter" }
    if name contains "  " { press "Tab" }
  }
}
""",
    "lists of lists, and whole results": """
task find(what: string) -> { id: string, all: string[] } {
  extract id: string from "the id of {what}"
  emit id = id
  emit all += "{id}."
}
workflow w {
  inputs { a: string }
  outputs { it: any, tags: Tag[], half: Half[], only: Only }
  steps {
    call find(what: a) as one
    type "{one}" into "A"
    call find(what: "{one.id}") as one
    type "{one.id}" into "B"
    emit it = [["{a}", "b"], [["{one.id}"], "d"], { x: ["{a}"] }]
    extract tags: Tag[] from "the tags"
    emit tags = tags
    extract half: Half[] from "the halves"
    emit half = half
    extract only: Only from "the rest"
    emit only = only
  }
}
type Tag { names: string[]?, inner: Inner }
type Inner { of: string? }
type Half { whole: Whole }
type Whole { part?: string }
type Only { notes: string?[] }
""",
    "what attempts in passes take back": """
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { ref: string?, other: string? }
  steps {
    for name in names {
      retry 2 {
        extract n: string from "the number of {name}"
        emit ref = n
        expect "{name} is saved"
      } else { press "Escape" }
    }
    emit other = "first"
    retry 2 { emit other = "second" expect "it is so" } else { press "Tab" }
  }
}
""",
    "values kept while the main agent works": """
workflow w {
  inputs { name: string }
  outputs { a: string?, b: string[], c: string? }
  steps {
    extract n: string from "N"
    keep file: string = "a"
    capture "{file}.png"
    keep file = name
    capture "{file}.png"
    emit b += "x"
    capture "b.png"
    keep list: string[] = ["a"]
    keep list += "{n}"
    keep list = ["c"]
    keep list += "d"
    for each in list max 4 { press "Tab" do "Open {each}." }
    retry 2 { capture "c.png" expect "it is so" } else { finish "enough" }
    emit c = n
    capture "d.png"
    emit a = "late"
    capture "e.png"
  }
}
""",
    "attempts that end by a word of the main agent": """
workflow w {
  steps {
    retry 2 { capture "a.png" if sees "x" { press "Tab" fail "no x" } expect "y" }
    choose "the row" else { }
    wait until "it is there" timeout 2s else { press "Tab" }
  }
}
""",
    "results that look alike in loops": """
task note(what: string, seen: string) -> { what: string, note_what: string } {
  emit note_what = "{seen}"
  emit what = "{what}."
  type "{what} {seen}" into "A"
}
workflow w {
  outputs { what: string }
  steps {
    extract what: string from "W"
    call note(what: "a", seen: "b") as one
    press "Tab"
    call note(what: one.note_what, seen: one.what) as one
    type "{one.what} {one.note_what} {what}" into "B"
    emit what = one.what
  }
}
""",
    "rounds whose attempts take back what they emitted": """
workflow w {
  outputs { ref: string?, other: string? }
  steps {
    repeat max 3 {
      retry 2 {
        extract n: string from "the number"
        emit ref = n
        expect "it is saved"
      } else { press "Escape" }
    } until sees "the end" else { press "F2" }
    while sees "more" max 2 {
      retry 1 { emit other = "second" if sees "a fault" { fail "no" } } else { press "F3" }
      if sees "it is so" { emit other = "third" }
    } else { press "F4" }
  }
}
""",
    "what tasks emit of what they read": """
task find(what: string) -> { rows: string[], names: string[], first: string? } {
  extract row: string from "the row of {what}"
  emit rows += row
  if sees "more of {what}" { extract name: string from "the name of {what}" emit names += name }
  emit first = row
}
task note() -> { id: string, row: Row, part: string } {
  extract row: Row from "the row"
  emit id = row.id
  emit row = row
  extract part: Row from "its part"
  emit part = part.id
}
type Row { id: string, memo: string? }
workflow w {
  inputs { name: string }
  outputs { all: string[], n: int, first: string?, id: string, more: string[], out: string, r: Row }
  steps {
    call find(what: "a") as one
    emit all = one.names
    if one.names is empty { press "F1" }
    emit n = count of one.rows
    for each in one.rows max 3 { type each into "A" }
    call find(what: name) as one
    emit more = one.rows
    if sees "it" { emit first = one.first }
    call note() as two
    emit r = two.row
    step "Last" { emit id = two.id if sees "x" { press "F2" } emit out = "{two.part}." }
  }
}
""",
    "numbers of entries inside values": """
workflow w {
  inputs { names: string[] @max_items(4), sizes: int[]? }
  outputs { it: any, all: any[], more: int }
  steps {
    extract rows: string[] from "the rows"
    emit it = { n: count of rows, of: [count of names, count of sizes] }
    for name in names max 4 { emit all += [name, count of rows] }
    keep more: int = count of rows
    if count of names > 2 and more < 3 { press "F1" }
    if 2 < count of rows { press "F2" } else if more == count of names { press "F3" }
    emit more = more
  }
}
""",
    "parts of lists that are not there, and lists of nothing": """
const NONE = []
const SOME = ["a", "b"]
task look(names: string[], it: any) {
  if names[1] is empty { press "F1" } else { press "F2" }
  if names[0] == "a" { press "F3" }
  if it.more is empty { press "F4" }
  if it.deep.more is empty { press "F5" }
}
workflow w {
  inputs { name: string, word: string? }
  steps {
    call look(names: ["a"], it: { more: "x" })
    press "Tab"
    call look(names: ["{name}", "b"], it: { deep: { more: "{name}" } })
    press "Enter"
    call look(names: [], it: ["a"])
    if name in NONE { press "F6" }
    if name not in NONE and not (word in NONE) { press "F7" }
    if word in SOME { press "F8" } else if word not in SOME { press "F9" }
    for each in NONE { press "F10" }
  }
}
""",
    "days that tasks type": """
task stamp(into: string) { type today into "{into}" }
workflow w {
  terminal { dates = true }
  steps { call stamp(into: "the date") press "Enter" call stamp(into: "another") }
}
""",
    "bounds of lists inside inputs": """
type Order { lines: string[] @max_items(3), more: string[]? @max_items(2), rest: string[] }
workflow w {
  inputs { order: Order, orders: Order[] @max_items(2) }
  steps {
    for line in order.lines max 5 { type line into "A" }
    for line in order.lines max 2 { type line into "B" }
    for line in order.lines { type line into "C" }
    for line in order.more max 2 { type line into "D" }
    for each in orders {
      for line in each.lines max 3 { choose "the line {line}" }
      for line in each.rest max 2 { choose "the rest {line}" }
    }
  }
}
""",
    "values that replace others, of any kind": """
type Row { id: string, memo?: string }
workflow w {
  inputs { names: string[] @max_items(2), row: Row }
  outputs { out: any, copy: any, last: Row?, rows: Row[] }
  steps {
    extract it: any from "the first"
    for name in names {
      extract one: any from "the value of {name}" else { abort "no value" }
      keep here: any = one
      if here.a is empty { press "F2" }
      retry 2 { extract here: any from "more of {name}" expect "it is so" } else { press "F1" }
    }
    keep it: any = { of: it }
    retry 2 { extract part: any from "a part" expect "it is so" } else { press "F3" }
    while sees "more" max 2 { extract more: any from "more" else { press "F4" } }
    extract it: any from "the last" else fail "no last"
    keep kept: Row = row
    keep other: Row = { id: "o", memo: "m" }
    repeat max 2 {
      keep kept = { id: kept.id }
      keep other = kept
      emit rows += other
    } until sees "the end" else { }
    keep kept = { id: "{kept.id}.", memo: kept.memo }
    keep other = kept
    emit out = it
    emit copy = { of: it, row: other }
    if sees "a row" { emit last = kept }
  }
}
""",
    "lists that are outputs, and are read in part": """
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { rows: string[], ids: string[]?, first: string?, n: int, late: int, some: string[] }
  steps {
    for name in names {
      extract id: string from "the id of {name}"
      emit rows += id
      emit ids += "{id}."
      emit some += name
      if some is empty { press "F1" }
      if count of rows > 1 { press "F2" }
    }
    if rows is empty { press "F3" } else { press "F4" }
    if not ids is empty or sees "x" { press "F5" }
    emit first = ids[0]
    emit n = count of rows
    keep late: int = count of some
    emit late = late
  }
}
""",
    "parts of conditions that constants decide": """
task look(flag: bool, what: string, of: any) {
  if flag and sees "a" { press "F1" } else { press "F2" }
  if flag or sees "b" { press "F3" } else { press "F4" }
  if not (flag and what == "a") and sees "c" { press "F5" }
  if sees "d" and (flag or what != "a") and sees "e" { press "F6" }
  if sees "f" or not (what starts with "a") or sees "g" { press "F7" }
  if of in [1, 2] { press "F8" }
  if what in ["a", "b"] and sees "h" { press "F9" } else if flag { press "F10" }
  while not flag or not sees "i" max 2 { press "F11" } else { press "F12" }
}
workflow w {
  inputs { on: bool }
  steps {
    call look(flag: true, what: "a", of: 1)
    press "Tab"
    call look(flag: false, what: "b", of: true)
    press "Enter"
    call look(flag: on, what: "a", of: "1")
  }
}
""",
    "numbers and texts that may be missing, compared": """
type Size = 1 | 2
workflow w {
  inputs { a: int?, b: int?, c: string?, d: string?, e: number, k: Size?, f: string? }
  steps {
    if a == b { press "F1" } else { press "F2" }
    if a != b { press "F3" }
    if a < b or 2 <= a { press "F4" }
    if c == d { press "F5" } else if c != "x" { press "F6" }
    if c contains d { press "F7" }
    if "x" == c or 1.5 > e { press "F8" }
    match k { 1 { press "F9" } 2 { press "F10" } else { press "F11" } }
    if f is empty { press "F12" } else if f == "x" { press "Tab" }
    if a == 2 { press "Home" } else if not (b == 3) { press "End" }
  }
}
""",
    "arguments whose parts are read and changed": """
type Row { id: string, n: int?, memo: string? }
const LONG = "first\\nsecond"
task note(row: Row, all: string[], long: string) -> { id: string, row: Row } {
  if not row.n is empty { type "{row.n}" into "A" }
  if not row.memo is empty { type "{row.memo}: {all}" into "B" }
  do "Write {long}."
  emit id = "{row.id}!"
  emit row = { id: "{row.id}?", n: row.n, memo: "{all[0]}" }
  type "{row.id}" into "C"
}
workflow w {
  inputs { name: string, n: int? }
  outputs { id: string }
  steps {
    extract memo: string? from "the memo"
    call note(row: { id: name, n: n, memo: memo }, all: ["{name}.", name], long: LONG) as one
    call note(row: one.row, all: [one.id], long: name) as one
    call note(row: { id: one.id, n: 2 }, all: ["a"], long: "b") as one
    emit id = one.id
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
    emit size = size
    emit day = day
  }
}
""",
    "the output of a command that may be missing": """
workflow w {
  outputs { day: string? }
  steps { run "Get-Date" as day: string? press "Enter" emit day = day }
}
""",
    "the output of a command that may fail": """
workflow w {
  outputs { size: int }
  steps {
    run "Get-Item a" as size: int else abort "no item"
    press "Enter"
    emit size = size
  }
}
""",
    "commands that may fail": """
workflow w {
  steps {
    run "Get-Item a" else { press "Tab" }
    run "Get-Item b" else abort "no b"
    press "Enter"
  }
}
""",
}
"""The same, for an account where a focused agent has a terminal."""

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
