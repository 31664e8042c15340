"""`flowdsl check --fix` on projects in former spellings: whole files, with what imports connect."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import read_tree, run_here, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
TASKS = """\
flow 1
type Row { name: string, note: string? }
## Reads the rows.
task read_rows() -> { rows: Row[] } {
  extract found: Row[] from "the rows"
  emit rows = {{found}}  # {{found}} of the screen
}
"""
MAIN = """\
flow 1
import { read_rows } from "./tasks.flow"

## Notes the rows.
workflow note_rows {
  steps {
    call read_rows() as page
    for row in{{page.rows}}max 20 {
      if row.note is empty { do "Note {{ page.rows[0].name }}, and r\\{{row.name}}." }
    }
  }
}

test "no rows" for note_rows {
  reads { page.found = [] }
  prompt omits "{{page}}"
}
"""
ALONE = """\
flow 1
## Types the total.
workflow type_total {
  steps {
    extract total: number from "the sum"
    repeat until {{total}} == 3 or 4 == {{total}} max 3 {
      extract total: number from "the sum"
    }
    type {{total}} into "the field Sum"
  }
}
"""
NEW_TASKS = TASKS.replace("= {{found}}", "= found")
NEW_MAIN = MAIN.replace("in{{page.rows}}max", "in page.rows max").replace(
    "{{ page.rows[0].name }}", "{page.rows[0].name}"
)
NEW_ALONE = (
    ALONE.replace("repeat until", "while not (")
    .replace(" max 3", ") max 3")
    .replace("not ( ", "not (")
    .replace("{{total}}", "total")
)


def project(root: Path, **flows: str | bytes) -> None:
    write_tree(
        root,
        {"flowdsl.toml": PROJECT} | {f"flows/{name}.flow": text for name, text in flows.items()},
    )


def flows_in(root: Path) -> dict[str, str]:
    return {path.stem: path.read_bytes().decode() for path in (root / "flows").glob("*.flow")}


def test_one_command_carries_a_project_over(tmp_path: Path) -> None:
    bom, crlf = "\ufeff" + MAIN, ALONE.replace("\n", "\r\n")
    project(tmp_path, tasks=TASKS, main=bom, alone=crlf)
    result = run_here(tmp_path, "check", "--format", "terse")
    assert result.code == 1
    assert result.text.count("former-spelling") == 7
    result = run_here(tmp_path, "check", "--fix")
    assert (result.code, result.err) == (0, "fixed 7 findings in 3 files\n")
    assert flows_in(tmp_path) == {
        "tasks": NEW_TASKS,
        "main": "\ufeff" + NEW_MAIN,
        "alone": NEW_ALONE.replace("\n", "\r\n"),
    }
    before = read_tree(tmp_path)
    assert run_here(tmp_path, "check", "--fix").code == 0
    assert read_tree(tmp_path) == before


def test_nothing_is_carried_over_with_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Imports connect it with others; what they do not connect is carried over all the same."""
    broken = MAIN.replace("call read_rows() as page", "call read_rows( as page")
    project(tmp_path, tasks=TASKS, main=broken, alone=ALONE)
    result = run_here(tmp_path, "check", "--fix")
    assert result.code == 1
    assert flows_in(tmp_path) == {"tasks": TASKS, "main": broken, "alone": NEW_ALONE}
    assert (
        "note: nothing in `flows/main.flow`, `flows/tasks.flow` is carried over to the present "
        "spellings, because of flows/main.flow:7: "
    ) in result.err
    assert result.err.endswith("; put it right first\n")


def test_a_library_is_carried_over_where_it_is_kept(tmp_path: Path) -> None:
    text = PROJECT.replace("flows =", 'libraries = { desk = "../desk" }\nflows =')
    main = MAIN.replace("./tasks.flow", "@desk/tasks.flow")
    project(tmp_path / "care", main=main)
    write_tree(
        tmp_path,
        {"care/flowdsl.toml": text, "desk/tasks.flow": TASKS, ".git/HEAD": "ref: refs/heads/a\n"},
    )
    result = run_here(tmp_path / "care", "check", "--fix")
    assert result.code == 1
    assert "note: the fixes in `../desk/tasks.flow` are not made" in result.err
    assert (tmp_path / "care/flows/main.flow").read_text() == main.replace(MAIN, NEW_MAIN).replace(
        "in{{page.rows}}max", "in page.rows max"
    ).replace("{{ page.rows[0].name }}", "{page.rows[0].name}")
    assert (tmp_path / "desk/tasks.flow").read_text() == TASKS


def test_a_buffer_is_carried_over_alone(tmp_path: Path) -> None:
    project(tmp_path, tasks=TASKS, main=MAIN)
    words = ["check", "--fix", "-", "--stdin-filename", "flows/main.flow"]
    result = run_here(tmp_path, *words, stdin=MAIN.encode())
    assert result.text == NEW_MAIN
    assert flows_in(tmp_path) == {"tasks": TASKS, "main": MAIN}
