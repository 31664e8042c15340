"""`flowdsl test`: its command, the processes that share the tests, and what it says."""

from .command import configure, run

__all__ = ("configure", "run")
