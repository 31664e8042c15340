"""Time and randomness of the real system."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

from flowdsl.state.held import Runtime


def system_runtime() -> Runtime:
    """The runtime of the real system: its clocks, and random ids."""
    return Runtime(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        new_id=lambda: uuid4().hex,
    )
