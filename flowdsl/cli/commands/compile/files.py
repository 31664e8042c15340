"""The contents of the files that `flowdsl compile` writes."""

from __future__ import annotations

import json
from typing import Any

from flowdsl.codegen.artifacts import ChainArtifact, WorkflowArtifact, render_plain_json


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
