"""A process serving the data file `sys.argv[1]` in the scenario `sys.argv[2]`.

Prints its port when it accepts connections.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import load_scenario
from flowdsl.emulator.serve import serve
from flowdsl.emulator.store import Store

if __name__ == "__main__":
    with Store.open(Path(sys.argv[1])) as store:
        app = create_app(store, scenario=load_scenario(sys.argv[2]))
        serve(app, "127.0.0.1", 0, ready=lambda port: print(port, flush=True))
