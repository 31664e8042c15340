"""`flowdsl convert`: its command, the questions of `--step`, and what it says about a proposal."""

from .command import configure, run

__all__ = ("configure", "run")
