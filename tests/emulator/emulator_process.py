"""Emulators in processes of their own, each forked from one that has imported it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import load_scenario
from flowdsl.emulator.serve import serve_app
from flowdsl.emulator.store import Store

START_SECONDS = 60.0

_forking = get_context("forkserver")
# Uvicorn is imported when a port is served; pytest is the main module, which a process imports.
_forking.set_forkserver_preload([__name__, "uvicorn", "pytest"])


@contextmanager
def served(path: Path, scenario: str = "") -> Iterator[tuple[BaseProcess, str]]:
    """A server of a data file on its own port, and its base URL; killed if it still runs."""
    ours, theirs = _forking.Pipe(duplex=False)
    process = _forking.Process(target=_serve, args=(path, scenario, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        with ours:
            assert ours.poll(START_SECONDS), "the server does not start"
            port = ours.recv()
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()


def _serve(path: Path, scenario: str, ready: Connection) -> None:
    with Store.open(path) as store:
        app = create_app(store, scenario=load_scenario(scenario))
        serve_app(app, "127.0.0.1", 0, ready=ready.send)
