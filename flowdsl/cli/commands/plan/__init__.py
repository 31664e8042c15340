"""`flowdsl plan`: its command, plans as files (`saved`), and the Markdown summary (`markdown`)."""

from .command import configure, run

__all__ = ("configure", "run")
