"""What is sent for a program besides its prompt, compared with what a case of the corpus says.

A case of the corpus has `sends`, written by hand from the documentation of settings, checks and
chains. In it, `{"$model": name}` is the id that an environment has for a model:

- `body`: the fields of the request that creates the workflow, without its prompt and schemas.
- `input_schema`, `output_schema`: the schemas of the workflow, read as JSON.
- `bodies`: by name, those of the other workflows of the file, whole.
- `tags`, `renamed_from`, `protect`: what a deploy keeps, or sends by requests of their own.
- `pictures`: the media types of the pictures that are uploaded, by their hashes.
- `chains`: by the name of each chain, the bodies of the requests that start its parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowdsl.codegen.artifacts import (
    Bundle,
    ModelAlias,
    OpenPart,
    WorkflowArtifact,
    render_plain_json,
    stand_in,
)

SCHEMAS = ("input_schema", "output_schema")
APART = frozenset({"main_prompt", *SCHEMAS})
"""Fields of the request that `body` leaves out."""


def requests_for(artifact: WorkflowArtifact, bundle: Bundle) -> dict[str, Any]:
    """Return what is sent for a workflow and for the chains beside it, in the form of `sends`."""
    fields = _read_body(artifact)
    others = (each for each in bundle.workflows if each.name != artifact.name)
    pictures = {name: bundle.images[name].media_type for name in artifact.images}
    return {
        "body": {name: each for name, each in fields.items() if name not in APART},
        **{name: fields.get(name) for name in SCHEMAS},
        "bodies": {each.name: _read_body(each) for each in others},
        "tags": list(artifact.tags),
        "renamed_from": artifact.renamed_from,
        "protect": artifact.protect,
        "pictures": pictures,
        "chains": {each.name: list(each.bodies) for each in bundle.chains},
    }


def _read_body(artifact: WorkflowArtifact) -> dict[str, Any]:
    """Return the body of a request, with its schemas read as JSON."""
    fields: dict[str, Any] = render_plain_json(artifact.payload, _fill)
    return fields | {name: json.loads(fields[name]) for name in SCHEMAS if name in fields}


def _fill(part: OpenPart) -> Any:
    return {"$model": part.alias} if isinstance(part, ModelAlias) else stand_in(part)


def find_wrong_request(
    written: Mapping[str, Any], artifact: WorkflowArtifact, bundle: Bundle
) -> str:
    """Return the first part of `sends` that is sent otherwise, in words; empty if there is none."""
    sent = requests_for(artifact, bundle)
    for name, meant in written.items():
        if sent[name] != meant:
            return f"{name} is sent as {sent[name]}, and meant is {meant}"
    return ""
