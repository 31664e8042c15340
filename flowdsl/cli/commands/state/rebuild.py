"""`flowdsl state rebuild`: recreate a lost state from the workflows of the organisation."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

from flowdsl.config.address import WORKFLOW
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.ownership.found import Named, Recovered, Unfound
from flowdsl.deploy.rebuild import Reconstruction, find_state, write_state
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import CorruptState
from flowdsl.state.ids import MAX_BYTES, IdList, load_ids

from ...runtime import exit_codes
from ...runtime.console import CommandError, Console, UsageError
from ...runtime.engine.deployment import (
    Deployment,
    compile_bundle,
    open_deployment,
    warn_of_file_state,
)
from ...runtime.engine.questions import confirm_or_say_so, require_answer
from ...runtime.engine.report import OperationReport, writing_options
from ...runtime.interrupts import Interrupts
from ...runtime.places import read_named
from ...runtime.progress import open_display


def rebuild(arguments: argparse.Namespace, console: Console) -> int:
    """Find, show, ask, write.

    Nothing is written if nothing was found.
    """
    deployment = open_deployment(arguments.env, console, need_flows=True)
    name, store = deployment.environment.name, deployment.store
    ids = _read_ids(arguments.ids, deployment)
    bundle = compile_bundle(deployment, console)
    warn_of_file_state(deployment, console)
    report = OperationReport(console, open_display("none", console, False), environment=name)
    interrupts = Interrupts(lambda: report.writing, report.say, arguments.timeout)

    async def find_and_write(client: CyberdeskClient) -> StateDocument | None:
        job = deployment.job(bundle, client, writing_options(arguments), report)
        rebuilt = await find_state(job, ids)
        if not rebuilt.matches.recovered:
            console.err(render_nothing(rebuilt, name, store.url))
            return None
        console.err(render_reconstruction(rebuilt, name, store.url))
        require_answer(arguments.yes, "writes it")
        if not confirm_or_say_so(arguments.yes, f"write this into the state of {name}?", console):
            return None
        return await write_state(job, rebuilt)

    try:
        document = deployment.ask(
            arguments, console, find_and_write, interrupts=interrupts, over=report.out_of_time
        )
    except CorruptState as error:
        raise CommandError(
            _describe_corrupt_state(str(error), store.url, name), exit_codes.STATE
        ) from None
    if document is None:
        return exit_codes.SUCCESS
    console.err(
        f"the state of {name} has {format_count(len(document.resources), 'resource')} now (serial "
        f"{document.serial}); `flowdsl deploy --env {name}` shows what differs from the source"
    )
    return interrupts.exit_code_or(exit_codes.SUCCESS)


def _read_ids(path: str | None, deployment: Deployment) -> IdList | None:
    if path is None:
        return None
    ids = load_ids(
        read_named(path, MAX_BYTES),
        where=path,
        project=deployment.project_id,
        environment=deployment.environment.name,
    )
    for address, found in ids.ids.items():
        if address.kind == WORKFLOW and not is_uuid(found):
            raise UsageError(f"`{path}` is wrong at `{address}`: `{found}` is no id of a workflow")
    return ids


def _describe_corrupt_state(message: str, url: str, environment: str) -> str:
    """Describe the problem of a state document, and how to move it out of the way."""
    problem = message.partition("; ")[0]
    scheme, _, rest = url.partition(":")
    if scheme == "file":
        away = f"rename `{rest}` to `{rest}.corrupt`"
    elif scheme.startswith("git+"):
        away = "push its ref to another name and delete it at the remote"
    else:
        away = f"move the object `state.json` below `{url}` to another name"
    return (
        f"{problem}, and is not written over; {away}, then run `flowdsl state rebuild --env "
        f"{environment}` again"
    )


SHOWN = 5
"""The maximum number of listed workflows of one name, or copies of one workflow."""


def render_reconstruction(rebuilt: Reconstruction, environment: str, where: str) -> str:
    """List each workflow that the new state will have, and how it was found.

    Then list those that are left alone, and those that the next deploy will create.
    """
    recovered = rebuilt.matches.recovered
    number = format_count(len(recovered), "workflow")
    if rebuilt.prior.serial == 0:
        first = f"{number} of {environment} found; there is no state at {where}"
    else:
        first = f"{number} found that the state of {environment} at {where} does not know"
    lines = [f"{first} (organisation {rebuilt.organization_id or 'not known'})"]
    for item in recovered:
        lines += _render_recovered_item(item)
    return _join_printable([*lines, *_render_others(rebuilt)])


def render_nothing(rebuilt: Reconstruction, environment: str, where: str) -> str:
    """The message that there is nothing to write."""
    organization = rebuilt.organization_id or "of this API key"
    said = (
        f"no workflow of this project and {environment} was found in the organisation "
        f"{organization}"
    )
    if rebuilt.prior.serial == 0:
        first = f"{said}; a key of another organisation looks the same; nothing was written"
    else:
        first = f"{said} that the state at {where} does not know; nothing was written"
    return _join_printable([first, *_render_others(rebuilt)])


def _render_recovered_item(item: Recovered) -> Iterator[str]:
    source = "" if item.wanted is not None else "  not in the source"
    if item.wanted not in (None, item.address):
        source = f"  the next deploy moves it to {item.wanted}"
    how = "listed" if item.by == "ids" else "by its mark"
    yield f'+ {item.address}  {item.id}  "{item.name}"  {how}{source}'
    if item.created_as not in (None, item.address):
        yield f"    created as {item.created_as}, renamed since"
    if item.replaces is not None:
        yield f"    in the place of {item.replaces}, which no longer exists"
    for line in _list_named_objects(item.copies):
        yield f"    copy with the same mark, left alone: {line}"


def _render_others(rebuilt: Reconstruction) -> Iterator[str]:
    for remark in rebuilt.matches.remarks:
        yield f"left alone: {remark}"
    for item in rebuilt.matches.unfound:
        yield from _render_unfound_item(item)


def _render_unfound_item(item: Unfound) -> Iterator[str]:
    yield f"not found, so that the next deploy creates it: {item.address}"
    for line in _list_named_objects(item.namesakes):
        yield f"    has its name, which proves nothing; `--ids` takes it: {line}"


def _list_named_objects(every: tuple[Named, ...]) -> Iterator[str]:
    for one in every[:SHOWN]:
        yield f'{one.id}  "{one.name}"'
    if len(every) > SHOWN:
        yield f"and {len(every) - SHOWN} more"


def _join_printable(lines: Iterable[str]) -> str:
    return "\n".join(make_printable(line) for line in lines)
