"""What tests take of flows, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flowdsl.testing.coverage import Body, Taken, percent

from ...views.table import Column, render_table

COUNTED = "the statements and ways"
"""What a percentage is about."""


def coverage_text(bodies: Sequence[Body], taken: Taken, show_path: Callable[[str], str]) -> str:
    """A row for each workflow and task, and a line for what no test reaches or takes."""
    columns = (
        Column("STATEMENTS", "statements"),
        Column("REACHED", "reached"),
        Column("WAYS", "ways"),
        Column("TAKEN", "taken"),
        Column("", "kind"),
        Column("NAME", "name"),
        Column("FILE", "path"),
    )
    rows = (_row(body, taken, show_path) for body in bodies)
    lines = [render_table(columns, rows), *_missed(bodies, taken, show_path)]
    lines.append(f"{percent(bodies, taken):.1f} % of {COUNTED} are tested")
    return "\n".join(lines)


def _row(body: Body, taken: Taken, show_path: Callable[[str], str]) -> dict[str, str]:
    ways, statements = taken.counts(body)
    return {
        "statements": str(len(body.statements)),
        "reached": str(statements),
        "ways": str(len(body.ways)),
        "taken": str(ways),
        "kind": body.kind,
        "name": body.name,
        "path": show_path(body.path),
    }


def _missed(bodies: Iterable[Body], taken: Taken, show_path: Callable[[str], str]) -> Iterable[str]:
    for body in bodies:
        path = show_path(body.path)
        for first, last in _unreached(body, taken):
            lines = f"{first}" if first == last else f"{first}-{last}"
            yield f"  {path}:{lines}: no test comes here"
        for way in body.ways:
            if way.key not in taken.ways:
                yield f"  {show_path(way.path)}:{way.line}: never: {way.words}"


def _unreached(body: Body, taken: Taken) -> Iterable[tuple[int, int]]:
    """The first and last line of each row of statements that no test reaches."""
    first = last = 0
    for start, line in body.statements.items():
        if (body.path, start) not in taken.statements:
            first, last = first or line, line
        elif first:
            yield first, last
            first = 0
    if first:
        yield first, last
