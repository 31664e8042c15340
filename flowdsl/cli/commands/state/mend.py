"""`flowdsl state unprotect` and `flowdsl state mv`: change one entry of state, under the lease."""

from __future__ import annotations

import argparse
import re

from flowdsl.config.address import WORKFLOW, Address, workflow_address
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.state.document import StateDocument

from ...runtime import exit_codes
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import Deployment, open_deployment
from ...runtime.engine.questions import confirm_or_say_so, require_answer
from .access import change_document, compile_if_sound, find_tracked_address, read_document

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def unprotect(arguments: argparse.Namespace, console: Console) -> int:
    """Remove `protect` from a resource, so that a deploy may delete it."""
    deployment = open_deployment(arguments.env, console)
    name = deployment.environment.name
    document = read_document(deployment)
    address = find_tracked_address(arguments.address, document)
    shown = make_printable(address)
    if not document.resources[address].protect:
        console.err(f"`{shown}` is not protected in {name}; nothing was changed")
        return exit_codes.SUCCESS
    require_answer(arguments.yes, "takes the protection off")
    if not confirm_or_say_so(arguments.yes, f"take the protection off {shown} in {name}?", console):
        return exit_codes.SUCCESS

    def change(now: StateDocument) -> StateDocument:
        find_tracked_address(address, now)
        resource = now.resources[address].replace(protect=False)
        return now.replace(resources={**now.resources, address: resource})

    code = change_document(deployment, change, arguments.lock_timeout, console)
    console.err(f"`{shown}` is not protected in {name} any more")
    if _source_protects(deployment, address):
        console.err(
            f"note: the source still says `protect = true` in `{shown}`, so the next deploy puts "
            "the protection back; take it out of the workflow as well"
        )
    return code


def move(arguments: argparse.Namespace, console: Console) -> int:
    """Give a workflow another address."""
    deployment = open_deployment(arguments.env, console)
    name = deployment.environment.name
    document = read_document(deployment)
    old, word = find_tracked_address(arguments.old, document), arguments.new
    new = Address.unchecked(word) if "." in word else workflow_address(word)
    _check_move(old, new, document)
    require_answer(arguments.yes, "moves it")
    shown = make_printable(f"{document.resources[old].name!r} ({document.resources[old].id})")
    question = f"give {shown} the address {new} instead of {make_printable(old)} in {name}?"
    if not confirm_or_say_so(arguments.yes, question, console):
        return exit_codes.SUCCESS

    def change(now: StateDocument) -> StateDocument:
        _check_move(old, new, now)
        rest = {address: each for address, each in now.resources.items() if address != old}
        return now.replace(resources={**rest, new: now.resources[old].replace(renamed_from=old)})

    code = change_document(deployment, change, arguments.lock_timeout, console)
    console.err(f"`{make_printable(old)}` is `{new}` in {name} now")
    _tell_of_source(deployment, old, new, console)
    return code


def _check_move(old: Address, new: Address, document: StateDocument) -> None:
    """Raise `CommandError` if a move is impossible or would lose something."""
    find_tracked_address(old, document)
    kind = old.kind
    if kind != new.kind:
        raise UsageError(
            f"`{old}` is a {kind} and cannot become `{new}`; a move stays within a kind"
        )
    if kind != WORKFLOW:
        raise UsageError(
            f"only a workflow can move: a {kind.replace('_', ' ')} is found by its name, so "
            f"`{old}` is not `{new}`"
        )
    if not _NAME.fullmatch(new.name):
        raise UsageError(f"`{new}` is no address of a workflow; write `workflow.NAME`")
    if old == new:
        raise UsageError(f"`{old}` has that address already")
    if new in document.resources:
        raise CommandError(
            f"`{new}` is taken by {document.resources[new].id}; move that one away first",
            exit_codes.CONFLICT,
        )
    for intent in document.pending:
        if intent.address in (old, new):
            raise CommandError(
                f"an interrupted deploy left a write of `{intent.address}` open; find out "
                f"what became of it first, with `flowdsl recover {intent.address} --env "
                f"{document.environment}` or a deploy",
                exit_codes.CONFLICT,
            )


def _source_protects(deployment: Deployment, address: Address) -> bool:
    bundle = compile_if_sound(deployment)
    return bundle is not None and any(
        item.protect and workflow_address(item.name) == address for item in bundle.workflows
    )


def _tell_of_source(deployment: Deployment, old: Address, new: Address, console: Console) -> None:
    """Say what the next deploy will do after the move, and how to move it in every environment."""
    bundle = compile_if_sound(deployment)
    if bundle is not None:
        names = {workflow_address(item.name) for item in bundle.workflows}
        if old in names:
            console.err(
                f"warning: `{old}` is still in the source, so the next deploy creates it anew"
            )
        if new not in names:
            console.err(
                f"warning: `{new}` is not in the source, so the next deploy keeps it as left over"
            )
    name = old.name
    console.err(
        f'note: `renamed_from = "{make_printable(name)}"` in the workflow does the same in every '
        "environment"
    )
