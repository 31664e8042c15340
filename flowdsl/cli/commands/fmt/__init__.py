"""`flowdsl fmt`: its command, the files it works on, and what it says of them."""

from .command import configure, run

__all__ = ("configure", "run")
