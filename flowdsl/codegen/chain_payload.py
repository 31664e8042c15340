"""Compile a chain to the body of `POST /v1/runs/chain`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from flowdsl.ir import nodes

from .artifacts import ChainArtifact


def emit_chain(chain: nodes.Chain) -> ChainArtifact:
    """Return the body of each part of a chain, with some values still open.

    Workflows are referenced by their names in source, and the chain's own parameters and answers as
    `{"$input": ...}` and `{"$secret": ...}`; after a pause, `session_id` is `{"$session": ...}`
    with the name of the chain. All are filled in when the part is sent. Before a pause, the session
    is kept.
    """
    last = len(chain.pauses)
    first, *later = (
        _render_chain_body(chain, steps, begins=at == 0, ends=at == last)
        for at, steps in enumerate(chain.parts)
    )
    return ChainArtifact(chain.name, first, tuple(later))


def _render_chain_body(
    chain: nodes.Chain, steps: Iterable[nodes.ChainStep], *, begins: bool, ends: bool
) -> dict[str, Any]:
    payload: dict[str, Any] = {"steps": [_render_chain_step(step) for step in steps]}
    if chain.shared:
        payload["shared_inputs"] = _render_chain_values(chain.shared)
    if chain.shared_secrets:
        payload["shared_sensitive_inputs"] = _render_chain_values(chain.shared_secrets)
    if not begins:
        payload["session_id"] = {"$session": chain.name}
    payload["keep_session_after_completion"] = chain.keep_session or not ends
    payload["is_priority"] = chain.priority
    return payload


def _render_chain_step(step: nodes.ChainStep) -> dict[str, Any]:
    body: dict[str, Any] = {"workflow_id": step.workflow, "session_alias": step.name}
    if step.inputs:
        body["inputs"] = _render_chain_values(step.inputs)
    if step.secrets:
        body["sensitive_inputs"] = _render_chain_values(step.secrets)
    return body


def _render_chain_values(values: tuple[tuple[str, nodes.ChainValue], ...]) -> dict[str, Any]:
    return {name: _render_chain_value(value) for name, value in values}


def _render_chain_value(value: nodes.ChainValue) -> Any:
    match value:
        case nodes.StepReference(path=path):
            return {"$ref": path}
        case nodes.ChainParameter(name=name, path=path, secret=secret):
            key = "$secret" if secret else "$input"
            return {key: ".".join([name, *(str(part) for part in path)])}
        case nodes.ConstantValue(value=constant):
            return constant
        case _:
            assert_never(value)
