"""Histories that once ended badly, as the random search of `test_deploy_machine.py` found them."""

from __future__ import annotations

from tests.deploy.deploy_machine import DeployMachine, replay
from tests.deploy.kill_switch import Point


def test_a_swap_with_one_deleted_is_not_undone_by_the_deploy_after_a_death() -> None:
    """The moves were stored, but not that they had been made, so they were made again."""
    replay(
        DeployMachine,
        "expire",
        lambda it: it.add(0, "One.", []),
        lambda it: it.deploy(),
        lambda it: it.swap(1),
        lambda it: it.delete_in_dashboard(6),
        lambda it: it.die(((0, "One."),), Point("store", 7, "after")),
        lambda it: it.deploy(),
    )


def test_recovery_changes_the_number_that_a_guard_was_lifted_for() -> None:
    """The missing workflows were counted before recovery created one of them anew.

    The guard asks again, and says so.
    """
    replay(
        DeployMachine,
        "expire",
        lambda it: it.rename(0, 4),
        lambda it: it.die_at_the_state(((0, "One."), (0, "One.")), 6, True),
        lambda it: it.deploy(),
        lambda it: it.delete_in_dashboard(4),
        lambda it: it.rename(6, 3),
        lambda it: it.die_at_a_write(((7, "One."), (2, "One.")), 1, "late"),
        lambda it: it.delete_in_dashboard(4),
        lambda it: it.lose_replies(
            ((6, "Two."), (3, "Two.")), "GET /v1/workflows/{id}", "drop", 4, 0
        ),
        lambda it: it.delete_in_dashboard(4),
        lambda it: it.deploy(),
    )


def test_rebuilt_state_takes_the_workflow_and_not_a_copy_of_the_one_before_it() -> None:
    """A copy of a workflow that was deleted and created anew is older than the new one."""
    replay(
        DeployMachine,
        "honour",
        lambda it: it.duplicate_in_dashboard(1),
        lambda it: it.delete_in_dashboard(1),
        lambda it: it.deploy(),
        lambda it: it.lose_state_and_rebuild(),
        lambda it: it.remove_for_good(1, "delete"),
        lambda it: it.deploy(),
    )
