"""The target: a deploy's description of the environment it deploys to."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowdsl.config.address import MODEL, TAG, TAG_GROUP, Address
from flowdsl.config.project import EMBEDDED, Environment, KeySource, Project


@dataclass(frozen=True, slots=True)
class DeployTarget:
    """One environment of one project.

    - `models` maps an alias to the display name of a model configuration.
    - `every_workflow_tags` are added to every workflow.
    - `declared` maps a kind (`tag_group`, `tag`, `model`) to its declared resources by display
      name, each with its declared fields as the API names them, except that a tag names its group
      by `group`.
    - `adopted` maps addresses to ids of existing workflows to adopt; `forgotten` are addresses to
      release, and `deleted` those to delete.
    - `ignored` are fields that are left to the dashboard once a workflow exists.
    - A `protected` environment takes committed sources only; `no_checkout` says why there is no
      commit.
    - In a `local` environment an alias that is not mapped means a default model of the service.
    - `organization` is the required organisation id, or None.
    - `secrets` returns the write-only fields of a declared resource, by address, when it is
      created; `key_sources` has the source of the key among them.
    """

    project: str
    environment: str
    api_base: str
    local: bool = False
    organization: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    every_workflow_tags: tuple[str, ...] = ()
    declared: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    adopted: Mapping[Address, str] = field(default_factory=dict)
    forgotten: frozenset[Address] = frozenset()
    deleted: frozenset[Address] = frozenset()
    ignored: frozenset[str] = frozenset()
    protected: bool = False
    no_checkout: str = ""
    secrets: Callable[[Address], Mapping[str, Any]] = field(default=lambda _address: {}, repr=False)
    key_sources: Mapping[Address, KeySource] = field(default_factory=dict)

    def find_adopted_id(
        self, address: Address, renamed_from: Address | None, in_source: Container[Address]
    ) -> str | None:
        """Return the id that a workflow adopts, by its own address or its former one."""
        old = None if renamed_from is None or renamed_from in in_source else renamed_from
        return self.adopted.get(address, None if old is None else self.adopted.get(old))


def target_of(
    project: Project,
    project_id: str,
    environment: Environment,
    *,
    api_base: str,
    secrets: Callable[[Address], Mapping[str, Any]] = lambda _address: {},
    no_checkout: str = "",
) -> DeployTarget:
    """Return the target that a project file describes."""
    label_fields = ("description", "emoji", "color")
    declared_models = {model.alias: model.name for model in project.models.values()}
    return DeployTarget(
        project=project_id,
        environment=environment.name,
        api_base=api_base,
        local=environment.api == EMBEDDED,
        organization=environment.organization,
        models={**declared_models, **environment.models},
        every_workflow_tags=environment.tags_all,
        declared={
            TAG_GROUP: {
                group.name: _collect_given_fields(group, label_fields)
                for group in project.tag_groups.values()
            },
            TAG: {
                tag.name: _collect_given_fields(tag, (*label_fields, "group"))
                for tag in project.tags.values()
            },
            MODEL: {model.name: model.settings for model in project.models.values()},
        },
        adopted={
            entry.address: entry.id for entry in project.adopt if entry.env == environment.name
        },
        forgotten=frozenset(entry.address for entry in project.removed if entry.mode == "forget"),
        deleted=frozenset(entry.address for entry in project.removed if entry.mode == "delete"),
        ignored=frozenset(environment.ignore_remote),
        protected=environment.protected,
        no_checkout=no_checkout,
        secrets=secrets,
        key_sources=key_sources(project),
    )


def key_sources(project: Project) -> dict[Address, KeySource]:
    """Return the sources of the keys of declared model configurations, by address."""
    return {
        Address(MODEL, model.name): model.api_key
        for model in project.models.values()
        if model.api_key is not None
    }


def _collect_given_fields(record: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields that the project file sets."""
    return {name: value for name in fields if (value := getattr(record, name)) is not None}
