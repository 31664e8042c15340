"""What `flowdsl state rebuild` has found, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowdsl.deploy.ownership.found import Named, Recovered, Unfound
from flowdsl.deploy.rebuild import Reconstruction
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted

SHOWN = 5
"""The most workflows of one name, or copies of one workflow, that are listed."""


def render_reconstruction(rebuilt: Reconstruction, environment: str, where: str) -> str:
    """Each workflow that state will know, and how it was found.

    Then what was left alone, and what the next deploy creates.
    """
    recovered = rebuilt.matches.recovered
    number = counted(len(recovered), "workflow")
    if rebuilt.prior.serial == 0:
        first = f"{number} of {environment} found; there is no state at {where}"
    else:
        first = f"{number} found that the state of {environment} at {where} does not know"
    lines = [f"{first} (organisation {rebuilt.organization_id or 'not known'})"]
    for item in recovered:
        lines += _recovered(item)
    return _printed([*lines, *_others(rebuilt)])


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
    return _printed([first, *_others(rebuilt)])


def _recovered(item: Recovered) -> Iterator[str]:
    source = "" if item.wanted is not None else "  not in the source"
    if item.wanted not in (None, item.address):
        source = f"  the next deploy moves it to {item.wanted}"
    found = "listed" if item.by == "ids" else "by its mark"
    yield f'+ {item.address}  {item.id}  "{item.name}"  {found}{source}'
    if item.created_as not in (None, item.address):
        yield f"    created as {item.created_as}, renamed since"
    if item.replaces is not None:
        yield f"    in the place of {item.replaces}, which no longer exists"
    for line in _named(item.copies):
        yield f"    copy with the same mark, left alone: {line}"


def _others(rebuilt: Reconstruction) -> Iterator[str]:
    for remark in rebuilt.matches.remarks:
        yield f"left alone: {remark}"
    for item in rebuilt.matches.unfound:
        yield from _unfound(item)


def _unfound(item: Unfound) -> Iterator[str]:
    yield f"not found, so that the next deploy creates it: {item.address}"
    for line in _named(item.namesakes):
        yield f"    has its name, which proves nothing; `--ids` takes it: {line}"


def _named(every: tuple[Named, ...]) -> Iterator[str]:
    for one in every[:SHOWN]:
        yield f'{one.id}  "{one.name}"'
    if len(every) > SHOWN:
        yield f"and {len(every) - SHOWN} more"


def _printed(lines: Iterable[str]) -> str:
    return "\n".join(printable(line) for line in lines)
