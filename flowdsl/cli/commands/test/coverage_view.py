"""What tests take of flows, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flowdsl.testing.coverage import Body, Taken, percent

from ..resources.table import Column, render_table


def coverage_text(bodies: Sequence[Body], taken: Taken, show_path: Callable[[str], str]) -> str:
    """A row for each workflow and task, and a line for each way that no test takes."""
    columns = (
        Column("WAYS", "ways"),
        Column("TAKEN", "taken"),
        Column("", "kind"),
        Column("NAME", "name"),
        Column("FILE", "path"),
    )
    rows = (_row(body, taken, show_path) for body in bodies)
    lines = [render_table(columns, rows), *_missed(bodies, taken, show_path)]
    lines.append(f"{percent(bodies, taken):.1f} % of the ways are taken")
    return "\n".join(lines)


def _row(body: Body, taken: Taken, show_path: Callable[[str], str]) -> dict[str, str]:
    return {
        "ways": str(len(body.ways)),
        "taken": str(sum(way.key in taken.ways for way in body.ways)),
        "kind": body.kind,
        "name": body.name,
        "path": show_path(body.path),
    }


def _missed(bodies: Iterable[Body], taken: Taken, show_path: Callable[[str], str]) -> Iterable[str]:
    for body in bodies:
        for way in body.ways:
            if way.key not in taken.ways:
                yield f"  {show_path(way.path)}:{way.line}: never: {way.words}"
