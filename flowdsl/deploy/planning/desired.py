"""Computes the state of an organisation that a project wants. Pure.

It is computed from the bundle, the target and the lists of the organisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flowdsl.codegen.artifacts import (
    Bundle,
    ImageFile,
    ImageRef,
    ModelAlias,
    ModelName,
    Template,
    WorkflowArtifact,
)
from flowdsl.config.address import MODEL, TAG, TAG_GROUP, Address, workflow_address
from flowdsl.config.project import KeySource
from flowdsl.deploy.planning.models import NOT_YET_KNOWN, ModelResolver
from flowdsl.deploy.resources import workflow
from flowdsl.deploy.resources.directory import Directory, WantedLists, find_image_url
from flowdsl.deploy.resources.policy import fingerprint
from flowdsl.deploy.resources.resource import Desired
from flowdsl.deploy.target import DeployTarget


@dataclass(frozen=True, slots=True)
class DesiredNamed:
    """A resource that is identified by its name.

    One that is not `managed` is only created if it is missing. `key` is the source of the key that
    is sent with its creation.
    """

    kind: str
    name: str
    values: Mapping[str, Any]
    managed: bool
    key: KeySource | None = None

    @property
    def address(self) -> Address:
        return Address(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything that the project wants.

    With `problems` nothing may be written. While something in `uploads`, or a declared resource,
    has yet to be created, values that refer to it hold readable placeholders; compute the state
    again afterwards. `unknown_models` is that of `ModelResolver`.
    """

    workflows: Mapping[Address, Desired]
    named: tuple[DesiredNamed, ...]
    uploads: tuple[ImageFile, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    unknown_models: Mapping[str, str] = field(default_factory=dict)


def find_wanted_lists(bundle: Bundle, target: DeployTarget) -> WantedLists:
    """Return the lists that have to be read to compute the desired state."""
    tags = target.every_workflow_tags or any(item.tags for item in bundle.workflows)
    grouped = target.declared.get(TAG_GROUP, {})
    return WantedLists(
        models=bool(target.declared.get(MODEL))
        or any(_uses_models(item) for item in bundle.workflows),
        tags=bool(tags or target.declared.get(TAG)),
        tag_groups=bool(grouped),
        images=any(item.images for item in bundle.workflows),
    )


def resolve_desired_state(
    bundle: Bundle, target: DeployTarget, directory: Directory
) -> DesiredState:
    """Return every resource that bundle and project file declare, with references resolved."""
    models = ModelResolver(target, directory.models)
    makes = _Values(models, directory)
    problems: list[str] = []
    workflows = {}
    for artifact in bundle.workflows:
        desired, values = _resolve_workflow(artifact, target, makes)
        workflows[desired.address] = desired
        problems += [
            f"`{desired.address}` cannot be deployed: {problem}"
            for problem in workflow.find_refusals(values)
        ]
    named = tuple(_resolve_named_resources(target, workflows, directory))
    used = {sha for artifact in bundle.workflows for sha in artifact.images}
    uploads = tuple(
        bundle.images[sha]
        for sha in sorted(used)
        if find_image_url(directory, ImageRef(sha, bundle.images[sha].extension)) is None
    )
    problems += _tag_problems(workflows, directory)
    return DesiredState(
        workflows,
        named,
        uploads,
        (*problems, *models.problems),
        tuple(models.notes),
        models.unknown,
    )


class _Values:
    """Makes the values of workflows, with the references in their payloads resolved."""

    __slots__ = ("_directory", "_models")

    def __init__(self, models: ModelResolver, directory: Directory) -> None:
        self._models = models
        self._directory = directory

    def of(self, artifact: WorkflowArtifact) -> Mapping[str, Any]:
        payload = self._close({"name": artifact.title, **artifact.payload}, "")
        return workflow.collect_declared_values(payload)

    def _close(self, value: Any, path: str) -> Any:
        match value:
            case ModelAlias(alias):
                return self._models.id_of(alias, _role_in_path(path))
            case Template():
                return value.render(self._write_part)
            case dict():
                return {
                    key: self._close(inner, _join_path_step(path, key))
                    for key, inner in value.items()
                }
            case list() | tuple():
                return [self._close(inner, path) for inner in value]
            case str() if path in workflow.MODEL_PATHS:
                self._models.check_id(value, _role_in_path(path))
                return value.lower()
            case _:
                return value

    def _write_part(self, part: ModelName | ImageRef) -> str:
        if isinstance(part, ModelName):
            return self._models.name_of(part.alias)
        return find_image_url(self._directory, part) or f"image:{part.sha256}.{part.extension}"


def _resolve_workflow(
    artifact: WorkflowArtifact, target: DeployTarget, makes: _Values
) -> tuple[Desired, Mapping[str, Any]]:
    """Return the desired workflow, and its values."""
    address, values = workflow_address(artifact.name), makes.of(artifact)
    desired = Desired(
        address=address,
        name=artifact.title,
        given=partial(makes.of, artifact) if callable(artifact.payload_or_maker) else values,
        tags=frozenset(artifact.tags) | frozenset(target.every_workflow_tags),
        renamed_from=(
            None if artifact.renamed_from is None else workflow_address(artifact.renamed_from)
        ),
        protect=artifact.protect,
        images=artifact.images,
        source_map=source_map_name(address, values["main_prompt"]),
    )
    return desired, values


def source_map_name(address: Address, prompt: str) -> str:
    """Return the name of the source map of a workflow's prompt.

    It is derived from the address and the prompt, so the map of a version is found from its prompt
    even after other versions were deployed. The text of the files in the map is stored as well.
    """
    return fingerprint([address, prompt, "sources"])


def check_map_name(address: Address, checks: str) -> str:
    """Return the name of the map of a workflow's post-run checks.

    `checks` is the fingerprint of the checks in state. A run carries its checks, so the name can be
    derived from a run.
    """
    return fingerprint([address, workflow.CHECKS, checks])


def _resolve_named_resources(
    target: DeployTarget, workflows: Mapping[Address, Desired], directory: Directory
) -> Iterator[DesiredNamed]:
    groups = {group.name: group.id for group in directory.tag_groups}
    for kind, declared in target.declared.items():
        for name, fields in sorted(declared.items()):
            values = dict(fields)
            if (group := values.pop("group", None)) is not None:
                values["group_id"] = groups.get(group, NOT_YET_KNOWN)
            key = target.key_sources.get(Address(kind, name))
            yield DesiredNamed(kind, name, values, managed=True, key=key)
    used = frozenset[str]().union(*(desired.tags for desired in workflows.values()))
    for name in sorted(used - target.declared.get(TAG, {}).keys()):
        yield DesiredNamed(TAG, name, {}, managed=False)


def _tag_problems(workflows: Mapping[Address, Desired], directory: Directory) -> Iterator[str]:
    """Return problems with tags: archived ones, and two of one group, of which only one is kept."""
    by_name = {tag.name: tag for tag in directory.tags}
    for address, desired in workflows.items():
        grouped: dict[str, str] = {}
        for name in sorted(desired.tags):
            tag = by_name.get(name)
            if tag is None:
                continue
            if tag.is_archived:
                yield f"`{address}` wants the tag `{name}`, which is archived; unarchive it"
            if (
                tag.group_id is not None
                and (other := grouped.setdefault(tag.group_id, name)) != name
            ):
                yield (
                    f"`{address}` wants the tags `{other}` and `{name}` of one group; "
                    "it can have one of them"
                )


def _uses_models(artifact: WorkflowArtifact) -> bool:
    def search(value: Any, path: str) -> bool:
        match value:
            case ModelAlias():
                return True
            case Template():
                return any(isinstance(part, ModelName) for part in value.open_parts)
            case dict():
                return any(
                    search(inner, _join_path_step(path, key)) for key, inner in value.items()
                )
            case list() | tuple():
                return any(search(inner, path) for inner in value)
            case _:
                return isinstance(value, str) and path in workflow.MODEL_PATHS

    return search(artifact.payload, "")


def _join_path_step(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _role_in_path(path: str) -> str:
    return path.rpartition(".")[2]
