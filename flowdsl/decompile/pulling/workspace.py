"""The sources of a project in memory, and what they compile to in one environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from flowdsl.codegen.artifacts import Bundle, render_plain_json
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.address import Address
from flowdsl.deploy.planning.desired import resolve_desired_state
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.target import DeployTarget
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.semantics.model import SemanticModel, WorkflowSymbol
from flowdsl.source.files import FileSystem, UnreadableFile, decode_text
from flowdsl.source.record import Record

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

    def workflow(self, address: Address) -> nodes.Workflow:
        """Return the workflow in the program; the address must exist."""
        return next(each for each in self.program.workflows if each.name == address.name)

    def symbol(self, address: Address) -> WorkflowSymbol:
        """Return the declaration of the workflow; the address must exist."""
        return next(each for each in self.model.workflows if each.name == address.name)


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

    def build_with_texts(self, texts: Texts, entries: Sequence[str] | None = None) -> Built | None:
        """Compile the sources with new texts of some files; None if they have errors.

        `entries` are the flows to compile, all of them by default.
        """
        layered = Layered(self.files, texts)
        try:
            compilation = compile_project(
                layered, self.entries if entries is None else entries, self.options
            )
        except RecursionError:
            return None
        if compilation.bundle is None or compilation.program is None:
            found = compilation.analysis.diagnostics
            self.errors = tuple(each for each in found if each.severity == ERROR)
            return None
        wanted = resolve_desired_state(compilation.bundle, self.target, self.directory)
        return Built(
            texts=dict(texts),
            files=layered,
            model=compilation.analysis.model,
            program=compilation.program,
            bundle=compilation.bundle,
            desired=wanted.workflows,
            chains={each.name: list(each.bodies) for each in compilation.bundle.chains},
            problems=wanted.problems,
        )

    def elsewhere(self, texts: Texts) -> dict[str, dict[str, Any]] | None:
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
            compilation = compile_project(Layered(self.files, texts), self.entries, options)
            if compilation.bundle is None:
                return None
            found[name] = {
                each.name: render_plain_json(each.payload)
                | {"name": each.title, "tags": list(each.tags)}
                for each in compilation.bundle.workflows
            }
        return found
