"""The contents of the files that `flowdsl compile` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowdsl.codegen.artifacts import ChainArtifact, WorkflowArtifact, render_plain_json
from flowdsl.compiler.collector import sweep_garbage
from flowdsl.incremental.outputs import digest_of_contents
from flowdsl.source.failure import ChangedSources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.incremental.compiling import Compiled
    from flowdsl.incremental.index import Made


BATCH = 100
"""Artifacts whose files are in memory at a time."""


class ArtifactFiles(Mapping[str, bytes]):
    """The files of artifacts, which are made in batches as they are asked for, in their order.

    `paths` has those of each artifact; `digests` is filled with the `digest_of_contents` of each.
    """

    def __init__(self, compiled: Compiled, paths: Mapping[Made, Sequence[str]]) -> None:
        self.paths = paths
        self.digests: dict[Made, str] = {}
        self._compiled = compiled
        self._made = [*paths]
        self._numbers = {path: at for at, each in enumerate(self._made) for path in paths[each]}
        self._batch: int | None = None
        self._contents: dict[str, bytes] = {}

    def __getitem__(self, path: str) -> bytes:
        batch = self._numbers[path] // BATCH
        if batch != self._batch:
            self._make_batch(batch)
        return self._contents[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _make_batch(self, batch: int) -> None:
        self._batch, self._contents = batch, {}
        wanted = self._made[batch * BATCH : (batch + 1) * BATCH]
        by_name = {(each.kind, each.name): each for each in wanted}
        for artifact in self._compiled.load(wanted).artifacts:
            made = by_name.get((artifact.kind, artifact.name))
            if made is not None:
                contents = artifact_contents(artifact)
                self.digests[made] = digest_of_contents(contents)
                self._contents.update(zip(self.paths[made], contents, strict=True))
        sweep_garbage()
        if not self.digests.keys() >= set(wanted):
            raise ChangedSources("the flows were changed while they were compiled; compile again")


def artifact_contents(artifact: WorkflowArtifact | ChainArtifact) -> list[bytes]:
    """The contents of the files of an artifact, in the order of `command.artifact_paths`.

    Keys are in the order of the payload. Values that only an organisation can resolve are written
    as an alias or a content hash.
    """
    if isinstance(artifact, ChainArtifact):
        return [_json_content(render_plain_json(body)) for body in artifact.bodies]
    payload = render_plain_json(artifact.payload)
    return [
        _json_content(payload),
        _text_content(payload["main_prompt"]),
        _schema_content(payload.get("input_schema")),
        _schema_content(payload.get("output_schema")),
        _json_content(artifact.source_map.to_json()),
    ]


def _schema_content(written: str | None) -> bytes:
    """The content of a schema file: the schema of the payload, usually a JSON string.

    Without one, it is the schema that accepts everything.
    """
    if written is None:
        return _json_content({})
    try:
        return _json_content(json.loads(written))
    except ValueError:
        return _text_content(written)


def _json_content(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # Bytes of a file name that are not valid text become JSON escapes.
    return text.encode(errors="backslashreplace")


def _text_content(text: str) -> bytes:
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")
