"""The table of `docs/resources.md`: the operations of the contract, and the command for each.

`python -m tests.support.reach --write` runs every command on a local Cyberdesk
(`services.every_command`) and writes which operations were asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.services.contract import contract, operations
from tests.support.services.every_command import carried_out

DOCUMENT = Path(__file__).parents[2] / "docs/resources.md"
HEADING = "## Which command reaches which operation"
SHOWN = 3
"""Commands of one operation that the table names: those that send little else."""

UNREACHED: Mapping[str, tuple[str, ...]] = {
    "a hand on a desktop; runs do that, and the dashboard": (
        *("/v1/computer/", "/v1/machines/{machine_id}/cyberdriver/"),
    ),
    "the driver on a desktop signs in and finds its peers": (" /api/",),
    "for probes of the service's host; `flowdsl health` asks those below `/v1`": (
        *("GET /", "GET /health", "GET /health/db", "GET /health/live", "GET /health/ready"),
    ),
    "written by the platform, or by the driver of a machine": (
        *("POST /v1/connections", "PATCH /v1/connections/", "DELETE /v1/connections/"),
        *("POST /v1/request-logs", "PATCH /v1/request-logs/", "DELETE /v1/request-logs/"),
        "POST /v1/machines",
    ),
    "recordings come from runs": ("POST /v1/trajectories",),
    "the machine says it itself; asked for only where it does not": (
        "GET /v1/machines/{machine_id}/pools",
    ),
    "of no documented shape; `restore` reads the versions in the workflow": (
        "GET /v1/workflows/{workflow_id}/versions",
    ),
    "a copy of a flow has a name, a review and tests": (
        "POST /v1/workflows/{workflow_id}/duplicate",
    ),
    "deletes a workflow; git and `flowdsl pull` bring edits together": (
        "POST /v1/workflows/{workflow_id}/merge",
    ),
}
"""Why no command reaches an operation: whole names, or what an operation holds that ends in `/`."""


def reasons(name: str) -> list[str]:
    """Why no command reaches an operation."""
    return [why for why, marks in UNREACHED.items() if any(_means(each, name) for each in marks)]


def _means(mark: str, name: str) -> bool:
    return mark == name or (mark.endswith("/") and mark != "GET /" and mark in name)


def by_operation() -> dict[str, list[str]]:
    """The commands that ask for each operation, those first that ask for few others."""
    reached = carried_out().reached
    every: dict[str, list[str]] = {name: [] for name, _ in operations(contract())}
    for command in sorted(reached, key=lambda each: (len(reached[each]), each)):
        for name in reached[command]:
            every[name].append(command)
    return every


def document() -> str:
    """The section of the document."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    every = by_operation()
    count = sum(map(bool, every.values()))
    yield HEADING
    yield ""
    yield (
        f"Commands reach {count} of the contract's {len(every)} operations. "
        "`python -m tests.support.reach --write` runs every command, reads its requests and writes "
        "the table."
    )
    yield ""
    yield "| Operation | `flowdsl` |"
    yield "|---|---|"
    for name, commands in every.items():
        if commands:
            shown = ", ".join(f"`{each}`" for each in commands[:SHOWN])
            yield f"| `{name}` | {shown}{' and others' if len(commands) > SHOWN else ''} |"
    yield ""
    yield f"No command reaches the other {len(every) - count}:"
    yield ""
    yield "| Why | Operations |"
    yield "|---|---|"
    for why in UNREACHED:
        names = [f"`{name}`" for name in every if why in reasons(name)]
        yield f"| {why} | {', '.join(names)} |"
    yield ""


def main() -> None:
    """Write or print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into the document")
    arguments = parser.parse_args()
    if not arguments.write:
        print(document())
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(f"{text.partition(HEADING)[0]}{document()}", encoding="utf-8")


if __name__ == "__main__":
    main()
