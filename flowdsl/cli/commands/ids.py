"""`flowdsl ids`: the addresses of an environment and their ids, as a file for review."""

from __future__ import annotations

import argparse

from flowdsl.diagnostics.render.summary import format_count
from flowdsl.state.ids import dump_ids, ids_of

from ..runtime.command_line.arguments import add_subcommand, add_subcommands
from ..runtime.console import Console
from ..runtime.engine.deployment import open_deployment
from ..runtime.exit_codes import SUCCESS
from ..runtime.rewrites import write_product
from .state.access import read_document


def configure(parser: argparse.ArgumentParser) -> None:
    table = "--env\n-o file=FILE  default: standard output"
    help = "write the ids of an environment as JSON"
    add_subcommand(add_subcommands(parser), "export", help, table)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the list; a deploy never reads it."""
    ids = ids_of(read_document(open_deployment(arguments.env, console)))
    content = dump_ids(ids)
    if arguments.file is None:
        console.out_bytes(content)
        return SUCCESS
    write_product(arguments.file, content)
    console.err(f"{format_count(len(ids.ids), 'id')} in `{arguments.file}`")
    return SUCCESS
