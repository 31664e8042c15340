"""`python -m tests [quick|thorough] [PYTEST OPTIONS]`.

The tests, with as much effort as is asked for.

`quick` is what the README's command runs; `thorough` tries every law on all its examples and every
row of every matrix, which takes several times as long.
"""

from __future__ import annotations

import os
import subprocess
import sys

EFFORTS = ("quick", "thorough")


def main(arguments: list[str]) -> int:
    effort, options = EFFORTS[0], arguments
    if arguments and arguments[0] in EFFORTS:
        effort, options = arguments[0], arguments[1:]
    elif arguments and not arguments[0].startswith("-"):
        print(f"`{arguments[0]}` is no effort; there are {', '.join(EFFORTS)}", file=sys.stderr)
        return 64
    command = [sys.executable, "-m", "pytest", "-n", "auto", *options]
    return subprocess.call(command, env=os.environ | {"FLOWDSL_TESTS": effort})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
