"""From the words that start a job to its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import USAGE
from .github import action
from .gitlab import jobs

SOURCE = Path(__file__).resolve().parents[2]
"""The files of FlowDSL, which this folder belongs to."""


def main(words: Sequence[str]) -> int:
    """Runs `github`, whose command is among its inputs, or `gitlab COMMAND`."""
    try:
        match list(words):
            case ["github"]:
                return action.main(os.environ, SOURCE)
            case ["gitlab", command]:
                return jobs.main(command, os.environ, SOURCE)
            case _:
                print("usage: github | gitlab check|plan|deploy|drift", file=sys.stderr)
                return USAGE
    except KeyboardInterrupt:
        return 130
