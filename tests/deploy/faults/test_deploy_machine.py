"""Random histories keep the invariants: two hundred of them, or five with state in a file.

`python -m tests thorough` tries the many.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.deploy.deploy_machine import DeployMachine
from tests.support.effort import THOROUGH, rows

SEQUENCES = 200 if THOROUGH else 3
STEPS = 10

SHARES = {"file": 0.9, "s3": 0.08, "git": 0.02}
"""What part of the histories has its state where; each call of git starts several processes."""


@pytest.mark.parametrize("back_end", rows(list(SHARES), 0))
def test_random_histories_keep_the_invariants(
    back_end: str, request: pytest.FixtureRequest
) -> None:
    if back_end == "s3":
        request.getfixturevalue("s3")
    machine = type(f"{back_end.title()}Machine", (DeployMachine,), {"back_end": back_end})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, round(SEQUENCES * SHARES[back_end])),
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
