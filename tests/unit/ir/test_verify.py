"""What analysis finds, verification would find as well.

The same diagnostics, after inlining and at whole statements.
"""

from __future__ import annotations

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir.lowering.program import lower_program
from flowdsl.ir.passes.simplify import simplified
from flowdsl.ir.verify import verify_program
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.capabilities import DOCUMENTED
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import only_workflow, workflow
from tests.support.rows import in_rows

BACKSLASH, BRACE = "backslash-before-variable", "brace-in-command"


def verified(source: str) -> list[tuple[str, int]]:
    """What verification finds in a program that analysis has found at fault as well."""
    files = MemoryFiles({"main.flow": "flow 1\n" + source})
    analysis = Sink()
    model = analyze_program(load_sources(files, ["main.flow"], analysis), None, files, analysis)
    program = simplified(lower_program(model, {}), DOCUMENTED)
    sink = Sink()
    sources = {module.source.path: module.source for module in model.modules}
    verify_program(program, sources, DOCUMENTED, sink)
    found = [(each.name, each.span.first.line) for each in sink.findings_in_order()]
    assert {name for name, _ in found} <= {each.name for each in analysis.findings_in_order()}
    return found


@in_rows(
    ("body", "expected"),
    [
        ('do "Open {folder}{name}."', [BACKSLASH]),
        ('if sees "{folder}{name}" { press "F5" }', [BACKSLASH]),
        ('while not sees "{folder}{name}" max 2 { press "F5" }', [BACKSLASH]),
        ('type escaped into "the Path field"', [BACKSLASH]),
        ('do "{slash}{name}"', []),
        ('run r"Get-Item ${env:TEMP}"', [BRACE]),
        ('run "Get-Item \\{{name}"', [BRACE]),
        ('run "Get-ChildItem | ForEach-Object { $_.Name }"', []),
        ('do "a\x07b"', ["control-character"]),
        ('run "Get-Date" as now: string', ["command-output-unreadable"]),
        ('if fast { capture "a.png" }', ["branch-frozen-by-replay"]),
        ('for n in 2 { if fast { run "dir" } }', ["branch-frozen-by-replay"]),
        ('if sees "x" { capture "a.png" }', []),
        ("call take(shot: true)", []),
    ],
)
def test_verification(body: str, expected: list[str]) -> None:
    source = (
        'const folder = r"C:\\Reports\\"\nconst escaped = r"C:\\{x}"\nconst slash = "C:/"\n'
        'task take(shot: bool) { if shot { capture "a.png" } }\n'
        + workflow(body, sections="inputs { name: string, fast: bool }")
    )
    assert verified(source) == [(name, 8) for name in expected]


def test_blocks_of_powershell_are_sent_byte_for_byte() -> None:
    command = "Get-ChildItem | ForEach-Object { $_.Name }"
    payload = only_workflow(workflow(f'run "{command}"')).payload
    assert payload["terminal_command_allowlist"] == [command]


def test_extra_passes_unknown_fields_through() -> None:
    source = workflow('do "x"', sections='extra { novel: { deep: [1, "x"] } }')
    assert only_workflow(source).payload["novel"] == {"deep": [1, "x"]}


def test_a_compilation_reports_what_analysis_has_found_once() -> None:
    source = "flow 1\n" + workflow('if fast { capture "a.png" }', sections="inputs { fast: bool }")
    compilation = compile_project(
        MemoryFiles({"main.flow": source}), ["main.flow"], CompileOptions()
    )
    names = [each.name for each in compilation.analysis.diagnostics]
    assert names.count("branch-frozen-by-replay") == 1
    assert compilation.program is None and compilation.bundle is None
