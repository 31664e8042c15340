"""`flowdsl lsp`: the language server, for editors."""

from __future__ import annotations

import argparse
import gc

from ..runtime.command_line.options import add_options
from ..runtime.console import Console, UsageError
from ..runtime.exit_codes import SUCCESS


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; editors may add `--stdio`, which is what happens anyway."""
    add_options(parser, "--stdio  use the standard streams (default)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve one editor on the standard streams until it goes."""
    try:
        import pygls  # noqa: F401 - the extra, whose absence is a message and no traceback
    except ImportError:
        raise UsageError("`lsp` needs the package `pygls`: pip install 'flowdsl[lsp]'") from None
    from flowdsl.compiler.collector import collect_rarely
    from flowdsl.lsp.server import serve

    gc.enable()
    collect_rarely()
    serve()
    return SUCCESS
