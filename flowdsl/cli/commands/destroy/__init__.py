"""`flowdsl destroy`: its command, and how a destruction is shown."""

from .command import configure, run

__all__ = ("configure", "run")
