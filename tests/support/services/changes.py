"""Changes and plans as the comparison makes them, from values before and after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flowdsl.config.address import workflow_address
from flowdsl.deploy.comparison.diff import compare
from flowdsl.deploy.planning.plan import Action, Change
from flowdsl.deploy.resources.resource import Desired, Live, hash_fields
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.state.document import ResourceState

WORKFLOW_ID = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"


def live_of(values: Mapping[str, Any], tags: Iterable[str] = (), **remote: Any) -> Live:
    """A workflow of the service; every field that is not in `values` is null."""
    return Live(
        WORKFLOW_ID,
        values.get("name") or "Look up",
        {**dict.fromkeys(POLICIES), **values},
        {"updated_at": "2026-03-01T09:00:00Z", "old_versions": [{}, {}], **remote},
        tags={tag: tag for tag in tags},
    )


def change_of(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    name: str = "look_up",
    action: Action = Action.UPDATE,
    applied: Mapping[str, Any] | None = None,
    tags: tuple[Iterable[str], Iterable[str]] = ((), ()),
    previous_address: str | None = None,
) -> Change:
    """The change of a workflow that is `before` in the service to `after`.

    `applied` differs where somebody edited it.
    """
    live = live_of(before, tags[0])
    desired = Desired(
        workflow_address(name), after.get("name", "Look up"), after, frozenset(tags[1])
    )
    prior = ResourceState(
        id=live.id,
        generation=1,
        name=live.name,
        applied=hash_fields(POLICIES, before if applied is None else applied),
        tags=tuple(tags[0]),
    )
    return Change(
        desired.address,
        action,
        desired.name,
        desired,
        prior,
        compare(POLICIES, desired, None if action is Action.ADOPT else prior, live),
        previous_address=previous_address,
        live=live,
    )


def schema_change(field: str, before: Any, after: Any, *, action: Action = Action.UPDATE) -> Change:
    """A change of one schema; None for no schema, text as it stands."""
    return change_of({field: _text(before)}, {field: _text(after)}, action=action)


def _text(schema: Any) -> str | None:
    return schema if schema is None or isinstance(schema, str) else json.dumps(schema)
