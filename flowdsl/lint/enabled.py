"""Which findings are enabled: not suppressed, and with the severity that the project gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import SemanticModel
from flowdsl.source.text import SourceFile

from .options import LintOptions
from .run import Linted


def enabled_findings(
    model: SemanticModel,
    linted: Linted,
    options: LintOptions,
    known: Callable[[], Mapping[str, DiagnosticSpec]],
    sink: Sink,
) -> tuple[tuple[Diagnostic, ...], frozenset[str]]:
    """The enabled findings of `sink` in order, and the names of errors that comments suppress.

    What is wrong with suppressions is among the findings. `known` gives all diagnostics by name.
    """
    found = [each for each in sink.sorted() if options.is_enabled(each.spec, each.span.path)]
    modules = [module for module in model.modules if may_suppress(module.source)]
    silenced: frozenset[str] = frozenset()
    if modules:
        from .suppressions import apply_suppressions

        def ran(spec: DiagnosticSpec, path: str) -> bool:
            return options.is_enabled(spec, path) and linted.can_find(spec.name, path)

        remarks = Sink()
        kept, silenced = apply_suppressions(found, modules, known(), ran, remarks)
        remarked = (
            each for each in remarks.sorted() if options.is_enabled(each.spec, each.span.path)
        )
        found = [*kept, *remarked]
        found.sort(key=Diagnostic.sort_key)
    return tuple(map(options.adjusted, found)), silenced


def may_suppress(source: SourceFile) -> bool:
    """Whether a file may hold a suppression; most hold none, and need no second look."""
    return "ignore" in source.text and "flow:" in source.text
