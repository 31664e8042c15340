"""`flowdsl check`: its command, fixes, baseline, watching and reports."""

from .command import configure, run

__all__ = ("configure", "run")
