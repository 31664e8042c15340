"""`flowdsl init`: its command, what a new project holds, its pipeline, what the package brings."""

from .command import configure, run

__all__ = ("configure", "run")
