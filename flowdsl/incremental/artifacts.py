"""Artifacts as bytes, and back.

The bytes are compressed text: JSON behind a tag. What a payload leaves open is an object whose only
key is the tag, and the tag is one that the payload does not use itself.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from flowdsl.codegen.artifacts import (
    ChainArtifact,
    ImageRef,
    ModelAlias,
    ModelName,
    Template,
    WorkflowArtifact,
)
from flowdsl.ir.source_map import MappedCheck, MappedLine, MappedOutput, Origin, SourceMap
from flowdsl.source.packing import PackedText, Packer

from .index import Made

_TAG = "$"


def describe_artifact(artifact: WorkflowArtifact | ChainArtifact, digest: str) -> Made:
    """What an index says about an artifact, whose bytes have this digest."""
    bodies = len(artifact.bodies) if isinstance(artifact, ChainArtifact) else 1
    return Made(artifact.kind, artifact.name, digest, bodies)


def pack_artifact(artifact: WorkflowArtifact | ChainArtifact) -> bytes:
    """An artifact as bytes, about a third of its text."""
    if isinstance(artifact, ChainArtifact):
        return _dump([artifact.name, artifact.payload, artifact.later])
    return _dump(
        [
            artifact.name,
            artifact.title,
            artifact.payload,
            artifact.tags,
            artifact.renamed_from,
            artifact.protect,
            artifact.images,
            _map_to_text(artifact.source_map),
        ]
    )


def unpack_chain(packed: bytes) -> ChainArtifact:
    """The chain that `pack_artifact` made these bytes of."""
    name, payload, later = _parse(zlib.decompress(packed))
    return ChainArtifact(name, payload, tuple(later))


def unpack_workflow(packed: bytes, packer: Packer) -> WorkflowArtifact:
    """The workflow that `pack_artifact` made these bytes of; `packer` packs what is large in it."""
    text = zlib.decompress(packed)
    name, title, _, tags, renamed_from, protect, images, _ = _parse(text)
    held = packer.pack(text)
    return WorkflowArtifact(
        name=name,
        title=title,
        payload_or_maker=partial(_read_payload, held),
        tags=tuple(tags),
        renamed_from=renamed_from,
        protect=protect,
        images=tuple(images),
        source_map_or_maker=partial(_read_source_map, held),
    )


def _read_payload(held: PackedText) -> dict[str, Any]:
    return dict(_load(held)[2])


def _read_source_map(held: PackedText) -> SourceMap:
    return _map_from_text(_load(held)[-1])


def _dump(values: list[Any]) -> bytes:
    tag = _TAG
    while True:
        count = 0

        def spell_open_part(part: object) -> dict[str, list[Any]]:
            nonlocal count
            count += 1
            return {tag: _spell_open_part(part)}  # noqa: B023 - called before the tag changes

        text = json.dumps(values, default=spell_open_part, separators=(",", ":"))
        # A key of the payload, or the end of a text in quotes, may look like the tag.
        if text.count(f'"{tag}":') == count:
            # The fastest level: another one gains a tenth, and takes twice as long.
            return zlib.compress(f"{tag} {text}".encode("ascii"), 1)
        tag += _TAG


@lru_cache(4)  # what one workflow is asked for in a row
def _load(held: PackedText) -> Any:
    return _parse(held.unpack())


def _parse(content: bytes) -> Any:
    tag, _, text = content.decode("ascii").partition(" ")

    def read_open_part(values: dict[str, Any]) -> Any:
        return _read_open_part(*values[tag]) if tag in values else values

    return json.loads(text, object_hook=read_open_part)


def _spell_open_part(part: object) -> list[Any]:
    match part:
        case ModelAlias(alias):
            return ["alias", alias]
        case ModelName(alias):
            return ["name", alias]
        case ImageRef(sha256, extension):
            return ["image", sha256, extension]
        case Template(parts):
            return ["template", *parts]
        case _:
            raise TypeError(f"{part!r} is no part of a payload")


_OPEN_PARTS: dict[str, Callable[..., Any]] = {
    "alias": ModelAlias,
    "name": ModelName,
    "image": ImageRef,
    "template": lambda *parts: Template(parts),
}


def _read_open_part(kind: str, *values: Any) -> Any:
    return _OPEN_PARTS[kind](*values)


def _map_to_text(mapped: SourceMap) -> str:
    """A source map as text; ranges name their file by its number."""
    numbers: dict[str, int] = {}

    def spell(place: Origin) -> list[int]:
        number = numbers.setdefault(place.path, len(numbers))
        ends = (place.start_line, place.start_column, place.end_line, place.end_column)
        return [number, *ends]

    lines = [[each.line, each.statement, *spell(each.source)] for each in mapped.lines]
    outputs = [[each.field, each.kind, each.value, *spell(each.source)] for each in mapped.outputs]
    checks = [[each.name, each.kind, *spell(each.source)] for each in mapped.checks]
    document = [mapped.workflow, list(numbers), mapped.files, lines, outputs, checks]
    return json.dumps(document, separators=(",", ":"))


def _map_from_text(text: str) -> SourceMap:
    workflow, paths, files, lines, outputs, checks = json.loads(text)

    def read(number: int, *ends: int) -> Origin:
        return Origin(paths[number], *ends)

    return SourceMap(
        workflow,
        tuple(MappedLine(line, statement, read(*place)) for line, statement, *place in lines),
        tuple(
            MappedOutput(field, kind, value, read(*place)) for field, kind, value, *place in outputs
        ),
        tuple(MappedCheck(name, kind, read(*place)) for name, kind, *place in checks),
        tuple((path, digest) for path, digest in files),
    )
