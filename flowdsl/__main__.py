"""The `flowdsl` program. `--version` is answered here, before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys

LONG_RUNNING = frozenset(("deploy", "emulator"))
"""Commands with connections and files to close; the others end as soon as they have answered."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--version"]:
        from flowdsl import __version__

        sys.stdout.write(f"flowdsl {__version__}\n")
        return 0
    from flowdsl.cli.main import run

    return run(words)


def run_process() -> None:
    """Run the command line of this process and end it.

    A short command makes no garbage worth collecting, and taking its modules and trees apart at the end takes longer than
    reading a flow: together a sixth of `flowdsl check one.flow`. So it does neither.
    """
    if not LONG_RUNNING.isdisjoint(sys.argv):
        sys.exit(main())
    gc.disable()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib would be one more import
            stream.flush()
        except (OSError, ValueError):  # the reader has gone
            pass
    os._exit(code)


if __name__ == "__main__":
    run_process()
