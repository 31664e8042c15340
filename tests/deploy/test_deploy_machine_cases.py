"""Histories that once ended badly, as the random search of `test_deploy_machine.py` found them."""

from __future__ import annotations

from tests.deploy.deploy_machine import DeployMachine, replay
from tests.deploy.kill_switch import Point


def test_a_swap_with_one_deleted_is_not_undone_by_the_deploy_after_a_death() -> None:
    """The moves were stored and nothing said that they had been made, so they were made again, back."""
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
