"""Projects in memory whose workflows somebody edits in the service, and pulls of the edits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.address import Address
from flowdsl.config.load import load_project
from flowdsl.cyberdesk.models.model_configuration import ModelConfiguration
from flowdsl.decompile.pulling.pull import Pull, Pulled, Request, pull_workflows
from flowdsl.decompile.pulling.workspace import Built, Workspace, encode_for_file
from flowdsl.deploy.resources.directory import Directory
from flowdsl.deploy.resources.resource import Live, hash_fields
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.deploy.target import DeployTarget, target_of
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles, library_of
from flowdsl.state.document import ResourceState
from tests.support.services.dashboard import Values

DEFAULT_MODEL = "00000000-1111-4222-8333-000000000001"
OTHER_MODEL = "00000000-1111-4222-8333-000000000002"
DEFAULT_NAME = "House default"
DIRECTORY = Directory(
    models=[
        ModelConfiguration(
            id=id_,
            name=name,
            provider="p",
            model="m",
            is_system_default=id_ == DEFAULT_MODEL,
            is_computer_use_model=True,
        )
        for id_, name in ((DEFAULT_MODEL, DEFAULT_NAME), (OTHER_MODEL, "Other"))
    ]
)


class Desk:
    """A project, and what was deployed of it."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        environment: str = "local",
        *,
        breaks_tests: bool = False,
    ) -> None:
        self.files = dict(files)
        self.environment = environment
        self.workspace = self._workspace()
        built = self.workspace.build_with_texts({}, breaks_tests=breaks_tests)
        assert built is not None, [each.message for each in self.workspace.errors]
        assert not built.problems, built.problems
        self.built: Built = built
        self.prior = {
            address: ResourceState(
                id="w",
                generation=1,
                name=desired.name,
                applied=hash_fields(POLICIES, desired.values),
                tags=tuple(sorted(desired.tags)),
            )
            for address, desired in built.desired.items()
        }

    def _workspace(self) -> Workspace:
        flows = (path for path in self.files if path.endswith(".flow"))
        entries = sorted(path for path in flows if library_of(path) is None)
        options = CompileOptions()
        target = DeployTarget(project="p", environment="local", api_base="local", local=True)
        if "flowdsl.toml" in self.files:
            content = self.files["flowdsl.toml"]
            text = content if isinstance(content, str) else content.decode()
            sink = Sink()
            project = load_project(text, "flowdsl.toml", sink)
            assert project is not None, [each.message for each in sink.findings_in_order()]
            environment = project.environments[self.environment]
            options = CompileOptions(project, environment)
            target = target_of(project, project.id or "p", environment, api_base="local")
        return Workspace(MemoryFiles(self.files), entries, options, target, DIRECTORY)

    def values(self, address: str) -> Values:
        """The fields of a workflow as they were deployed."""
        return dict(self.built.desired[address].values)

    def text(self, path: str) -> str:
        content = self.files[path]
        return content if isinstance(content, str) else content.decode()

    def pulled(
        self,
        edits: Mapping[str, Values],
        *,
        tags: Mapping[str, set[str]] = {},
        theirs: bool = False,
        as_file: bool = True,
    ) -> Pull:
        """Pull workflows that have other fields in the service."""
        requests = [
            Request(
                Address.unchecked(address),
                self.live(address, values, tags.get(address)),
                self.prior[Address.unchecked(address)],
            )
            for address, values in edits.items()
        ]
        return pull_workflows(self.workspace, self.built, requests, theirs=theirs, as_file=as_file)

    def pull_one(self, address: str, **changes: Any) -> tuple[dict[str, str], Pulled]:
        """Pull one workflow in which some fields are others.

        The new texts of files, and what became of it.
        """
        done = self.pulled({address: self.values(address) | changes})
        return done.texts, done.workflows[0]

    def live(self, address: str, values: Values, tags: set[str] | None = None) -> Live:
        names = self.built.desired[address].tags if tags is None else tags
        return Live(
            id="w",
            name=str(values.get("name") or ""),
            values=dict.fromkeys(POLICIES) | values,
            remote={},
            tags={name: name for name in names},
        )

    def after(self, texts: Mapping[str, str]) -> Desk:
        """The project with new texts of files, still deployed as it was."""
        files = MemoryFiles(self.files)
        written = {path: encode_for_file(files, path, text) for path, text in texts.items()}
        desk = Desk({**self.files, **written}, self.environment, breaks_tests=True)
        desk.prior = self.prior
        return desk
