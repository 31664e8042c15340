"""`flowdsl runs`: its subcommands, each in a module."""

from .command import configure, run

__all__ = ("configure", "run")
