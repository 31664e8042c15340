"""The data model of a project: the content of `flowdsl.toml`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowdsl.source.record import Record
from flowdsl.source.text import Span

from .address import Address

EMBEDDED = "local"
"""The `api` of an environment that runs on the embedded emulator."""

EMBEDDED_DATA = ".flowdsl/emulator.sqlite"
"""The emulator's file in the folder of a project; `flowdsl emulator` serves it by default."""


class KeySource(Record, eq=True):
    """The source of a key: `kind` is `env` (an environment variable) or `file` (a path)."""

    kind: str
    name: str


class Environment(Record):
    """One target that a project is deployed to.

    - `api` is `EMBEDDED` or the base URL of a service.
    - `state` is a URL, or None for the file store.
    - `protected`: deploying requires a clean work tree.
    - `vars` are the values of `{env.name}`.
    - `models` maps an alias to the display name of a model configuration.
    - `tags_all` go on every workflow.
    - `ignore_remote` are fields that a deploy does not change once a workflow exists.
    - `organization` is the id of the organisation that the key must belong to, such as `org_...`.
    - `dashboard` is the URL of a run for people, with `{run}` for its id and `{workflow}` for that
      of its workflow.
    """

    name: str
    api: str
    api_key: KeySource | None
    state: str | None
    protected: bool
    vars: dict[str, str]
    models: dict[str, str]
    tags_all: tuple[str, ...]
    ignore_remote: tuple[str, ...]
    organization: str | None
    dashboard: str | None = None


class Forbidden(Record):
    """Words that a team forbids in prose: a literal `text` or a `pattern`, and the reason."""

    text: str | None
    pattern: str | None
    message: str
    instead: str | None
    severity: str | None


class Lint(Record):
    """The lint settings: reported is `select` without `ignore` and the `per_file` exceptions.

    `per_file` maps globs to rules that are ignored there. `severity` and `rules` are by the name of
    the rule, and `rules` holds its options. `plugins` are entry points of installed packages.
    `baseline` is a path from the project's root. `place` gives the span of a value of the `lint`
    table by the keys that lead to it.
    """

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    per_file: tuple[tuple[str, tuple[str, ...]], ...]
    severity: dict[str, str]
    rules: dict[str, dict[str, Any]]
    forbid: tuple[Forbidden, ...]
    plugins: tuple[str, ...]
    baseline: str | None
    place: Callable[..., Span]

    @property
    def is_set(self) -> bool:
        """Whether the table names any rule or category, so that these names have to be checked."""
        named = (self.ignore, self.per_file, self.severity, self.rules, self.forbid)
        return self.select != ("all",) or any(named)


class TagGroup(Record):
    """A declared group of tags of which a workflow has at most one."""

    name: str
    description: str | None
    emoji: str | None
    color: str | None


class Tag(Record):
    """A declared tag; `group` names a declared group."""

    name: str
    description: str | None
    emoji: str | None
    color: str | None
    group: str | None


class ModelConfiguration(Record):
    """A declared model configuration.

    `settings` has the service's own field names, and only the fields that the file sets.
    """

    alias: str
    name: str
    settings: dict[str, Any]
    api_key: KeySource | None


class Platform(Record):
    """Properties of a team's account that it has verified and that are not documented.

    `focused_agent_tools` are tools that focused agents have.
    """

    focused_agent_tools: tuple[str, ...] = ()


class Adoption(Record):
    """An existing object of the service that becomes managed under an address."""

    env: str
    address: Address
    id: str


class Removal(Record):
    """An address that is released.

    `mode` is `forget`, which leaves the object unchanged, or `delete`.
    """

    address: Address
    mode: str


class LibraryFolder(Record):
    """A folder outside the project that its flows name as `@name/...`.

    `path` is relative to the root, with `/`: `../`, perhaps several times, and names of folders.
    `place` gives the span of the path in the project file.
    """

    name: str
    path: str
    place: Callable[[], Span]


class Project(Record):
    """A whole project file.

    `id` is None until `init` or a person writes one. `flows` are globs from the root. `timezone` is
    the IANA name of the time zone that determines `today`, None for that of the computer.
    """

    name: str
    id: str | None
    flows: tuple[str, ...]
    requires_flowdsl: str | None
    timezone: str | None
    libraries: tuple[LibraryFolder, ...]
    lint: Lint
    environments: dict[str, Environment]
    tags: dict[str, Tag]
    tag_groups: dict[str, TagGroup]
    models: dict[str, ModelConfiguration]
    platform: Platform
    adopt: tuple[Adoption, ...]
    removed: tuple[Removal, ...]
