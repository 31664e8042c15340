"""Workflows that are hard to write: what lowering has inlined, renamed, merged and folded."""

from __future__ import annotations

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import ROOT, compile_folder
from tests.support.flows.decompile.writing import check_all, check_written
from tests.support.rows import in_rows

PROGRAMS = {
    "tasks that their arguments make different": """
task look(what: string, noted: bool) -> { seen: string, note: string? } {
  do "Open {what}."
  extract seen: string from "the {what}"
  if noted { extract note: string from "the note of {what}" emit note = note press "Tab" }
  emit seen = seen
}
workflow w { inputs { n: string } outputs { a: string, b: string }
 steps { call look(what: "left", noted: false) as l  call look(what: n, noted: true) as r
   call look(what: "right", noted: true) as s emit a = l.seen
   if s.note is empty { emit b = r.seen } else { emit b = "{r.seen}{s.note}" }
   if not r.note is empty { do "x {r.note}" } } }
""",
    "one task for different words": """
task look(what: string) -> { seen: string, note: string? } {
  extract seen: string from "the {what}"
  if sees "a note" { extract note: string from "the note of {what}" emit note = note }
  emit seen = seen
}
workflow w { outputs { a: string, b: string }
 steps { call look(what: "left") as l  call look(what: "right") as r  emit a = l.seen
   emit b = r.seen if not l.note is empty { do "x {l.note}" } } }
""",
    "a list that a call takes first, and its result": """
task note(list: string[]) -> { seen: string? } {
  do "Note {list}."
  if sees "a mark" { emit seen = "yes" }
}
workflow w { steps {
  extract read: string from "the name"
  call note(list: [read, "b"]) as r
  type r.seen into "the field Seen"
} }
""",
    "a task that calls another": """
type P { name: string, age: int }
task inner(k: string) -> { v: string, n: int } {
  extract v: string from "value {k}"
  extract n: int from "number {k}"
  emit v = v press "Tab" emit n = n
}
task outer(k: string) -> P {
  do "Open {k}."
  call inner(k: "{k}!") as i
  emit name = i.v
  press "Enter"
  emit age = i.n
}
workflow w { inputs { k: string } outputs { p: P }
 steps { call outer(k: k) as p  emit p = p } }
""",
    "a task that only calls another": """
task inner(k: string) -> { v: string } {
  extract v: string from "value {k}"
  emit v = v
}
task side(k: string) { extract z: string from "z" do "type {z} {k}" }
task outer(k: string) -> { name: string, other: string } {
  extract w: string from "w"
  emit other = w
  call side(k: k)
  call inner(k: "{k}!") as i
  emit name = i.v
}
workflow w { inputs { k: string } outputs { p: string }
 steps { call outer(k: k) as q  emit p = q.name do "x {q.other}" } }
""",
    "lists that a task fills in a loop": """
task gather(n: string) -> { rows: string[], count: int?, more: string[] } {
  for r in ["a", "b"] {
    extract c: string from "cell {r} {n}"
    emit rows += c
    if c == "x" { emit more += "yes {c_end}" }
  }
  emit count = 3
}
const c_end = "end"
workflow w { inputs { n: string } outputs { rows: string[], n_out: int? }
 steps { call gather(n: n) as g  emit rows = g.rows emit n_out = g.count
   do "see {g.more}" } }
""",
    "a task in a loop": """
task one(x: string, secret p: string) -> { ok: bool, text: string? } {
  type $p into "F"
  extract ok: bool from "ok {x}"
  if ok { extract text: string from "text" emit text = text }
  emit ok = ok
}
workflow w { inputs { xs: string[] @max_items(5) } secrets { pw: string }
  outputs { good: string[], bad: string[] }
 steps { for x in xs { call one(x: x, p: $pw) as o if o.ok { emit good += x }
   else if o.text is empty { emit bad += x } else { emit bad += "{x}: {o.text}" } } } }
""",
    "different tasks in branches": """
task a(k: string) -> { v: string } { extract q: string from "q {k}" emit v = q }
task b(k: string) -> { v: string } { do "x {k}" extract q: string from "r {k}" emit v = q
  press "Tab" emit v = "{q}{q}" }
workflow w { inputs { k: string, f: bool } outputs { v: string }
 steps { if f { call a(k: k) as r } else { call b(k: k) as r } emit v = r.v } }
""",
    "one result twice": """
task find(k: string) -> { v: string } { extract q: string from "q {k}" emit v = q }
workflow w { inputs { k: string } outputs { all: string[] }
 steps { call find(k: k) as r emit all += r.v call find(k: "two") as r emit all += r.v } }
""",
    "outputs that stay stored": """
task t(flag: bool) -> { v: string } { if flag { emit v = "on" } else { emit v = "off" } }
const yes = true
workflow w { outputs { a: string, b: string, c: string }
 steps { if yes { emit a = "x" } else { emit a = "z" } extract q: string from "q" if yes {
   emit b = q } else { emit b = "n" }  call t(flag: true) as r emit c = r.v  } }
""",
    "a fresh start for what is always set": """
task t(flag: bool, x: string) { if flag { extract v: string from "v {x}" do "Type {v}" } }
workflow w { inputs { xs: string[] @max_items(3) } steps { for x in xs {
  call t(flag: true, x: x) } } }
""",
    "names on the wire": """
type R { number: string @wire("no.") }
workflow w { inputs { a: string @wire("first name"), rows: R[] @min_items(1) @max_items(3) }
  secrets { s: string @wire("pass_word") }
    outputs { o: string @wire("取引先"), p: string @wire("a b") }
 steps { type $s into "F" do "x {a} {rows[0].number}" emit o = a emit p = "k" for r in rows {
   do "y {r.number}" } } }
""",
    "an output called like an input": """
workflow w { inputs { mrn: string } outputs { mrn: string, name: string }
 steps { extract name: string from "n" if sees "x" { emit mrn = mrn } else { emit mrn = "y" }
   emit name = "{name}!" } }
""",
    "attempts": """
task save(n: string) -> { id: string } { press "Ctrl+S" expect "saved {n}" else fail "not saved {n}"
  extract i: string from "the id" emit id = i }
workflow w { inputs { n: string } outputs { id: string }
 steps { retry 3 wait 2s { call save(n: n) as s } else { abort "no" } emit id = s.id retry 2 {
   retry 2 { expect "x" } expect "y" else { press "Tab" fail "z" } } } }
""",
    "what stands behind else": """
workflow w { outputs { a: string?, b: int, c: string? }
 steps { extract a: string? from "the a" else abort "no a" emit a = a
  extract b: int from "the b." else { extract b: int from "the other b" } emit b = b
  copy c from "the c" else finish "nothing" emit c = c
  while not sees "x" max 4 { press "F5" } else { press "Tab" }
  while not b > 3 max 4 { press "F5" extract b: int from "the b." }
  choose "r" else {}
  run "Get-Date" else abort "x"
  wait until "x" timeout 500ms else finish "done" } }
""",
    "one task that fills a list": """
task tags(k: string) -> { t: string[] } { if sees "a {k}" { emit t += "a" } if sees "b {k}" {
  emit t += "b" } }
workflow w { outputs { x: string[], y: string[] }
 steps { call tags(k: "1") as p call tags(k: "2") as q emit x = p.t emit y = q.t } }
""",
    "outputs that are proven to be there": """
workflow w { inputs { n: string? } outputs { n_out: string, t: string }
 steps { if n is empty { abort "no n" } emit n_out = n
   extract t: string? from "t" step "s" { if t is empty { abort "no t" } } emit t = t } }
""",
    "conditions": """
workflow w { inputs { a: int?, b: bool?, c: string, d: date, k: "x" | "y" }
 steps { if (a > 3 or b) and not (c == "x" or sees "q") { press "Tab" }
 if not (a is empty) and not b and a == 3 and d < "2024-01-01" and k != "x" { press "Tab" }
 if not (not sees "t") { press "Tab" } else if 3 == a or c == "{d}" { press "Enter" } else {
   press "F1" }
 if sees "m" { finish "ok" } press "Ctrl+Shift+S Alt+F4" } }
""",
    "commands": """
workflow w { inputs { d: date } outputs { o: string } terminal { allow = ["dir", "Get-Date"] }
 steps { run "Get-Date" run "Get-Item '{d}.txt'" else { press "Tab" abort "no" } emit o = "{d}" } }
""",
    "names that begin alike": """
task open_it(k: string) -> { v: string } { extract it_name: string from "n {k}" if sees "x" {
  emit v = it_name } else { emit v = "none" } }
task open(k: string) -> { v: string } { extract it_it_name: string from "n {k}" if sees "x" {
  emit v = it_it_name } else { emit v = "none" } }
workflow w { outputs { v: string, u: string } steps { call open_it(k: "1") as a
  call open(k: "2") as b call open_it(k: "3") as c emit v = "{a.v}{b.v}" emit u = c.v } }
""",
    "a task that may end the run": """
task maybe(k: string) -> { v: string } { if sees "x {k}" { abort "x" } else {
  extract v: string from "v" emit v = v } }
workflow w { outputs { v: string } steps { call maybe(k: "1") as m emit v = m.v if sees "end" {
  finish "early" } press "Tab" finish "late" } }
""",
    "a constant in front of the end": """
workflow w { outputs { v: string, n: int } steps { emit v = "c" emit n = 3 step "s" { press "Tab"
  finish "late" } } }
""",
    "paths into anything": """
workflow w { outputs { o: any } steps { extract t: any from "t"
  extract l: { k: any }[] from "l" press "Tab"
  do "x {t.a[0]['k v'].b}" for e in l max 2 { do "y {e.k.z}" } emit o = t } }
""",
    "one result outside and inside a loop": """
task g(x: string) -> { v: string, w: string? } { extract v: string from "v {x}" emit v = v
  if sees "w" { emit w = x } }
workflow w { inputs { xs: string[] @max_items(3) } outputs { all: string[] }
 steps { call g(x: "first") as r emit all += r.v for x in xs { call g(x: x) as r
   if r.w is empty { emit all += r.v } else { emit all += "{r.v} {r.w}" } } } }
""",
    "what attempts give back": """
task tell(n: string) -> { ref: string?, seen: string? } {
  emit seen = n
  retry 2 { if sees "a ref" { extract r: string from "the ref" emit ref = r emit seen = "x" }
    expect "saved" } else { press "Escape" }
}
workflow w { inputs { ns: string[] @max_items(3) } outputs { a: string?, b: string?, c: string? }
 steps {
   retry 2 { if sees "x" { emit a = "x" } expect "y" } else { press "Tab" }
   for n in ns { call tell(n: n) as t if not t.ref is empty { do "Say {t.ref}." }
     if not t.seen is empty { do "Say {t.seen}." } emit b = n }
   retry 2 { if sees "x" { emit b = "x" } expect "y" } else { press "Tab" }
   emit c = "old" retry 2 { if sees "x" { emit c = "new" } expect "y" } } }
""",
    "objects and lists": """
type T { a: string, b: int?, c: string[], d: { e: string } }
workflow w { inputs { x: string, n: int, t: T } outputs { o: T, l: T[], k: any }
 steps { emit o = { a: x, b: n, c: ["p", x, "{x}!"], d: { e: "z" } } emit l += t
   emit l += { a: "1", c: [], d: { e: x } } emit k = [1, 2.5, null, { "q r": true }] } }
""",
    "texts": r'''
workflow w { inputs { x: string } secrets { s: string }
 steps { do "JSON { \"a\": 1 } \{other} C:\temp {x}" do r"C:\x {y} and \ " do """
   Line one {x}.
     Indented "quoted".

   Last {$s}
 """ type "{x}{x}" into "F" type "const" into "F" } }
''',
}


