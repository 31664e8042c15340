"""What state says of the workflows to run: their ids, and whether their inputs are the source's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowdsl.config.address import Address, workflow_address
from flowdsl.deploy.resources.policy import fingerprint, normalise_value
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.source.failure import FlowdslError
from flowdsl.state.document import StateDocument


class NotDeployed(FlowdslError):
    """A workflow to run is not deployed to the environment."""


def deployed_ids(
    names: Iterable[str], document: StateDocument | None, environment: str
) -> dict[str, str]:
    """Return the ids of workflows by their names in source; raises `NotDeployed`."""
    wanted = tuple(names)
    known: Mapping[Address, str] = {} if document is None else document.workflow_ids()
    missing = [name for name in wanted if workflow_address(name) not in known]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise NotDeployed(
            f"{shown} {verb} not deployed to `{environment}`; `flowdsl deploy --env {environment}` "
            "deploys what the sources say"
        )
    return {name: known[workflow_address(name)] for name in wanted}


def has_other_inputs(name: str, payload: Mapping[str, Any], document: StateDocument) -> bool:
    """Whether the source's inputs, used to check values, differ from the deployed workflow's."""
    field = "input_schema"
    applied = document.workflows()[workflow_address(name)].applied.get(field)
    if applied is None or field not in payload:
        return False
    return applied != fingerprint(normalise_value(POLICIES[field], payload[field]))


def other_inputs_warning(name: str) -> str:
    """Return the warning about a workflow that `has_other_inputs`."""
    return (
        f"the inputs of `{name}` in the sources are not those that are deployed; deploy first, or "
        "run from the commit that was deployed"
    )
