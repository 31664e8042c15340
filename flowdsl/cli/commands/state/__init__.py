"""`flowdsl state`: its command, a module for each kind of work, and how state is shown."""

from .command import configure, run

__all__ = ("configure", "run")
