"""`flowdsl pull`: its command, the workflows of an environment (`tracked`), and its messages."""

from .command import configure, run

__all__ = ("configure", "run")
