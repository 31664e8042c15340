"""`flowdsl state show`, `list` and `probe`, which take no lease and do not write state."""

from __future__ import annotations

import argparse

from flowdsl.workspace.system import system_runtime

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS
from .access import (
    find_document,
    no_state,
    open_state,
    read_document,
    tracked_address,
)
from .view import (
    document_json,
    list_json,
    render_document,
    render_list,
    render_resource,
    resource_json,
)


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Print the state, or one resource of it.

    A state that was moved elsewhere is printed too, and says so.
    """
    deployment = open_state(arguments.env, console)
    document = find_document(deployment)
    if document is None:
        raise no_state(deployment)
    where, address = deployment.store.url, arguments.address
    if address is not None:
        address = tracked_address(address, document)
        view = resource_json if arguments.json else render_resource
        console.out(view(address, document))
    elif arguments.json:
        console.out(document_json(document, where))
    else:
        console.out(render_document(document, where, system_runtime().now()))
    return SUCCESS


def list_resources(arguments: argparse.Namespace, console: Console) -> int:
    """Print a line for each resource."""
    resources = sorted(read_document(open_state(arguments.env, console)).resources.items())
    if arguments.json:
        console.out(list_json(resources))
    elif resources:
        console.out(render_list(resources))
    else:
        console.err("the state has no resources")
    return SUCCESS


def probe(arguments: argparse.Namespace, console: Console) -> int:
    """Say that the store keeps writers apart; raises `StateError` where it does not."""
    store = open_state(arguments.env, console).store
    store.probe()
    console.err(f"`{store.url}` keeps two writers apart")
    if not store.shared:
        console.err("note: it is a file of this machine, which other machines do not see")
    return SUCCESS
