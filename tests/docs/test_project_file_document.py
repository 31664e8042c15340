"""`docs/project-file.md` lists what may stand in `flowdsl.toml`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.config.keys import PROJECT_FILE, ArrayOf, Key, KeyTable, Shape, TableOf
from flowdsl.config.schema import project_file_schema
from tools.project_file import document


def keys(shape: Shape) -> Iterator[Key]:
    """Every key of the file, of whatever table."""
    match shape:
        case KeyTable(keys=found):
            for key in found:
                yield key
                yield from keys(key.shape)
        case TableOf(of=inner) | ArrayOf(of=inner):
            yield from keys(inner)


def test_every_key_has_a_row_or_a_section() -> None:
    text = document()
    rows = re.findall(r"^\| `([^`]+)` \| .+ \| (.+) \|$", text, re.MULTILINE)
    sections = [
        (heading.strip("[]").removesuffix(".NAME").rpartition(".")[2], what)
        for heading, what in re.findall(r"^## `(\[.+\])`\n\n(.+?)\.(?: |$)", text, re.MULTILINE)
    ]
    shown = [(name, what.lower()) for name, what in (*rows, *sections)]
    assert sorted(shown) == sorted(
        (key.name, key.description.lower()) for key in keys(PROJECT_FILE)
    )


def test_the_schema_has_an_id_that_editors_know_it_by() -> None:
    assert re.fullmatch("urn:[a-z]+:[a-z:-]+", project_file_schema()["$id"])