def written(program: str) -> str:
    """The text written for the one workflow of a program, checked."""
    source = f"flow 1\n{program}"
    compilation = compile_project(MemoryFiles({"a.flow": source}), ["a.flow"], CompileOptions())
    assert compilation.bundle is not None, [
        found.message for found in compilation.analysis.diagnostics
    ]
    (text,) = check_all(compilation)
    return text


ONLY_BY_A_PARAMETER = {
    "values that only a parameter can bring": """
type L { day: date, tags: string[] }
task enter(l: L, flag: bool, items: string[], any_value: any) {
  if l.tags is empty { press "Tab" }
  for i in items max 4 { do "Do {i}" }
  if flag and sees "x" { press "Enter" }
  if any_value == 5 { press "Escape" }
  type l.day as "MM" into "F"
}
workflow w { inputs { d: string, e: string, m: int }
 steps {
   call enter(l: { day: "2026-03-01", tags: [d] }, flag: true, items: [d, e, "{d}x"],
     any_value: m) } }
""",
    "comparisons that a parameter makes possible": """
task go(kind: string, n: any?) { if kind == "other" { press "Tab" } if n == 3 { press "Enter" }
  if n is empty { press "F1" } }
workflow w { inputs { k: "a" | "b", m: int? } steps { call go(kind: k, n: m)
  call go(kind: "x", n: 3) } }
""",
}
"""What a task can say and its statements in the place of the call cannot."""


