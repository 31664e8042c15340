"""`flowdsl run`."""

from .command import configure, run

__all__ = ("configure", "run")
