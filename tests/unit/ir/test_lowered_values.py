"""What a reference is once a workflow is lowered."""

from __future__ import annotations

import json
from typing import Any

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from tests.support.flows.compiling import compiled, only_workflow, prompt_of
from tests.support.rows import in_rows


@in_rows(
    ("written", "value"),
    [("lib.folder", "C:/Reports"), ("lib.places.archive", "D:/Archive"), ("lib.days[1]", "Tue")],
)
def test_a_const_of_an_imported_file_is_its_value(written: str, value: str) -> None:
    library = (
        'flow 1\nconst folder = "C:/Reports"\nconst places = { archive: "D:/Archive" }\nconst '
        'days = ["Mon", "Tue"]\n'
    )
    main = (
        f'flow 1\nimport "lib.flow" as lib\nworkflow w {{ steps {{ do "Open {{{written}}} now." '
        f"}} }}\n"
    )
    (workflow,) = compiled({"main.flow": main, "lib.flow": library}).workflows
    assert f"Open {value} now." in str(workflow.payload["main_prompt"])


def test_a_const_of_the_environment_has_the_defaults_of_a_record() -> None:
    settings = (
        '[project]\nname = "p"\nid = "prj_00000000"\nflows = ["*.flow"]\n'
        '[env.local]\napi = "https://api.clinic.test"\nvars = { no = "7" }\n'
    )
    project = load_project(settings, "flowdsl.toml", Sink())
    assert project is not None
    options: dict[str, Any] = {"project": project, "environment": project.environments["local"]}
    source = """
type Entry { no: string @wire("No."), cur: string = "{env.no} EUR" }
type Book { entry: Entry = { no: "{env.no}" }, spare: Entry }
const named = { no: "{env.no}" }
task enter(entry: Entry, book: Book) { type "{book.entry.no} {book.entry.cur}" into "the row" }
workflow w {
  outputs { entry: Entry }
  steps {
    keep entry: Entry = named
    type entry.cur into "the row"
    call enter(entry: named, book: { spare: named })
    emit entry = named
  }
}
"""
    artifact = only_workflow(source, **options)
    prompt = prompt_of(source, **options)
    assert 'an object with "No.": "7"; "cur": "7 EUR"' in prompt
    assert 'Click the row, type "7 7 EUR"' in prompt
    outputs = json.loads(artifact.payload["output_schema"])["properties"]
    assert outputs["entry"]["const"] == {"No.": "7", "cur": "7 EUR"}


def test_a_name_that_is_one_field_and_in_json_another_is_that_of_the_source() -> None:
    # The checker and the interpreter say so, too.
    source = """
type Row = { a: string @wire("b"), b: string @wire("a") }
task read_row() -> Row {
  extract row: Row from "the row"
  emit a = row.a
  emit b = row.b
}
workflow w {
  inputs { row: Row }
  steps {
    do "Look at {row.a}, {row.b}."
    call read_row() as own
    do "See {own.a}, {own.b}."
  }
}
"""
    prompt = prompt_of(source)
    assert "Look at \u27e6{row.b}\u27e7, \u27e6{row.a}\u27e7." in prompt
    assert "See \u27e6{{own_a}}\u27e7, \u27e6{{own_b}}\u27e7." in prompt
