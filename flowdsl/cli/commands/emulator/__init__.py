"""`flowdsl emulator`: its command, and the trace pages that it serves to a browser."""

from .command import configure, run

__all__ = ("configure", "run")
