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

        try:
            sys.stdout.write(f"flowdsl {__version__}\n")
            sys.stdout.flush()
            return 0
        except OSError:  # `run` tells of it
            pass
    from flowdsl.cli.main import run

    return run(words)


def run_process() -> None:
    """Run the command line of this process and end it.

    A short command makes no garbage worth collecting, and taking its modules and trees apart at the end takes longer than
    reading a flow: together a sixth of `flowdsl check one.flow`. So it does neither.
    """
    _open_missing_streams()
    if not LONG_RUNNING.isdisjoint(sys.argv):
        sys.exit(main())
    gc.disable()
    os._exit(main())


def _open_missing_streams() -> None:
    """Open the standard streams that the process was started without: reading gives nothing, writing goes nowhere.

    The lowest free descriptor is the missing one itself, so that no file that is opened later takes its place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode))


if __name__ == "__main__":
    run_process()
