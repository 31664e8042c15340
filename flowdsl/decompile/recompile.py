"""Compiles a written workflow again, in the terms of the organisation that it was read from."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.codegen.artifacts import ImageRef, ModelName, plain, stand_in
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from .model import Payload


class Recompiled(Record):
    """A payload with its tags, or the errors that stood in its way."""

    module: ast.Module
    payload: Payload | None
    errors: tuple[Diagnostic, ...]


class _Options(CompileOptions):
    """Compile options for an account with certain capabilities, without a project."""

    verified: Capabilities = DOCUMENTED

    @property
    def capabilities(self) -> Capabilities:
        return self.verified


def recompile(
    files: Mapping[str, bytes],
    path: str,
    capabilities: Capabilities,
    addresses: Mapping[str, str],
) -> Recompiled:
    """The one workflow in the file at `path`, compiled.

    `addresses` are those of pictures, by the SHA-256 of their content.
    """
    options = _Options(verified=capabilities, lenient=True)  # A live workflow may have mistakes.
    compilation = compile_project(MemoryFiles(dict(files)), [path], options)
    analysis = compilation.analysis
    module = analysis.model.modules[0]
    if compilation.bundle is None:
        errors = tuple(each for each in analysis.diagnostics if options.stops(each))
        return Recompiled(module, None, errors)
    (artifact,) = compilation.bundle.workflows

    def address_or_alias(part: ModelName | ImageRef) -> str:
        if isinstance(part, ImageRef) and part.sha256 in addresses:
            return addresses[part.sha256]
        return stand_in(part)

    payload = plain(artifact.payload, address_or_alias) | {"tags": list(artifact.tags)}
    return Recompiled(module, payload, ())
