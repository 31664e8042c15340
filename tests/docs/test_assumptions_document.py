"""`docs/assumptions.md` names each assumption once, and code that exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import flowdsl
from tests.support.rows import for_rows
from tests.support.services.contract import AssumptionRow, assumptions

CLIENT, EMULATOR = (
    assumptions("What the client believes"),
    assumptions("What the local Cyberdesk does"),
)
NAMED_FROM = {"flowdsl": CLIENT, "flowdsl.emulator": EMULATOR}


def find_object(path: str) -> Any:
    """The object of a dotted name: a module, and attributes below it."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AssertionError(f"`{path}` is no name")


@for_rows(
    lambda: [(root, row) for root, rows in NAMED_FROM.items() for row in rows],
    name=lambda item: item[1].key,
)
def test_the_code_of_an_assumption_exists(item: tuple[str, AssumptionRow]) -> None:
    root, row = item
    assert row.code
    for name in row.code:
        find_object(f"{root}.{name}")


def test_keys_are_unique_and_the_emulator_names_no_other() -> None:
    for rows in NAMED_FROM.values():
        assert len({row.key for row in rows}) == len(rows) > 20
    package = Path(flowdsl.__file__).parent / "emulator"
    text = " ".join(" ".join(file.read_text().split()) for file in package.rglob("*.py"))
    named = set(re.findall(r"assumption `([a-z0-9-]+)`", text))
    assert named
    assert named <= {row.key for row in EMULATOR}
