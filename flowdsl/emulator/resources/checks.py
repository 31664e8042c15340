"""Post-run checks: the list of checks of a workflow, always replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from flowdsl.emulator.errors import invalid_request
from flowdsl.emulator.store import Transaction
from flowdsl.emulator.tables import post_run_checks
from flowdsl.emulator.wire.models import WorkflowPostRunCheckResponse, WorkflowPostRunCheckUpsert

_CHECKS = (
    select(post_run_checks)
    .where(post_run_checks.c.workflow_id.in_(bindparam("ids", expanding=True)))
    .order_by(post_run_checks.c.position)
)


def checks_of_workflows(
    transaction: Transaction, workflow_ids: Sequence[str]
) -> dict[str, list[WorkflowPostRunCheckResponse]]:
    """Return the checks of each workflow in list order; an empty list for one without any."""
    result: dict[str, list[WorkflowPostRunCheckResponse]] = {item: [] for item in workflow_ids}
    for row in transaction.connection.execute(_CHECKS, {"ids": workflow_ids}):
        result[row.workflow_id].append(
            WorkflowPostRunCheckResponse(
                id=row.id,
                organization_id=row.organization_id,
                order=row.position,
                created_at=row.created_at,
                updated_at=row.updated_at,
                **row.definition,
            )
        )
    return result


def reconcile_checks(
    transaction: Transaction, workflow_id: str, wanted: Sequence[WorkflowPostRunCheckUpsert]
) -> None:
    """Change the checks of a workflow to the list `wanted`.

    An item with the id of a check of the workflow updates that row; one without an id inserts a
    row; other rows are deleted. Fields absent from an item are reset to their default (assumption
    `check-fields-replace`); an id that is not a check of this workflow is a 422
    (`foreign-check-id`).
    """
    current = {
        row.id: row
        for row in transaction.connection.execute(
            select(post_run_checks).where(post_run_checks.c.workflow_id == workflow_id)
        )
    }
    kept: set[str] = set()
    for position, item in enumerate(wanted):
        definition = item.model_dump(mode="json", exclude={"id"})
        if item.id is None:
            _insert_check(transaction, workflow_id, position, definition)
            continue
        identifier = str(item.id)
        row = current.get(identifier)
        location = ("body", "post_run_checks", position, "id")
        if row is None:
            raise invalid_request(
                location, f"the workflow has no check `{identifier}`", "value_error"
            )
        if identifier in kept:
            raise invalid_request(location, f"check `{identifier}` is listed twice", "value_error")
        kept.add(identifier)
        if (row.definition, row.position) != (definition, position):
            transaction.connection.execute(
                update(post_run_checks)
                .where(post_run_checks.c.id == identifier)
                .values(definition=definition, position=position, updated_at=transaction.now)
            )
    removed = [identifier for identifier in current if identifier not in kept]
    transaction.connection.execute(delete(post_run_checks).where(post_run_checks.c.id.in_(removed)))


def copy_checks(transaction: Transaction, source_id: str, target_id: str) -> None:
    """Replace the target's checks by copies of the source's, with new ids."""
    transaction.connection.execute(
        delete(post_run_checks).where(post_run_checks.c.workflow_id == target_id)
    )
    rows = transaction.connection.execute(
        select(post_run_checks.c.position, post_run_checks.c.definition).where(
            post_run_checks.c.workflow_id == source_id
        )
    ).all()
    for row in rows:
        _insert_check(transaction, target_id, row.position, row.definition)


def _insert_check(
    transaction: Transaction, workflow_id: str, position: int, definition: dict[str, Any]
) -> None:
    transaction.connection.execute(
        insert(post_run_checks).values(
            id=transaction.new_id(),
            organization_id=transaction.organization_id,
            workflow_id=workflow_id,
            position=position,
            definition=definition,
            created_at=transaction.now,
            updated_at=transaction.now,
        )
    )
