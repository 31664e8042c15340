"""`flowdsl new`: create a file with a workflow, a task or a chain among the project's flows."""

from __future__ import annotations

import argparse
import os

from flowdsl.decompile.naming import is_name
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import join_names
from flowdsl.host.disk import PROJECT_FILE

from ...runtime.command_line.arguments import add_subcommands
from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.exit_codes import CONFLICT, SUCCESS
from ...runtime.places import no_project
from ...runtime.rewrites import Rewrite, write_rewrites
from .project import fill_template

KINDS = {
    "workflow": "a workflow and its tests",
    "task": "a task, which workflows of other files import",
    "chain": "a chain of two workflows",
}
"""What is written, by the subcommand."""


def configure(parser: argparse.ArgumentParser) -> None:
    kinds = add_subcommands(parser)
    for kind, help in KINDS.items():
        each = kinds.add_parser(kind, help=f"write a file with {help}")
        add_options(each, "name=NAME  its name, and that of the file")
        add_options(
            each,
            "-o folder=DIR  where to write; default: the folder of the project's flows",
        )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the file; its path goes to standard output."""
    kind, name = arguments.subject, arguments.name
    if not is_name(name):
        raise UsageError(
            f"`{make_printable(name)}` cannot be the name of a {kind} and of its file; a name has "
            "ASCII letters, digits and `_`"
        )
    # The many modules of `import` are needed neither by help nor by `init`.
    from ..import_.destination import FLOWS, open_destination

    destination = open_destination(arguments.folder)
    destination.target.require_sound(console)
    if destination.is_new:
        raise no_project()
    show = destination.target.show_path
    if not destination.found:
        raise UsageError(
            f"`flows` of `{PROJECT_FILE}` finds nothing in `{show(destination.folder or '.')}`; "
            "name one of its folders with `-o`"
        )
    path = destination.place(f"{FLOWS}/{name}.flow")
    full = destination.target.full_path(path)
    if os.path.lexists(full):
        raise CommandError(f"`{show(path)}` exists already; nothing was written", CONFLICT)
    names = {"workflow": [name], "task": [], "chain": [name, f"{name}_find", f"{name}_close"]}[kind]
    taken = destination.taken()
    known = [each for each in names if each in taken or each.casefold() in taken]
    if known:
        raise CommandError(
            f"the project has {join_names(known)} already; nothing was written", CONFLICT
        )
    content = fill_template(kind, name).encode()
    rewrite = Rewrite(show(path), destination.target.root, full, None, content)
    write_rewrites([rewrite], during="start of the file")
    console.out(show(path))
    if kind == "task":
        console.err(f"note: `check` warns until a workflow imports and calls `{name}`")
    return SUCCESS
