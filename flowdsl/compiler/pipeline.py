"""The pipeline: from files to diagnostics, and on to artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import SemanticModel
from flowdsl.semantics.modules import load
from flowdsl.semantics.resolve import analyze_program
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record

from .collector import collector_paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.codegen.artifacts import Bundle
    from flowdsl.ir.nodes import Program


class CompileOptions(Record):
    """What a project says about compilation; without a project, files stand alone.

    `environment` is the one whose `vars` are written into the artifacts.
    """

    project: Project | None = None
    environment: Environment | None = None

    @property
    def environments(self) -> Mapping[str, Mapping[str, str]] | None:
        """The `vars` of every environment of the project, by name; None without a project."""
        if self.project is None:
            return None
        return {name: each.vars for name, each in self.project.environments.items()}


class Analysis(Record):
    """What is known about a set of files. `diagnostics` are in order of path and place."""

    model: SemanticModel
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        return any(found.severity == ERROR for found in self.diagnostics)

    @property
    def file_count(self) -> int:
        read = {module.source.path for module in self.model.modules}
        return len(read.union(found.span.path for found in self.diagnostics))


class Compilation(Record):
    """An analysis and, when it has no errors, what it compiles to."""

    analysis: Analysis
    program: Program | None = None
    bundle: Bundle | None = None


def analyze(files: FileSystem, entries: Sequence[str], options: CompileOptions) -> Analysis:
    """Check the files `entries` and everything they import."""
    with collector_paused():
        sink = Sink()
        sources = load(files, entries, sink)
        model = analyze_program(sources, options.environments, files, sink, only=frozenset(entries))
        return Analysis(model, sink.sorted())


def compile_project(
    files: FileSystem, entries: Sequence[str], options: CompileOptions
) -> Compilation:
    """Check and, when there are no errors, compile."""
    analysis = analyze(files, entries, options)
    if analysis.has_errors:
        return Compilation(analysis)

    with collector_paused():
        return _compile(analysis, options)


def _compile(analysis: Analysis, options: CompileOptions) -> Compilation:
    from flowdsl.codegen.bundle import emit_bundle
    from flowdsl.ir.capabilities import Capabilities
    from flowdsl.ir.lower import lower_program
    from flowdsl.ir.passes import PASSES
    from flowdsl.ir.verify import verify_program

    model = analysis.model
    program = lower_program(model, options.environment.vars if options.environment else {})
    for run_pass in PASSES:
        program = run_pass(program)
    sink = Sink()
    sources = {module.source.path: module.source for module in model.modules}
    focused_tools = options.project.platform.focused_agent_tools if options.project else ()
    capabilities = Capabilities(frozenset(focused_tools))
    verify_program(program, sources, capabilities, sink)
    analysis = Analysis(model, (*analysis.diagnostics, *sink.sorted()))
    if analysis.has_errors:
        return Compilation(analysis, program)
    bundle = emit_bundle(program, model.images.values(), capabilities)
    return Compilation(analysis, program, bundle)
