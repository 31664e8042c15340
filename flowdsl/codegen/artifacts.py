"""The output of compilation, independent of any account.

Payloads are plain JSON values in which three things are still open, because they depend on the
target organisation: the id of a model (`ModelAlias`), the display name of a model inside a prompt
(`ModelName`) and the address of an uploaded picture (`ImageRef`). `flowdsl.deploy` fills them in;
`render_plain_json` replaces them by readable text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowdsl.ir.source_map import SourceMap
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.source.record import Record


class ModelAlias(Record, eq=True):
    """Stands in a payload where the service wants the UUID of a model configuration."""

    alias: str


def model_reference(name: str | None) -> ModelAlias | str | None:
    """Return the reference to a model called `name` in source: a UUID, or an open alias."""
    return name if name is None or is_uuid(name) else ModelAlias(name)


class ModelName(Record, eq=True):
    """Stands in a prompt where the service wants the display name of a model configuration."""

    alias: str


class ImageRef(Record, eq=True):
    """Stands in a prompt for the address of an uploaded picture; `extension` has no dot."""

    sha256: str
    extension: str


OpenPart: TypeAlias = ModelAlias | ModelName | ImageRef
"""A part of a payload that only the target organisation decides."""


class Template(Record, eq=True):
    """A prompt in pieces: literal text, and parts that only the target organisation decides."""

    parts: tuple[str | ModelName | ImageRef, ...]

    def render(self, resolve: Callable[[ModelName | ImageRef], str]) -> str:
        """Return the text, with every open part replaced by the result of `resolve`."""
        return "".join(part if isinstance(part, str) else resolve(part) for part in self.parts)

    @property
    def open_parts(self) -> tuple[ModelName | ImageRef, ...]:
        return tuple(part for part in self.parts if not isinstance(part, str))


class ImageFile(Record):
    """A picture used by a prompt, named by the SHA-256 (hex) of its content."""

    sha256: str
    extension: str
    media_type: str
    content: bytes


class WorkflowArtifact(Record):
    """One workflow, ready to be deployed.

    `name` is the name in source (the address is `workflow.<name>`), `title` the display name.
    `payload` is the body of `POST /v1/workflows`: both schemas are JSON strings, `main_prompt` is a
    `Template`, model ids are `ModelAlias` or UUID strings, and it has only fields that the source
    declares. `tags` are names, sorted. `images` are content hashes. `payload_or_maker` and
    `source_map_or_maker` are the payload and the source map, or functions that make them: those of
    a large project would fill the memory, and are made each time that they are asked for.
    """

    name: str
    title: str
    payload_or_maker: dict[str, Any] | Callable[[], dict[str, Any]]
    tags: tuple[str, ...]
    renamed_from: str | None
    protect: bool
    images: tuple[str, ...]
    source_map_or_maker: SourceMap | Callable[[], SourceMap]
    kind = "workflow"

    @property
    def payload(self) -> dict[str, Any]:
        given = self.payload_or_maker
        return given if isinstance(given, dict) else given()

    @property
    def source_map(self) -> SourceMap:
        """The source of each line of the prompt."""
        given = self.source_map_or_maker
        return given if isinstance(given, SourceMap) else given()


class ChainArtifact(Record):
    """A chain: the body of `POST /v1/runs/chain`, with workflow names in place of ids.

    `later` are the bodies after its pauses.
    """

    name: str
    payload: dict[str, Any]
    later: tuple[dict[str, Any], ...] = ()
    kind = "chain"

    @property
    def bodies(self) -> tuple[dict[str, Any], ...]:
        """All bodies, in the order in which they are sent."""
        return (self.payload, *self.later)

    @property
    def whole(self) -> dict[str, Any]:
        """One body with all steps, as if the chain had no pause."""
        return {**self.payload, "steps": [step for body in self.bodies for step in body["steps"]]}


class Bundle(Record):
    """All artifacts of a project, each kind sorted by name.

    `images` are by content hash, `sources` the texts of the files that source maps name, by digest.
    """

    workflows: tuple[WorkflowArtifact, ...]
    chains: tuple[ChainArtifact, ...]
    images: dict[str, ImageFile]
    sources: Mapping[str, str] = {}

    @property
    def artifacts(self) -> tuple[WorkflowArtifact | ChainArtifact, ...]:
        """The workflows, then the chains."""
        return (*self.workflows, *self.chains)


def stand_in(part: OpenPart) -> str:
    if isinstance(part, ModelAlias | ModelName):
        return part.alias
    return f"image:{part.sha256}.{part.extension}"


def render_plain_json(value: Any, fill: Callable[[OpenPart], Any] = stand_in) -> Any:
    """Return `value` as plain JSON; `fill` returns what replaces an open part."""
    match value:
        case ModelAlias():
            return fill(value)
        case Template():
            return value.render(fill)
        case dict():
            return {key: render_plain_json(inner, fill) for key, inner in value.items()}
        case list():
            return [render_plain_json(inner, fill) for inner in value]
        case _:
            return value
