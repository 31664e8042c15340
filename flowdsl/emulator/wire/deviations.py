"""Where the models differ from the contract they are generated from, and why.

Every model takes the fields, limits and defaults of the contract, limits that it only infers from
a sibling included. Two rules hold for all and are no rows here: the classes of replies are closed,
so that a field of the store cannot slip out, and their ids and times are text that the store has
already checked (`values.ReplyId`, `values.ReplyTime`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference of the models from the contract.

    `place` is a class, or a field as `Class.field`. `change` holds keys of its schema, of which a
    null one is dropped. Three keys are no keys of schemas: `required` adds the field to the
    required ones, `base` is a class of `values`, and `open` keeps the unknown keys of a reply.
    """

    place: str
    change: dict[str, Any]
    why: str


_EMPTY = "the contract knows neither a default nor null for it: it is empty, and never absent"

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "IncludedResource",
        {"open": True},
        "the fields of the related row stand beside `type` and `id`",
    ),
    Deviation(
        "ProviderCredentialUpsert",
        {"base": "SecretRequestModel"},
        "a message about the body must not repeat a secret",
    ),
    Deviation(
        "ProviderCredentialResponse.display_metadata",
        {"default_factory": "dict", "validate_default": True},
        _EMPTY,
    ),
    Deviation("PoolWithMachines.machines", {"default_factory": "list"}, _EMPTY),
    Deviation("RunBulkCreateResponse.errors", {"default_factory": "list"}, _EMPTY),
    Deviation(
        "WorkflowPostRunCheckUpsert.expected_match_count",
        {"x-inferred": None},
        "a lower bound of 1 is inferred from one sample page and not enforced",
    ),
    Deviation(
        "RunCreate.main_prompt",
        {"minLength": 1},
        "the prompt of a run is bounded as that of a workflow is",
    ),
    Deviation(
        "RunCompletedEvent.run",
        {"$ref": "#/components/schemas/RunResponse"},
        "the payload has the fields of `RunResponse` and is made by the same code",
    ),
    Deviation(
        "RunCompletedEvent.event_id",
        {"required": True},
        "a receiver knows by it that an event came twice",
    ),
    Deviation(
        "RunCompletedEvent.occurred_at",
        {"required": True},
        "an event that is sent again keeps the time of its first sending",
    ),
)
