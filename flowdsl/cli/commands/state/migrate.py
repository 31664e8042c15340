"""`flowdsl state migrate`: move state to another store; the old one then refuses to be used."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from flowdsl.deploy.apply.source_maps import object_name, source_name_for
from flowdsl.deploy.planning.desired import check_map_name
from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.diagnostics.suggest import join_names
from flowdsl.state.document import StateDocument
from flowdsl.state.stores import StateStore, Versioned, open_store
from flowdsl.tracing.maps import digests_of
from flowdsl.workspace.state import system_runtime

from ...runtime import exit_codes
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import Deployment, open_deployment
from ...runtime.engine.questions import confirm_or_say_so, require_answer
from ...runtime.interrupts import Interrupts
from .access import failures_of_state, hold_state, read_document

AT_ONCE = 16
"""The maximum number of objects that are read in parallel."""


def migrate(arguments: argparse.Namespace, console: Console) -> int:
    """Copy the document and the objects it refers to, then mark the old document as moved.

    The objects are source maps, and the texts that these refer to. The order matters: if this is
    interrupted, the old store is still in use, and another migration completes the work.
    """
    deployment = open_deployment(arguments.env, console)
    name, old, new = (
        deployment.environment.name,
        deployment.store,
        _open_new_store(deployment, arguments.to),
    )
    document = read_document(deployment)
    # Report an unusable address before asking.
    new.probe()
    _refuse_overwriting(document, new.load(), new)
    require_answer(arguments.yes, "migrates")
    question = f"move the state of {name} from {old.url} to {new.url}?"
    if not confirm_or_say_so(arguments.yes, question, console):
        return exit_codes.SUCCESS
    interrupts = Interrupts(lambda: False, console.err)

    async def carry_out() -> tuple[int, int]:
        async with hold_state(deployment, arguments.lock_timeout, interrupts, console) as (
            held,
            now,
        ):
            # If the new store fails, the lease on the old one is released.
            with failures_of_state():
                there = await asyncio.to_thread(new.load)
                _refuse_overwriting(now, there, new)
                copied, missing = await _copy_objects(now, old, new)
                written = now.replace(nonce=system_runtime().new_id(), lease=None)
                held.check()
                version = None if there is None else there.version
                await asyncio.to_thread(new.write, written, version)
            await held.release(now.replace(moved_to=arguments.to))
            return copied, missing

    copied, missing = interrupts.run(carry_out())
    console.err(
        f"the state of {name} is at {new.url} now, with {format_count(copied, 'source map')}; the "
        "old one is kept and refuses further use; write this into `flowdsl.toml`, in every branch "
        f"that deploys to {name}:"
    )
    console.out(
        f"[env.{_object_key(name)}]\nstate = {json.dumps(arguments.to, ensure_ascii=False)}"
    )
    if missing:
        console.err(
            f"warning: {format_count(missing, 'source map')} of deployed workflows was not in the "
            "old store"
        )
    if not new.shared:
        console.err("warning: the new store is a file of this machine, which no other one sees")
    return interrupts.exit_code_or(exit_codes.SUCCESS)


def _open_new_store(deployment: Deployment, url: str) -> StateStore:
    """Open the new store; raises `StateError`, and `UsageError` if it is the current one."""
    store = open_store(
        url,
        root=Path(deployment.target.root),
        project=deployment.project_id,
        environment=deployment.environment.name,
    )
    if store.url == deployment.store.url:
        raise UsageError(f"`{url}` is where the state is")
    return store


def _refuse_overwriting(document: StateDocument, there: Versioned | None, new: StateStore) -> None:
    """Raise `CommandError` if the new store holds something that must not be overwritten."""
    if there is None:
        return
    found = there.document
    if found.lineage != document.lineage:
        raise CommandError(
            f"`{new.url}` holds another state of `{document.environment}` (lineage "
            f"{found.lineage}, serial {found.serial}); nothing was moved; name an empty "
            "place, or move that one away",
            exit_codes.CONFLICT,
        )
    if found.lease is not None:
        raise CommandError(
            f"`{new.url}` is in use by `{found.lease.holder}` (lock id {found.lease.id}); "
            "nothing was moved",
            exit_codes.LOCKED,
        )
    if found.moved_to is not None:
        return  # state was moved away from there earlier, and this document descends from it
    # The same serial means a copy by an interrupted migration.
    if found.serial > document.serial:
        raise CommandError(
            f"`{new.url}` holds the same state at serial {found.serial}, which is newer than "
            f"{document.serial} here; nothing was moved; where that one is right, name it in "
            "`flowdsl.toml`",
            exit_codes.CONFLICT,
        )
    known = {resource.id for resource in document.resources.values()}
    lost = [address for address, each in found.resources.items() if each.id not in known]
    if lost:
        raise CommandError(
            f"`{new.url}` holds an older serial of the same state that knows "
            f"{join_names(lost)}, "
            "which this one does not: both have been written since; nothing was moved",
            exit_codes.CONFLICT,
        )


async def _copy_objects(
    document: StateDocument, old: StateStore, new: StateStore
) -> tuple[int, int]:
    """Copy the source maps of what is deployed, and the texts of files they refer to.

    Returns how many maps were copied, and how many are missing from the old store.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def read(name: str) -> bytes | None:
        async with slots:
            return await asyncio.to_thread(old.get, name)

    async def read_all(names: Sequence[str]) -> dict[str, bytes]:
        contents = await asyncio.gather(*map(read, names))
        pairs = zip(names, contents, strict=True)
        return {name: content for name, content in pairs if content is not None}

    named, others = _list_objects(document)
    found = await read_all([*named, *others])
    digests = {digest for content in found.values() for digest in digests_of(content)}
    texts = await read_all([source_name_for(digest) for digest in sorted(digests)])
    await asyncio.to_thread(new.put, found | texts)
    return len(found), len(set(named) - found.keys())


def _list_objects(document: StateDocument) -> tuple[list[str], list[str]]:
    """The objects that state refers to, and maps of checks, which older deploys did not store."""
    maps = {each.source_map for each in document.resources.values() if each.source_map is not None}
    checks = {
        check_map_name(address, each.applied[CHECKS])
        for address, each in document.workflows().items()
        if CHECKS in each.applied
    }
    return [object_name(each) for each in sorted(maps)], [object_name(c) for c in sorted(checks)]


def _object_key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() else json.dumps(name)
