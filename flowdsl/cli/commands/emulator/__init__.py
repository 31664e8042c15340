"""`flowdsl emulator`: its command, and the pages of traces that a browser is shown."""

from .command import configure, run

__all__ = ("configure", "run")
