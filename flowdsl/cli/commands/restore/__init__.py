"""`flowdsl restore`: its command, and how versions are shown."""

from .command import configure, run

__all__ = ("configure", "run")
