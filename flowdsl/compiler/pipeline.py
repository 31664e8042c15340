"""The pipeline: from files to diagnostics, and on to artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic, DiagnosticSpec
from flowdsl.diagnostics.findings import Findings
from flowdsl.diagnostics.sink import Sink
from flowdsl.lint.options import read_lint_table
from flowdsl.lint.rules import RULES
from flowdsl.lint.run import Linted, run_rules, select_enabled_findings
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities
from flowdsl.semantics.modules import Parse, load_sources
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record
from flowdsl.syntax.parse import parse_module

from .collector import collector_paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.codegen.artifacts import Bundle
    from flowdsl.ir.nodes import Program
    from flowdsl.lint.rule import Rule


class CompileOptions(Record):
    """The compilation settings of a project; without a project, files are independent.

    `environment` is the one whose `vars` are written into the artifacts. `whole` is true when the
    entries are all flows of the project, so that a name that none of them uses is unused. `rules`
    are the lint rules of the project's plugins. With `lenient`, errors that a comment may suppress
    do not stop the compilation. `assumed` are the capabilities of the account where no project
    says them.
    """

    project: Project | None = None
    environment: Environment | None = None
    whole: bool = True
    rules: tuple[Rule, ...] = ()
    lenient: bool = False
    assumed: Capabilities = DOCUMENTED

    def stops(self, found: Diagnostic) -> bool:
        """Whether a finding keeps the project from being compiled."""
        return found.severity == ERROR and not (self.lenient and found.spec.arguable)

    @property
    def environments(self) -> Mapping[str, Mapping[str, str]] | None:
        """The `vars` of every environment of the project, by name; None without a project."""
        if self.project is None:
            return None
        return {name: each.vars for name, each in self.project.environments.items()}

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that the account's agents and its service are assumed to have."""
        if self.project is None:
            return self.assumed
        return Capabilities(frozenset(self.project.platform.focused_agent_tools))


class Analysis(Record):
    """What is known about a set of files.

    `diagnostics` are sorted by path and place. `silenced` has the names of the errors that comments
    suppress.
    """

    model: SemanticModel
    diagnostics: tuple[Diagnostic, ...]
    silenced: frozenset[str] = frozenset()

    @property
    def has_errors(self) -> bool:
        return any(found.severity == ERROR for found in self.diagnostics)

    @property
    def findings(self) -> Findings:
        """The diagnostics, and the sorted paths of all files that were read or have findings."""
        read = {module.source.path for module in self.model.modules}
        paths = read.union(found.span.path for found in self.diagnostics)
        return Findings(self.diagnostics, tuple(sorted(paths)))


class Compilation(Record):
    """An analysis and, when it has no errors, what it compiles to."""

    analysis: Analysis
    program: Program | None = None
    bundle: Bundle | None = None


def analyze(
    files: FileSystem,
    entries: Sequence[str],
    options: CompileOptions,
    parse: Parse = parse_module,
) -> Analysis:
    """Check `entries` and all files they import, and run the lint rules on them.

    `parse` reads one file; an editor keeps the trees of files that have not changed.
    """
    with collector_paused():
        sink = Sink()
        linted = Linted(frozenset(entries), options.whole, (*RULES, *options.rules))
        sources = load_sources(files, entries, sink, parse)
        model = analyze_program(
            sources,
            options.environments,
            files,
            sink,
            only=linted.paths,
            capabilities=options.capabilities,
        )
        table = None if options.project is None else options.project.lint
        known = partial(_all_diagnostics, linted.rules)
        lint = read_lint_table(table, linted.rules, known, sink)
        run_rules(model, linted, lint, sink)
        uncertain: frozenset[str] = frozenset()
        if sink.has_errors:
            from flowdsl.semantics.certainty import drop_uncertain

            uncertain = drop_uncertain(model.modules, sink)
        found, silenced = select_enabled_findings(model, linted, lint, known, sink, uncertain)
        return Analysis(model, found, silenced)


def _all_diagnostics(rules: tuple[Rule, ...]) -> Mapping[str, DiagnosticSpec]:
    """Every diagnostic by name, imported here because most checks need few of them."""
    from flowdsl.catalog import diagnostics

    return diagnostics(rules)


def compile_project(
    files: FileSystem, entries: Sequence[str], options: CompileOptions
) -> Compilation:
    """Check `entries` and, when no error stops it, compile them."""
    # Paused for both, or the collector would walk all that the analysis has made in between.
    with collector_paused():
        analysis = analyze(files, entries, options)
        if any(map(options.stops, analysis.diagnostics)):
            return Compilation(analysis)
        return compile_analysis(analysis, options)


def compile_analysis(analysis: Analysis, options: CompileOptions) -> Compilation:
    """Compile what `analyze` found no stopping error in."""
    from flowdsl.codegen.bundle import emit_bundle
    from flowdsl.ir.lowering.program import lower_program
    from flowdsl.ir.passes.simplify import simplified
    from flowdsl.ir.verify import verify_program

    model = analysis.model
    lowered = lower_program(model, options.environment.vars if options.environment else {})
    program = simplified(lowered, options.capabilities)
    sink = Sink()
    sources = {module.source.path: module.source for module in model.modules}
    capabilities = options.capabilities
    verify_program(program, sources, capabilities, sink)
    missed = (each for each in sink.findings_in_order() if each.name not in analysis.silenced)
    analysis = Analysis(model, (*analysis.diagnostics, *missed))
    if any(map(options.stops, analysis.diagnostics)):
        return Compilation(analysis, program)
    texts = {path: source.text for path, source in sources.items()}
    bundle = emit_bundle(program, model.images.values(), capabilities, texts)
    return Compilation(analysis, program, bundle)
