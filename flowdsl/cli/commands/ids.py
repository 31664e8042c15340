"""`flowdsl ids`: the addresses of an environment and their ids, as a file for review."""

from __future__ import annotations

import argparse

from flowdsl.diagnostics.render.summary import format_count
from flowdsl.state.ids import dump_ids, ids_of

from ..runtime.command_line.arguments import add_subcommands
from ..runtime.command_line.options import add_options
from ..runtime.console import Console
from ..runtime.exit_codes import SUCCESS
from ..runtime.rewrites import write_product
from .state.access import open_state, read_document


def configure(parser: argparse.ArgumentParser) -> None:
    export = add_subcommands(parser).add_parser(
        "export", help="write the ids of an environment as JSON"
    )
    add_options(export, "--env")
    add_options(export, "-o file=FILE  default: standard output")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the list; a deploy never reads it."""
    ids = ids_of(read_document(open_state(arguments.env, console)))
    content = dump_ids(ids)
    if arguments.file is None:
        console.out_bytes(content)
        return SUCCESS
    write_product(arguments.file, content)
    console.err(f"{format_count(len(ids.ids), 'id')} in `{arguments.file}`")
    return SUCCESS
