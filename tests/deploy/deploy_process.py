"""Run as `python -m tests.deploy.deploy_process ROOT LATER`.

One deploy of three workflows in a process of its own, with a clock that is LATER seconds ahead,
over a data file that other processes use at the same time. Prints the status.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from flowdsl.cyberdesk.client import ClientOptions, CyberdeskClient
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.deploy.deploy import deploy
from flowdsl.deploy.job import Job, Options
from flowdsl.deploy.outcome import Outcome
from flowdsl.deploy.target import Target
from flowdsl.emulator.embedded import EMBEDDED_BASE_URL, open_embedded
from flowdsl.state.lease import Runtime
from flowdsl.state.stores import open_store
from tests.deploy.deploy_world import Ui, bundle, flow


async def main(root: Path, later: timedelta) -> Outcome:
    app, close = open_embedded(root / "emulator.sqlite")
    options = ClientOptions(base_url=EMBEDDED_BASE_URL, api_key="any", max_retries=8)
    try:
        async with CyberdeskClient(options, transport=asgi_transport(app)) as client:
            return await deploy(
                Job(
                    bundle(*(flow(name, tags=["t"]) for name in ("a", "b", "c"))),
                    Target("prj_1", "test", "local", local=True),
                    open_store("file", root=root, project="prj_1", environment="test"),
                    client,
                    Options(),
                    Ui(),
                    Runtime(
                        lambda: datetime.now(UTC) + later,
                        time.monotonic,
                        asyncio.sleep,
                        lambda: uuid4().hex,
                    ),
                )
            )
    finally:
        close()


if __name__ == "__main__":
    outcome = asyncio.run(main(Path(sys.argv[1]), timedelta(seconds=int(sys.argv[2]))))
    sys.stdout.write("\n".join([outcome.status.value, *outcome.messages]))
