"""The supported Python interface: check and compile `.flow` sources, and trust webhooks, from code.

Everything else in the package may change in any release.

    from flowdsl.api import check_text, compile_text

    for finding in check_text(source):
        print(finding.span.path, finding.span.first.line, finding.message)
    payload = compile_text(source).workflows[0].payload

    event = verified_webhook(body, headers, secret)  # raises `NotGenuine`
"""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.compiler.pipeline import (
    Analysis,
    Compilation,
    CompileOptions,
    analyze,
    compile_project,
)
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.runs.webhooks import NotGenuine, verified_webhook
from flowdsl.source.files import FileSystem, MemoryFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.codegen.artifacts import Bundle

__all__ = [
    "Analysis",
    "Compilation",
    "CompileOptions",
    "Diagnostic",
    "FileSystem",
    "MemoryFiles",
    "NotGenuine",
    "SourceErrors",
    "analyze",
    "check_text",
    "compile_project",
    "compile_text",
    "verified_webhook",
]


class SourceErrors(Exception):
    """The source has errors; `diagnostics` are all findings, in order.

    The message has the place and the words of the first error.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = next(found for found in diagnostics if found.severity == "error")
        place = f"{first.span.path}:{first.span.first.line}:{first.span.first.column}"
        super().__init__(f"{place}: {first.message}")
        self.diagnostics = tuple(diagnostics)


def check_text(text: str, path: str = "input.flow") -> tuple[Diagnostic, ...]:
    """The findings of one source text that imports nothing, in order of place."""
    return analyze(MemoryFiles({path: text}), [path], CompileOptions()).diagnostics


def compile_text(text: str, path: str = "input.flow") -> Bundle:
    """The artifacts of one source text that imports nothing; raises `SourceErrors`."""
    compilation = compile_project(MemoryFiles({path: text}), [path], CompileOptions())
    if compilation.bundle is None:
        raise SourceErrors(compilation.analysis.diagnostics)
    return compilation.bundle
