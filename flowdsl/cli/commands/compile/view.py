"""The files that `flowdsl compile` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flowdsl.codegen.artifacts import Bundle, WorkflowArtifact, plain
from flowdsl.diagnostics.render.summary import counted

CHAINS = "chains"


def artifact_files(bundle: Bundle) -> list[tuple[str, bytes]]:
    """The relative POSIX path and the content of every file of a bundle.

    Keys are in the order of the payload. What only an organisation can resolve stands there as an
    alias or a content hash.
    """
    files = [file for workflow in bundle.workflows for file in _workflow_files(workflow)]
    for chain in bundle.chains:
        files.append((f"{CHAINS}/{chain.name}.json", _json(plain(chain.payload))))
        files += (
            (f"{CHAINS}/{chain.name}.{number}.json", _json(plain(body)))
            for number, body in enumerate(chain.later, 2)
        )
    return files


def _workflow_files(workflow: WorkflowArtifact) -> list[tuple[str, bytes]]:
    payload = plain(workflow.payload)
    return [
        (f"{workflow.name}/payload.json", _json(payload)),
        (f"{workflow.name}/prompt.md", _text(payload["main_prompt"])),
        (f"{workflow.name}/input.schema.json", _schema(payload.get("input_schema"))),
        (f"{workflow.name}/output.schema.json", _schema(payload.get("output_schema"))),
        (f"{workflow.name}/source_map.json", _json(workflow.source_map.to_json())),
    ]


def clash(paths: Iterable[str]) -> tuple[str, str] | None:
    """Two paths that are one file on a disk that ignores case; None when there are none."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other is not path:
            return other, path
    return None


def outcome(bundle: Bundle, folder: str) -> str:
    """What was written, in one line."""
    parts = [counted(len(bundle.workflows), "workflow")] if bundle.workflows else []
    if bundle.chains:
        parts.append(counted(len(bundle.chains), "chain"))
    if not parts:
        return "no workflow and no chain is declared; nothing is written"
    return f"{' and '.join(parts)} written to {folder}"


def _schema(written: str | None) -> bytes:
    """The content of a schema file: the schema of the payload, as a rule a JSON string.

    Without one, it is the schema that accepts everything.
    """
    if written is None:
        return _json({})
    try:
        return _json(json.loads(written))
    except ValueError:
        return _text(written)


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    # Bytes of a file name that are no character become escapes of JSON.
    return text.encode(errors="backslashreplace")


def _text(text: str) -> bytes:
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")
