"""`flowdsl pull`: its command, what an environment has (`tracked`), and what is said of edits."""

from .command import configure, run

__all__ = ("configure", "run")
