"""`flowdsl state`: inspect the recorded state of an environment, and repair it."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from importlib import import_module

from ...runtime.command_line.arguments import add_subcommand, add_subcommands
from ...runtime.command_line.options import add_options
from ...runtime.console import Console

_SUBCOMMANDS = {
    "show": ("read", "show", "what state says of itself and of each resource"),
    "list": ("read", "list_resources", "addresses, ids and names"),
    "probe": ("read", "probe", "prove that the store keeps two writers apart"),
    "rebuild": ("rebuild", "rebuild", "make a lost state anew from the organisation"),
    "unprotect": ("mend", "unprotect", "take the protection off a resource"),
    "mv": ("mend", "move", "give a workflow another address"),
    "migrate": ("migrate", "migrate", "move state to another store"),
}
"""The module below `flowdsl.cli.commands.state`, the function and the help of each subcommand."""

_TABLES = {
    "show": "address=ADDRESS?  everything of this one\n--json",
    "list": "--json",
    "rebuild": """
        --ids FILE  a list that `flowdsl ids export` wrote; it wins over marks
        --yes --lock-timeout --timeout --verbose
    """,
    "unprotect": "address=ADDRESS  the resource\n--yes --lock-timeout",
    "mv": "old=OLD  the address it has\nnew=NEW  the address it gets\n--yes --lock-timeout",
    "migrate": "--to URL  where state is to be kept\n--yes --lock-timeout",
}


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = add_subcommands(parser)
    for name, (_, _, help) in _SUBCOMMANDS.items():
        more = {"to": {"required": True}} if name == "migrate" else {}
        subject = add_subcommand(subjects, name, help, _TABLES.get(name, ""), **more)
        add_options(subject, "--env")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from .access import failures_of_state

    module, function, _ = _SUBCOMMANDS[arguments.subject]
    carry_out = getattr(import_module(f"flowdsl.cli.commands.state.{module}"), function)
    # A failure of the engine in `rebuild` exits like that of a deploy.
    with nullcontext() if arguments.subject == "rebuild" else failures_of_state():
        code: int = carry_out(arguments, console)
    return code
