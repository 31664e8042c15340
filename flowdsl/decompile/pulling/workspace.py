"""The sources of a project in memory, and what they compile to in one environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from flowdsl.codegen.artifacts import Bundle, render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.address import Address
from flowdsl.deploy.planning.desired import resolve_desired_state
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.target import DeployTarget
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.files import FileSystem, UnreadableFile, decode_text
from flowdsl.source.record import Record
from flowdsl.syntax import ast

BOM = b"\xef\xbb\xbf"

Texts = Mapping[str, str]
"""New texts of files by project path, without a byte order mark.

Files kept verbatim are among them.
"""


class Layered:
    """A `FileSystem` with new texts for some files; a file keeps its byte order mark."""

    def __init__(self, below: FileSystem, texts: Texts) -> None:
        self._below = below
        self._texts = texts

    def read_bytes(self, path: str) -> bytes:
        if path not in self._texts:
            return self._below.read_bytes(path)
        return encode_for_file(self._below, path, self._texts[path])

    def read_text(self, path: str) -> str:
        return decode_text(path, self.read_bytes(path))

    def siblings(self, path: str) -> list[str]:
        folder = path.rpartition("/")[0]
        new = {name for name in self._texts if name.rpartition("/")[0] == folder}
        return sorted({*self._below.siblings(path), *new})


def encode_for_file(files: FileSystem, path: str, text: str) -> bytes:
    """Encode a new text for a file.

    The result begins with a byte order mark if the file has one or the text begins with that
    character.
    """
    marked = text.startswith("\ufeff")
    with suppress(UnreadableFile):
        marked = marked or files.read_bytes(path).startswith(BOM)
    return BOM * marked + text.encode()


class Built(Record):
    """Sources that compile, and the result of compiling them.

    `desired` has every workflow by address, resolved for the organisation. `chains` are the bodies
    of chains by name. `problems` are reasons for which a deploy would be refused.
    """

    texts: dict[str, str]
    files: Layered
    model: SemanticModel
    program: nodes.Program
    bundle: Bundle
    desired: Mapping[Address, Desired]
    chains: dict[str, Any]
    problems: tuple[str, ...]
    broken_tests: tuple[Diagnostic, ...] = ()
    """The errors of tests that were left out so that the rest compiles."""

    def workflow(self, address: Address) -> nodes.Workflow:
        """Return the workflow in the program; the address must exist."""
        return next(each for each in self.program.workflows if each.name == address.name)

    def symbol(self, address: Address) -> WorkflowSymbol:
        """Return the declaration of the workflow; the address must exist."""
        return next(each for each in self.model.workflows if each.name == address.name)


def payloads_of(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """Return the payloads of workflows, by name."""
    return {
        each.name: render_plain_json(each.payload) | {"name": each.title, "tags": list(each.tags)}
        for each in bundle.workflows
    }


def _without_broken_tests(
    model: SemanticModel, files: FileSystem, errors: Sequence[Diagnostic]
) -> dict[str, str] | None:
    """Return texts of files with blanks in the place of the tests that have errors.

    None if something else has an error.
    """
    texts: dict[str, str] = {}
    modules = {each.source.path: each for each in model.modules}
    for error in errors:
        path, start = error.span.path, error.span.start
        module = modules.get(path)
        declarations = () if module is None else module.declarations
        inside = [each for each in declarations if each.start <= start < each.end]
        if not inside or not isinstance(inside[0], ast.TestDecl):
            return None
        text = texts.get(path) or files.read_text(path)
        (test,) = inside
        blank = re.sub(r"[^\r\n]", " ", text[test.start : test.end])
        texts[path] = text[: test.start] + blank + text[test.end :]
    return texts


class Workspace:
    """Compiles variants of the sources of one project.

    `target` is the environment to compare in, `directory` the resources of its organisation.
    """

    def __init__(
        self,
        files: FileSystem,
        entries: Sequence[str],
        options: CompileOptions,
        target: DeployTarget,
        directory: Directory,
    ) -> None:
        self.files = files
        self.entries = tuple(entries)
        self.options = options
        self.target = target
        self.directory = directory
        self.errors: tuple[Diagnostic, ...] = ()
        """The errors of the last `build_with_texts` that returned None."""

    @property
    def capabilities(self) -> Capabilities:
        """Return the capabilities of the account's focused agents."""
        return self.options.capabilities

    def build_with_texts(
        self, texts: Texts, entries: Sequence[str] | None = None, *, breaks_tests: bool = False
    ) -> Built | None:
        """Compile the sources with new texts of some files; None if they have errors.

        `entries` are the flows to compile, all of them by default. With `breaks_tests`, tests that
        have errors are left out.
        """
        chosen = self.entries if entries is None else entries
        try:
            compilation, broken = self._compile(texts, chosen, self.options, breaks_tests)
        except RecursionError:
            return None
        if compilation.bundle is None or compilation.program is None:
            found = compilation.analysis.diagnostics
            self.errors = tuple(each for each in found if each.severity == ERROR)
            return None
        wanted = resolve_desired_state(compilation.bundle, self.target, self.directory)
        return Built(
            texts=dict(texts),
            files=Layered(self.files, texts),
            model=compilation.analysis.model,
            program=compilation.program,
            bundle=compilation.bundle,
            desired=wanted.workflows,
            chains={each.name: list(each.bodies) for each in compilation.bundle.chains},
            problems=wanted.problems,
            broken_tests=broken,
        )

    def _compile(
        self, texts: Texts, entries: Sequence[str], options: CompileOptions, breaks_tests: bool
    ) -> tuple[Compilation, tuple[Diagnostic, ...]]:
        """Compile sources, and return the errors of the tests that were left out for it."""
        layered = Layered(self.files, texts)
        compilation = compile_project(layered, entries, options)
        if compilation.bundle is not None or not breaks_tests:
            return compilation, ()
        errors = tuple(each for each in compilation.analysis.diagnostics if each.severity == ERROR)
        without = _without_broken_tests(compilation.analysis.model, layered, errors)
        if without is None:
            return compilation, ()
        return compile_project(Layered(self.files, {**texts, **without}), entries, options), errors

    def elsewhere(
        self, texts: Texts, *, breaks_tests: bool = False
    ) -> dict[str, dict[str, Any]] | None:
        """Return the payloads, by environment and workflow, in each environment with other `vars`.

        None if the sources do not compile in one of them.
        """
        project = self.options.project
        here = self.options.environment
        if project is None or here is None:
            return {}
        found: dict[str, dict[str, Any]] = {}
        for name, environment in project.environments.items():
            if environment.vars == here.vars:
                continue
            options = CompileOptions(project, environment, self.options.whole, self.options.rules)
            compilation, _ = self._compile(texts, self.entries, options, breaks_tests)
            if compilation.bundle is None:
                return None
            found[name] = payloads_of(compilation.bundle)
        return found
