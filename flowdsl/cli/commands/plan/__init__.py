"""`flowdsl plan`: its command, plans as files (`saved`), and the summary (`markdown`)."""

from .command import configure, run

__all__ = ("configure", "run")
