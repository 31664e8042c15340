"""The runtime of the real system on a clock that runs faster, by which requests are waited for."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from flowdsl.state.held import Runtime
from flowdsl.workspace.state import system_runtime

TIMES = 20

USERS = ("flowdsl.cli.runtime.runs.follow", "flowdsl.cli.commands.run.batches")
"""The modules of `flowdsl run` that wait."""


def hurried_runtime() -> Runtime:
    """The runtime by which a second takes a twentieth of one."""
    return replace(
        system_runtime(),
        monotonic=lambda: TIMES * time.monotonic(),
        sleep=lambda seconds: asyncio.sleep(seconds / TIMES),
    )
