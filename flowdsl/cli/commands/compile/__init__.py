"""`flowdsl compile`: its command, and what it writes and says."""

from .command import configure, run

__all__ = ("configure", "run")
