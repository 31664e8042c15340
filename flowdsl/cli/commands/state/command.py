"""`flowdsl state`: inspect the recorded state of an environment, and repair it."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from importlib import import_module

from ...runtime.command_line.arguments import add_subcommands
from ...runtime.command_line.options import add_options
from ...runtime.console import Console

_RUNS = {
    "show": ("read", "show"),
    "list": ("read", "list_resources"),
    "probe": ("read", "probe"),
    "rebuild": ("rebuild", "rebuild"),
    "unprotect": ("mend", "unprotect"),
    "mv": ("mend", "move"),
    "migrate": ("migrate", "migrate"),
}
"""The function of each subcommand: `flowdsl.cli.commands.state.<module>.<function>`."""


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = add_subcommands(parser)
    show = subjects.add_parser("show", help="what state says of itself and of each resource")
    add_options(show, "address=ADDRESS?  everything of this one")
    add_options(show, "--json")
    listing = subjects.add_parser("list", help="addresses, ids and names")
    add_options(listing, "--json")
    probe = subjects.add_parser("probe", help="prove that the store keeps two writers apart")
    rebuild = subjects.add_parser("rebuild", help="make a lost state anew from the organisation")
    add_options(rebuild, "--ids FILE  a list that `flowdsl ids export` wrote; it wins over marks")
    unprotect = subjects.add_parser("unprotect", help="take the protection off a resource")
    add_options(unprotect, "address=ADDRESS  the resource")
    move = subjects.add_parser("mv", help="give a workflow another address")
    add_options(move, "old=OLD  the address it has")
    add_options(move, "new=NEW  the address it gets")
    migrate = subjects.add_parser("migrate", help="move state to another store")
    migrate.add_argument("--to", required=True, metavar="URL", help="where state is to be kept")
    for each in (show, listing, probe, rebuild, unprotect, move, migrate):
        add_options(each, "--env")
    for each in (rebuild, unprotect, move, migrate):
        add_options(each, "--yes --lock-timeout")
    add_options(rebuild, "--timeout --verbose")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    from .access import failures_of_state

    module, function = _RUNS[arguments.subject]
    carry_out = getattr(import_module(f"flowdsl.cli.commands.state.{module}"), function)
    # A failure of the engine in `rebuild` exits like that of a deploy.
    with nullcontext() if arguments.subject == "rebuild" else failures_of_state():
        code: int = carry_out(arguments, console)
    return code
