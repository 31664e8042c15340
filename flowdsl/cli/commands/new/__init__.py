"""`flowdsl new`: its command, and the files it writes."""

from .command import configure, run

__all__ = ("configure", "run")