@pytest.mark.parametrize("name", ONLY_BY_A_PARAMETER)
def test_what_only_a_parameter_can_bring_is_not_written(name: str) -> None:
    source = f"flow 1\n{ONLY_BY_A_PARAMETER[name]}"
    compilation = compile_project(MemoryFiles({"a.flow": source}), ["a.flow"], CompileOptions())
    assert compilation.bundle is not None
    (artifact,) = compilation.bundle.workflows
    (workflow,) = compilation.program.workflows
    with pytest.raises(AssertionError):
        check_written(workflow, artifact, compilation.bundle)


@in_rows("folder", ("chains", "files", "flow", "names", "types"))
def test_a_valid_program_is_written(folder: str) -> None:
    check_all(compile_folder(ROOT / "tests/corpus/valid" / folder))


@in_rows("name", PROGRAMS)
def test_what_comes_back_is_the_same(name: str) -> None:
    written(PROGRAMS[name])


def test_values_that_a_task_returned_come_back_as_kept_variables() -> None:
    text = written("""
task find(name: string) -> { id: string?, note: string } {
  if sees "an id of {name}" { extract id: string from "the id" emit id = id }
  if sees "a note" { emit note = "one of {name}" } else { emit note = "none" }
}
workflow w {
  outputs { seen: string[], id: string? }
  steps {
    call find(name: "Ann") as r
    emit seen += "{r.note}"
    for n in ["Bob", "Cid"] {
      call find(name: n) as r
      if r.id is empty { emit seen += r.note } else { emit seen += "{r.note} {r.id}" }
    }
    call find(name: r.note) as r
    emit id = r.id
  }
}
""")
    assert "task " not in text
    assert "keep r_id: string? = null" in text
    assert 'keep r_note: string = "one of Ann"' in text
    assert 'keep r_note: string = "one of {n}"' in text
    assert "keep find_name: string = r_note" in text
    assert 'extract r_id: string? from "the id"' in text


