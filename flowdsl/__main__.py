"""The `flowdsl` program. `--version` is answered here, before anything else is imported."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--version"]:
        from flowdsl import __version__

        sys.stdout.write(f"flowdsl {__version__}\n")
        return 0
    from flowdsl.cli.main import run

    return run(words)


if __name__ == "__main__":
    sys.exit(main())
