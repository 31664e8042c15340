"""`flowdsl trace`: its command, and how a trace is shown."""

from .command import configure, run

__all__ = ("configure", "run")