def test_a_kept_variable_has_the_type_that_an_output_wants_of_it() -> None:
    text = written("""
type Row { name: string, state: "new" | "old", since: date? }
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { all: Row[], end: "a" | "b" }
  steps {
    keep rows: Row[] = []
    for name in names {
      keep state: "new" | "old" = "new"
      keep since: date? = null
      if sees "a date" { keep since = "2024-01-01" }
      if sees "old" { keep state = "old" }
      keep rows += { name: name, state: state, since: since }
    }
    for row in rows max 3 { do "Compare {row.name}." }
    emit all = rows
    keep last: "a" | "b" = "a"
    if sees "b" { keep last = "b" }
    do "Choose {last}."
    emit end = last
  }
}
""")
    assert "keep rows: All[] = []" in text
    assert 'keep state: State = "new"' in text
    assert "keep since: date? = null" in text
    assert 'keep last: "a" | "b" = "a"' in text


def test_lists_with_values_in_them_come_back_as_they_were() -> None:
    text = written("""
workflow w {
  inputs { name: string }
  steps {
    for no in ["Inv. No.", "{name}"] { press "Tab" expect "{no} is open" }
    extract read: string from "the name"
    for no in ["\\"a\\"", "the {read}"] { expect "{no} is open" }
  }
}
""")
    assert 'for no in ["Inv. No.", "{name}"] {' in text
    assert 'for no in ["\\"a\\"", "the {read}"] {' in text
    assert "keep" not in text


def test_an_attempt_that_ends_an_entry_comes_back_without_what_it_takes_back() -> None:
    text = written("""
workflow w {
  inputs { names: string[] @max_items(3) }
  outputs { size: int? }
  steps {
    for name in names {
      retry 2 { emit size = 1 expect "{name} is open" }
      fail "no more"
    } on failure { press "Escape" }
  }
}
""")
    assert "else" not in text
    assert "keep" not in text


def test_defaults_are_left_out() -> None:
    text = written("""
workflow w {
  outputs { total: int }
  steps {
    choose "the row"
    wait until "the grid is there"
    extract total from "the total"
    retry 2 { expect "it is saved" else fail "not saved" }
  }
}
""")
    assert text == (
        """flow 1

workflow w {
  outputs {
    total: int
  }

  steps {
    choose "the row"
    wait until "the grid is there"
    extract total from "the total"
    retry 2 {
      expect "it is saved" else fail "not saved"
    }
  }
}
"""
    )


def test_an_untrusted_field_keeps_its_mark() -> None:
    text = written("""
type Mail { subject: string, text: string @untrusted }
workflow w {
  inputs { mail: Mail }
  steps {
    do "Open the mail {mail.subject}."
    type mail.text into "the Note field"
    expect "the note is {mail.text}"
  }
}
""")
    assert "text: string @untrusted" in text
    assert "mail: Mail\n" in text


def test_commands_are_allowed_once() -> None:
    text = written(PROGRAMS["commands"])
    assert 'allow = ["dir"]' in text


def test_a_check_keeps_only_a_name_of_its_own() -> None:
    text = written("""
workflow w {
  inputs { days: string[] }
  steps { press "Tab" }
  checks {
    file "a.pdf" exists
    file "b.pdf" exists as "the second file"
    files each day in days named "{day}.pdf" exists
    image "a.png" shows "a grid" if present
    output matches schema
    cleanup "Press Escape."
  }
}
""")
    assert text.count(" as ") == 1
