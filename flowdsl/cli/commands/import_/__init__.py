"""`flowdsl import`: its command, what is fetched, where it goes, what the project has already."""

from .command import configure, run

__all__ = ("configure", "run")
