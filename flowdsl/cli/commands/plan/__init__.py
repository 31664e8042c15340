"""`flowdsl plan`: its command, plans as files, and the summary in Markdown."""

from .command import configure, run

__all__ = ("configure", "run")
