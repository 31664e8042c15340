"""`flowdsl unlock`: free the lease of a deploy that died."""

from __future__ import annotations

import argparse

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.state.errors import NoSuchLease
from flowdsl.state.lease import break_lease
from flowdsl.workspace.state import system_runtime

from ..runtime import interrupts
from ..runtime.command_line.options import add_options
from ..runtime.console import Console
from ..runtime.engine.deployment import open_deployment
from ..runtime.engine.questions import confirm_or_say_so, require_answer
from ..runtime.exit_codes import SUCCESS
from .state.access import failures_of_state, read_document
from .state.read import age_of


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        "--lock-id ID  the lease, as `flowdsl state show` and a deploy that waits name it",
        lock_id={"required": True},
    )
    add_options(parser, "--env")
    add_options(parser, "--yes")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Remove exactly this lease from the state, whoever holds it."""
    with failures_of_state():
        return _remove_lease(arguments, console)


def _remove_lease(arguments: argparse.Namespace, console: Console) -> int:
    deployment = open_deployment(arguments.env, console)
    store, name = deployment.store, deployment.environment.name
    runtime = system_runtime()
    lease = read_document(deployment).lease
    if lease is None or lease.id != arguments.lock_id:
        there = (
            "is free"
            if lease is None
            else f"is held by `{lease.holder}` under the lock id `{lease.id}`"
        )
        raise NoSuchLease(
            f"the state of `{name}` {there}, not under `{arguments.lock_id}`; nothing was unlocked"
        )
    require_answer(arguments.yes, "unlocks")
    # A store that `excludes` writers knows whether the holder is alive, and keeps its lease then.
    alive = "nothing is freed" if store.excludes else "it stops at its next write"
    console.err(
        f"the lease of {name} is held by {make_printable(lease.holder)} since "
        f"{lease.acquired_at:%Y-%m-%d %H:%M:%S} UTC ({age_of(lease, runtime.now())}); where that "
        f"deploy is still at work, {alive}"
    )
    if not confirm_or_say_so(arguments.yes, "free it?", console):
        return SUCCESS
    freed = interrupts.run(break_lease(store, arguments.lock_id, runtime))
    console.err(f"{name} is unlocked")
    if freed.pending:
        console.err(
            f"note: that deploy left {format_count(len(freed.pending), 'write')} open; the next "
            "one finds out what became of them before anything else"
        )
    return SUCCESS
