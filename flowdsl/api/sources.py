"""Checks and compiles a single source text."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.source.failure import FlowdslError
from flowdsl.source.files import MemoryFiles, spell_flow_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.codegen.artifacts import Bundle


class SourceErrors(FlowdslError):
    """Flows or the project file have errors; `diagnostics` are all findings, in order.

    The message has the place and text of the first error.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = (found for found in diagnostics if found.severity == "error")
        first = next(errors, diagnostics[0])
        place = (
            f"{spell_flow_path(first.span.path)}:{first.span.first.line}:{first.span.first.column}"
        )
        super().__init__(f"{place}: {first.message}")
        self.diagnostics = tuple(diagnostics)


def check_text(text: str, path: str = "input.flow") -> tuple[Diagnostic, ...]:
    """Return the findings of a source text without imports, sorted by place.

    Raises `UnusableArguments` if it is not a string.
    """
    _refuse_other(text, path)
    return analyze(MemoryFiles({path: text}), [path], CompileOptions()).diagnostics


def compile_text(text: str, path: str = "input.flow") -> Bundle:
    """Compile a source text without imports; raises `SourceErrors`.

    Raises `UnusableArguments` if it is not a string.
    """
    _refuse_other(text, path)
    compilation = compile_project(MemoryFiles({path: text}), [path], CompileOptions())
    if compilation.bundle is None:
        raise SourceErrors(compilation.analysis.diagnostics)
    return compilation.bundle


def _refuse_other(text: object, path: object) -> None:
    for name, value in (("text", text), ("path", path)):
        if not isinstance(value, str):
            # Imported here, because checking and compiling do not need the modules for runs.
            from flowdsl.api.errors import UnusableArguments

            raise UnusableArguments(f"`{name}` takes a text, not a {type(value).__name__}")
