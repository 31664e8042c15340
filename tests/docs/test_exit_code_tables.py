"""Every exit code is told in a table of the documents, and no table tells another one."""

from __future__ import annotations

import re
from pathlib import Path

from flowdsl.cli.runtime import exit_codes

DOCS = Path(__file__).parents[2] / "docs"
SIGNALS = {130, 143}
_TABLE = re.compile(r"^\| (?:Exit code|Code) \|.*\n\|[-| ]+\n(?P<rows>(?:\|.*\n)+)", re.M)


def told() -> dict[str, set[int]]:
    """The codes in the first columns of the tables, by the document."""
    found: dict[str, set[int]] = {}
    for path in sorted(DOCS.glob("*.md")):
        for table in _TABLE.finditer(path.read_text(encoding="utf-8")):
            for row in table["rows"].splitlines():
                numbers = re.findall(r"\d+", row.split("|")[1])
                found.setdefault(path.name, set()).update(map(int, numbers))
    return found


def test_tables_tell_the_codes_that_there_are() -> None:
    codes = {each for each in vars(exit_codes).values() if isinstance(each, int)}
    tables = told()
    assert len(tables) >= 5
    unknown = {name: each - codes - SIGNALS for name, each in tables.items()}
    assert not any(unknown.values()), unknown
    assert set().union(*tables.values()) == codes | SIGNALS
