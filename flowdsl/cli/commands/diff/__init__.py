"""`flowdsl diff`: its command, and how differences are shown."""

from .command import configure, run

__all__ = ("configure", "run")
