"""The side tables: complete for programs without errors, and right."""

from __future__ import annotations

from decimal import Decimal

from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.declarations.constants import evaluate_constant
from flowdsl.semantics.model import CONST, INPUT, RUNTIME
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.types import STRING, ListOf, Optional, Unknown, describe_type
from flowdsl.source.files import MemoryFiles
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk
from tests.support.effort import every
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import in_rows

VALID = find_cases(CORPUS / "valid")


def analyzed(
    files: dict[str, str | bytes], environments: dict[str, dict[str, str]] | None = None
) -> SemanticModel:
    memory = MemoryFiles(files)
    sink = Sink()
    entries = [path for path in files if path.endswith(".flow")]
    model = analyze_program(load_sources(memory, entries, sink), environments, memory, sink)
    assert [found.message for found in sink.findings_in_order() if found.severity != INFO] == []
    return model


@in_rows("case", every(4, VALID), ids=lambda case: case.id)
def test_every_node_of_a_clean_program_is_in_its_table(case: Case) -> None:
    model = analyzed(case.files, case.environments)
    for module in model.modules:
        fields = [each for each in walk(module) if isinstance(each, ast.Field)]
        dates = (each for each in fields if isinstance(each.type, ast.NamedType))
        written = (each.default for each in dates if each.type.name.name.text == "date")
        # What a day counts from may be an input or `today`.
        days = {node for each in written if each is not None for node in walk(each)}
        days |= {getattr(each, "value", None) for each in model.typed_days}
        for node in walk(module):
            if isinstance(node, ast.CallStmt):
                assert node in model.calls
            elif isinstance(node, ast.ExtractStmt) and node.type is None:
                assert node in model.set_outputs
            elif isinstance(node, ast.Field | ast.Param | ast.ExtractStmt | ast.AliasDecl):
                assert not isinstance(model.declared_types[node.type], Unknown)
            elif isinstance(node, ast.BoolLit | ast.NumberLit):
                assert node in model.constants
            elif isinstance(node, ast.ConstRef) and node not in days:
                # An input, where it bounds a loop.
                assert node in model.constants or model.values[node].kind == INPUT
            elif isinstance(node, ast.Ref) and node not in days and not _is_verbatim(module, node):
                assert node in model.values
                assert not isinstance(model.ref_types[node], Unknown)


def _is_verbatim(module: ast.Module, ref: ast.Ref) -> bool:
    """Variables in `prompt contains` and `prompt omits` stand for themselves."""
    texts = (
        node for node in walk(module) if isinstance(node, ast.PromptContains | ast.PromptOmits)
    )
    return any(text.start <= ref.start < text.end for text in texts)


PROGRAM = """flow 1
const base = "https://{env.host}"
const pages = { start: "{base}/start", rows: [1, 2.50] }
const team = "care"
type Row { name: string = base  size: number = 1.50  tags: string[]? }
task find(row: Row, note: string = team) -> { found: Row? } { expect "{row.name} is found" }
workflow intake {
  title = "Intake {team}"
  tags = [team, base, "{pages.start}"]
  inputs { row: Row @untrusted  page: string = pages_start }
  terminal { allow = ["ping {env.host}"] unrestricted = false }
  extra { note: { at: base, size: 1.5 } }
  steps {
    call find(row: row) as hit
    if hit.found.tags is not empty {
      do "Open {hit.found.tags[0]} at {pages.start} for {team}."
    }
  }
}
const pages_start = "s"
"""


def test_literals_have_their_values_and_env_is_left_to_the_environment() -> None:
    model = analyzed(
        {"intake.flow": PROGRAM}, {"prod": {"host": "a.test"}, "qa": {"host": "b.test"}}
    )
    (workflow,) = model.workflows
    settings = workflow.settings
    assert settings["title"] == "Intake care"
    assert settings["tags"][0] == "care"
    assert evaluate_constant(model, settings["tags"], {"host": "a.test"}) == [
        "care",
        "https://a.test",
        "https://a.test/start",
    ]
    assert evaluate_constant(model, workflow.terminal, {"host": "b.test"}) == {
        "allow": ["ping b.test"],
        "unrestricted": False,
    }
    note = evaluate_constant(model, workflow.extra, {"host": "b.test"})
    assert note == {"note": {"at": "https://b.test", "size": Decimal("1.5")}}
    row, page = workflow.inputs
    assert (row.constraints.untrusted, page.default) == (True, "s")
    record = row.type
    name, size, _ = record.fields  # type: ignore[union-attr]
    assert evaluate_constant(model, name.default, {"host": "a.test"}) == "https://a.test"
    assert str(size.default) == "1.50"


def test_references_have_their_symbols_and_types() -> None:
    model = analyzed({"intake.flow": PROGRAM}, {"prod": {"host": "a.test"}})
    (task,) = model.tasks
    assert task.defaults == {"note": "care"}
    by_text = {ref.span(model.modules[0].source).text: ref for ref in model.ref_types}
    tags = by_text["hit.found.tags"]
    assert model.values[tags].kind == RUNTIME
    assert model.ref_types[tags] == Optional(ListOf(STRING))
    assert describe_type(model.ref_types[by_text["{hit.found.tags[0]}"]]) == "string"
    team = by_text["{team}"]
    assert (model.values[team].kind, model.constants[team]) == (CONST, "care")
    start = by_text["{pages.start}"]
    assert start not in model.constants
    assert evaluate_constant(model, start, {"host": "b.test"}) == "https://b.test/start"


def test_files_are_kept_by_project_path() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(8)
    model = analyzed(
        {
            "flows/intake.flow": (
                'flow 1\nworkflow intake { inputs from "../in.json" prompt from "p.md" }\n'
                'task t() { image "../img/a.png" }\n'
            ),
            "flows/p.md": "Open {mrn}.",
            "in.json": '{"properties": {"mrn": {"type": "string"}}}',
            "img/a.png": png,
        }
    )
    (workflow,) = model.workflows
    assert (workflow.prompt_from, workflow.inputs_from) == ("flows/p.md", "in.json")
    assert workflow.inputs == ()
    assert set(model.texts) == {"flows/p.md", "in.json"}
    assert model.images == {"img/a.png": png}
