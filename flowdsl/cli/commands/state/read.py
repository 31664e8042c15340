"""`flowdsl state show`, `list` and `probe`, which take no lease and do not change state."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flowdsl.config.address import Address
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.state.document import Intent, Lease, StateDocument
from flowdsl.workspace.state import system_runtime

from ...runtime.console import Console
from ...runtime.engine.deployment import open_deployment
from ...runtime.exit_codes import SUCCESS
from ...views.table import align_columns, items_json, object_json
from .access import find_document, find_tracked_address, make_missing_state_error, read_document


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Print the state, or one of its resources.

    State that was moved elsewhere is printed too, with a remark.
    """
    deployment = open_deployment(arguments.env, console)
    document = find_document(deployment)
    if document is None:
        raise make_missing_state_error(deployment)
    where, address = deployment.store.url, arguments.address
    if address is not None:
        address = find_tracked_address(address, document)
        view = resource_json if arguments.json else render_resource
        console.out(view(address, document))
    elif arguments.json:
        console.out(document_json(document, where))
    else:
        console.out(render_document(document, where, system_runtime().now()))
    return SUCCESS


def list_resources(arguments: argparse.Namespace, console: Console) -> int:
    resources = sorted(read_document(open_deployment(arguments.env, console)).resources.items())
    items = [{"address": at, "id": each.id, "name": each.name} for at, each in resources]
    if arguments.json:
        console.out(items_json(items))
    elif items:
        rows = [list(map(make_printable, each.values())) for each in items]
        console.out("\n".join(align_columns(rows)))
    else:
        console.err("the state has no resources")
    return SUCCESS


def probe(arguments: argparse.Namespace, console: Console) -> int:
    """Check that the store keeps writers apart; raises `StateError` if it does not."""
    store = open_deployment(arguments.env, console).store
    store.probe()
    console.err(f"`{store.url}` keeps two writers apart")
    if not store.shared:
        console.err("note: it is a file of this machine, which other machines do not see")
    return SUCCESS


def render_document(document: StateDocument, where: str, now: datetime) -> str:
    """Render the whole state for people: its own fields, then a line for each resource."""
    lines = [
        f"state of {document.environment}, project {document.project}",
        *_render_table(_describe_document(document, where, now)),
    ]
    if document.resources:
        lines += ["", *_render_table(_resource_rows(document))]
    lines += ["", format_count(len(document.resources), "resource")]
    return "\n".join(make_printable(line) for line in lines)


def render_resource(address: Address, document: StateDocument) -> str:
    """Render everything that state has about one resource, for people."""
    resource = document.resources[address]
    rows = [
        ("id", resource.id),
        ("name", resource.name),
        ("generation", str(resource.generation)),
        ("protected", "yes" if resource.protect else "no"),
        ("tags", ", ".join(resource.tags) or "none"),
    ]
    if resource.renamed_from is not None:
        rows.append(("renamed from", resource.renamed_from))
    if resource.source_map is not None:
        rows.append(("source map", resource.source_map))
    rows += [("check", f"{name}  {found}") for name, found in sorted(resource.children.items())]
    rows += [("applied", f"{path}  {each[:12]}") for path, each in sorted(resource.applied.items())]
    rows += [
        ("not kept", f"{path}  {each[:12]}") for path, each in sorted(resource.dropped.items())
    ]
    rows += [
        ("pending", _describe_intent(each)) for each in document.pending if each.address == address
    ]
    return "\n".join(make_printable(line) for line in [address, *_render_table(rows)])


def document_json(document: StateDocument, where: str) -> str:
    return object_json(
        {
            "kind": "state",
            "store": where,
            **document.model_dump(
                mode="json",
                include={
                    "project",
                    "environment",
                    "lineage",
                    "serial",
                    "organization_id",
                    "api_base",
                    "source",
                    "lease",
                    "moved_to",
                },
            ),
            "pending": [_intent_json(each) for each in document.pending],
            "strays": [_intent_json(each) for each in document.strays],
            "resources": [
                {
                    "address": address,
                    "id": resource.id,
                    "name": resource.name,
                    "generation": resource.generation,
                    "protect": resource.protect,
                    "tags": list(resource.tags),
                }
                for address, resource in sorted(document.resources.items())
            ],
        }
    )


def resource_json(address: Address, document: StateDocument) -> str:
    return object_json(
        {
            "kind": "state_resource",
            "environment": document.environment,
            "address": address,
            **document.resources[address].model_dump(mode="json"),
            "pending": [_intent_json(each) for each in document.pending if each.address == address],
        }
    )


def age_of(lease: Lease, now: datetime) -> str:
    """How long a lease has been held, as in `4 min`; its timestamp may be from another clock."""
    seconds = max(0, int((now - lease.acquired_at) / timedelta(seconds=1)))
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _describe_document(
    document: StateDocument, where: str, now: datetime
) -> Iterator[tuple[str, str]]:
    yield "store", where
    if document.moved_to is not None:
        yield "moved to", f"{document.moved_to}; this copy is out of use"
    yield "serial", str(document.serial)
    yield "lineage", document.lineage
    yield "organization", document.organization_id or "not known yet"
    yield "api", document.api_base
    source = document.source
    if source is None:
        yield "source", "no commit is known"
    else:
        committed = (
            ""
            if source.committed_at is None
            else f", committed {_format_time(source.committed_at)}"
        )
        yield "source", f"{source.commit}{' and changes to it' if source.dirty else ''}{committed}"
    lease = document.lease
    if lease is None:
        yield "lease", "free"
    else:
        since = f"since {_format_time(lease.acquired_at)} ({age_of(lease, now)})"
        yield "lease", f"{lease.holder}, {since}, lock id {lease.id}"
    for intent in document.pending:
        yield "pending", _describe_intent(intent)
    for intent in document.strays:
        yield "may come", _describe_intent(intent)


def _resource_rows(document: StateDocument) -> Iterator[tuple[str, ...]]:
    yield "address", "id", "name", "generation", "protected", "tags"
    for address, each in sorted(document.resources.items()):
        protected = "yes" if each.protect else "no"
        yield address, each.id, each.name, str(each.generation), protected, ", ".join(each.tags)


def _describe_intent(intent: Intent) -> str:
    return (
        f"{intent.action} {intent.address}, begun {_format_time(intent.created_at)}, intent "
        f"{intent.id}"
    )


def _intent_json(intent: Intent) -> dict[str, Any]:
    return intent.model_dump(mode="json", exclude={"applied", "tags"})


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


def _render_table(rows: Iterable[Sequence[str]]) -> list[str]:
    shown = [tuple(map(make_printable, row)) for row in rows]
    return [f"  {line}" for line in align_columns(shown)]
