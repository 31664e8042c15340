"""Workflows that are hard to write: what lowering has inlined, renamed, merged and folded."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import ROOT, compile_folder
from tests.support.flows.decompile.writing import check_all, check_written
from tests.support.rows import for_rows, in_rows

WRITTEN = ROOT / "tests/corpus/written"


def written(program: str) -> str:
    """The text written for the one workflow of a program, checked."""
    return written_again(f"flow 1\n{program}")


def written_again(source: str) -> str:
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


@for_rows(lambda: sorted(WRITTEN.glob("*.flow")), name=lambda path: path.stem, fewest=27)
def test_what_comes_back_is_the_same(path: Path) -> None:
    written_again(path.read_text(encoding="utf-8"))


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
    text = written_again((WRITTEN / "commands.flow").read_text(encoding="utf-8"))
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
