"""`flowdsl pull`: its command, what a project has in an environment, and what is said of edits."""

from .command import configure, run

__all__ = ("configure", "run")
