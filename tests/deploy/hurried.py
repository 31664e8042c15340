"""Imported by a command before it runs: its leases and its waits take a third of their time.

They are counted on one clock, and that clock runs faster. So whatever is told apart by it stays
apart: a heartbeat beats as often in the life of a lease, and a lease ends as long before another
deploy takes it over. How late a write may still come is told by the clock of the system, which does
not run faster: that is for a thorough run.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from unittest.mock import patch

from flowdsl.state.lease import Runtime
from flowdsl.workspace.state import system_runtime

TIMES = 3
"""How much faster the clock runs; a write of state still has eight seconds to renew a lease."""


def hurried_runtime() -> Runtime:
    """The runtime of the real system on a fast clock."""
    return replace(
        system_runtime(),
        monotonic=lambda: TIMES * time.monotonic(),
        sleep=lambda seconds: asyncio.sleep(seconds / TIMES),
    )


patch("flowdsl.cli.runtime.engine.deployment.system_runtime", hurried_runtime).start()
