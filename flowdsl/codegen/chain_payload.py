"""From a chain to the body of `POST /v1/runs/chain`."""

from __future__ import annotations

from typing import Any, assert_never

from flowdsl.ir import nodes

from .artifacts import ChainArtifact


def emit_chain(chain: nodes.Chain) -> ChainArtifact:
    """The body of a chain, in which two things are still open.

    Workflows are named by their names in source, and the chain's own parameters stand as
    `{"$input": ...}` and `{"$secret": ...}`. Both are filled in when the chain is run.
    """
    payload: dict[str, Any] = {"steps": [_step(step) for step in chain.steps]}
    if chain.shared:
        payload["shared_inputs"] = _values(chain.shared)
    if chain.shared_secrets:
        payload["shared_sensitive_inputs"] = _values(chain.shared_secrets)
    payload["keep_session_after_completion"] = chain.keep_session
    payload["is_priority"] = chain.priority
    return ChainArtifact(chain.name, payload)


def _step(step: nodes.ChainStep) -> dict[str, Any]:
    body: dict[str, Any] = {"workflow_id": step.workflow, "session_alias": step.name}
    if step.inputs:
        body["inputs"] = _values(step.inputs)
    if step.secrets:
        body["sensitive_inputs"] = _values(step.secrets)
    return body


def _values(values: tuple[tuple[str, nodes.ChainValue], ...]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values}


def _value(value: nodes.ChainValue) -> Any:
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
