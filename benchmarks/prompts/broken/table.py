"""The mutants that mean the same as the compiler, judged by hand: `mutants.toml`.

Each line is a mark and an id. Where a function, a file or a variable has another name, the id is
gone and the line is found by its mark.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from .said import said_otherwise
from .sites import Site, files, sites

TABLE = Path(__file__).parents[1] / "mutants.toml"


def equivalents() -> dict[str, str]:
    """The mutants that mean the same, with their reasons."""
    return {here: why for why, rows in _followed().items() for _, here in rows if here}


def gone() -> list[str]:
    """The equivalents of the table that no mutant of the code as it is has for a name."""
    return [line for rows in _followed().values() for line, here in rows if not here]


def moved() -> list[str]:
    """The equivalents of the table that have another name by now."""
    return [
        line
        for row in _followed().values()
        for line, here in row
        if here and here != line.partition(" ")[2]
    ]


def table_text() -> str:
    """The table of equivalents with the ids of today, as TOML."""
    marks = {each.id: each.mark for each in _all_sites()}
    parts = [_HEAD]
    for why, rows in _followed().items():
        lines = [f"{marks.get(here, '-')} {here}" if here else line for line, here in rows]
        listed = "".join(f"    {_quoted(each)},\n" for each in sorted(lines, key=_by_id))
        parts.append(f"[[reason]]\nwhy = {_quoted(why)}\nmutants = [\n{listed}]\n")
    return "\n".join(parts)


def _by_id(line: str) -> str:
    return line.partition(" ")[2]


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


_HEAD = """\
# Mutants of `mutants.py` that mean the same as the compiler, judged by hand: a mark that survives
# other names, and the id. `python benchmarks/prompts/mutants.py --mend` writes it in this form.
"""


@cache
def _followed() -> dict[str, list[tuple[str, str]]]:
    return followed(TABLE.read_text(encoding="utf-8"))


def followed(text: str) -> dict[str, list[tuple[str, str]]]:
    """The lines of a table by their reasons, each with the id it has today; empty: none."""
    table: dict[str, Any] = tomllib.loads(text)
    ids = {each.id for each in (*_all_sites(), *said_otherwise())}
    lines = [line for each in table["reason"] for line in each["mutants"]]
    taken = {_by_id(line) for line in lines}
    same: defaultdict[str, list[Site]] = defaultdict(list)
    for site in _all_sites():
        if site.id not in taken:
            same[site.mark].append(site)

    def today(line: str) -> str:
        mark, _, name = line.partition(" ")
        if name in ids:
            return name
        path = name.partition(":")[0]
        beside = [each for each in same[mark] if each.path == path] or same[mark]
        return beside[0].id if len(beside) == 1 else ""

    return {
        each["why"]: [(line, today(line)) for line in each["mutants"]] for each in table["reason"]
    }


@cache
def _all_sites() -> list[Site]:
    return [site for path in files() for site in sites(path)]
