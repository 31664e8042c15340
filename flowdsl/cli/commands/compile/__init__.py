"""`flowdsl compile`: its command, the files it writes, and its statistics."""

from .command import configure, run

__all__ = ("configure", "run")
