"""`flowdsl convert`: its command, and what it says of a proposal."""

from .command import configure, run

__all__ = ("configure", "run")
