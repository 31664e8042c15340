"""`flowdsl test`: its command, the processes that share the tests, and its output."""

from .command import configure, run

__all__ = ("configure", "run")
