"""Access to state outside of a deploy.

Reads state, changes it under its lease, maps failures to exit codes, and compiles the sources for
what a command says about them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import compile_project
from flowdsl.config.address import Address
from flowdsl.deploy.addressing import address_in
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.state.document import StateDocument, refuse_moved
from flowdsl.state.errors import LeaseLost, Locked, NoSuchLease, StateError, StateMoved, StoreBusy
from flowdsl.state.held import HeldState
from flowdsl.state.lease import acquire
from flowdsl.workspace.state import system_runtime

from ...runtime import exit_codes
from ...runtime.command_line.options import lock_timeout
from ...runtime.console import CommandError, Console
from ...runtime.engine.deployment import Deployment, lease_holder_name
from ...runtime.interrupts import Interrupts

T = TypeVar("T")


@contextmanager
def failures_of_state() -> Iterator[None]:
    """Convert failures of a command about state itself: busy or changed state is not broken.

    Raises `CommandError` for every `StateError`.
    """
    try:
        yield
    except StateError as error:
        match error:
            case Locked() | LeaseLost() | StoreBusy():
                code = exit_codes.LOCKED
            case StateMoved() | NoSuchLease():
                code = exit_codes.CONFLICT
            case _:
                code = exit_codes.STATE
        raise CommandError(str(error), code) from None


def find_document(deployment: Deployment) -> StateDocument | None:
    """Return the state, even if it was moved elsewhere; None without one. Raises `CommandError`."""
    with failures_of_state():
        versioned = deployment.store.load()
    return None if versioned is None else versioned.document


def read_document(deployment: Deployment) -> StateDocument:
    """Return the state that is in use.

    Raises `CommandError` if there is none or it cannot be read, and `MovedState` if it was moved to
    another store.
    """
    document = find_document(deployment)
    if document is None:
        raise make_missing_state_error(deployment)
    refuse_moved(document, deployment.store.url)
    return document


def make_missing_state_error(deployment: Deployment) -> CommandError:
    """Return the failure of a command that needs state, if there is none."""
    name = deployment.environment.name
    return CommandError(
        f"there is no state of `{name}` at `{deployment.store.url}`; the first deploy makes "
        f"it, and one that was lost is made anew with `flowdsl state rebuild --env {name}`",
        exit_codes.STATE,
    )


def find_tracked_address(word: str, document: StateDocument) -> Address:
    """Return the address in state that `word` names; raises `NoSuchAddress`."""
    return address_in(word, document.resources, f"the state of `{document.environment}`")


@asynccontextmanager
async def hold_state(
    deployment: Deployment, patience: float | None, interrupts: Interrupts, console: Console
) -> AsyncIterator[tuple[HeldState, StateDocument]]:
    """Hold the lease of an existing state.

    `patience` is the value of `--lock-timeout`, in seconds. Raises `StateError`, and `CommandError`
    if there is no state or it cannot be read.
    """

    def waiting(who: str, waited: float) -> None:
        console.err(f"waiting for {make_printable(who)}, {waited:.0f} s so far")

    async with acquire(
        deployment.store,
        read_document(deployment),
        holder=lease_holder_name(),
        timeout=lock_timeout(patience),
        runtime=system_runtime(),
        waiting=waiting,
    ) as (held, document):
        interrupts.writing = lambda: True
        yield held, document


def change_document(
    deployment: Deployment,
    change: Callable[[StateDocument], StateDocument],
    patience: float | None,
    console: Console,
) -> int:
    """Apply `change` to the state, under its lease; returns the exit code.

    `change` gets the state that was read under the lease. Raises `StateError`, `CommandError` if
    there is no state or it cannot be read, `signals.Interrupted`, and exceptions of `change`.
    """
    interrupts = Interrupts(lambda: False, console.err)

    async def write() -> None:
        async with hold_state(deployment, patience, interrupts, console) as (held, document):
            await held.release(change(document))

    interrupts.run(write())
    return interrupts.exit_code_or(exit_codes.SUCCESS)


def compile_if_sound(deployment: Deployment) -> Bundle | None:
    """Compile the sources; None, without a message, if they are absent or have errors."""
    target = deployment.target
    if not target.entries:
        return None
    options = target.options(deployment.environment)
    return compile_project(target.files, target.entries, options).bundle
