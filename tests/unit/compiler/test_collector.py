"""A compilation is not interrupted by the garbage collector."""

from __future__ import annotations

import gc

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles

FLOW = 'flow 1\nworkflow w_§ { steps { step "Open" { do "Open the list of orders." } } }\n'


def test_no_garbage_is_looked_for_between_the_check_and_what_follows() -> None:
    files: dict[str, str | bytes] = {
        f"flow_{number}.flow": FLOW.replace("§", str(number)) for number in range(30)
    }
    started: list[str] = []
    enabled, thresholds = gc.isenabled(), gc.get_threshold()
    gc.collect()
    gc.set_threshold(2_000)
    gc.callbacks.append(lambda phase, _: started.append(phase))
    try:
        gc.enable()
        made = compile_project(MemoryFiles(files), list(files), CompileOptions())
        gc.disable()
    finally:
        gc.callbacks.pop()
        gc.set_threshold(*thresholds)
        (gc.enable if enabled else gc.disable)()
    assert made.bundle is not None
    assert len(made.bundle.workflows) == 30
    assert not started
