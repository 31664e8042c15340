"""`docs/project-file.md` lists what may stand in `flowdsl.toml`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from flowdsl.config.keys import PROJECT_FILE, ArrayOf, Key, KeyTable, Shape, TableOf
from flowdsl.config.schema import project_file_schema
from tools.project_file import FILE, document, main


def keys(shape: Shape) -> Iterator[Key]:
    """Every key of the file, of whatever table."""
    match shape:
        case KeyTable(keys=found):
            for key in found:
                yield key
                yield from keys(key.shape)
        case TableOf(of=inner) | ArrayOf(of=inner):
            yield from keys(inner)


def test_the_page_is_fresh() -> None:
    assert FILE.read_text("utf-8") == document()


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


@pytest.mark.parametrize(("content", "code"), [("stale", 1), (None, 1), (document(), 0)])
def test_the_script_tells_a_stale_page(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, content: str | None, code: int
) -> None:
    page = tmp_path / "page.md"  # type: ignore[operator]
    monkeypatch.setattr("tools.project_file.FILE", page)
    if content is not None:
        page.write_text(content, encoding="utf-8")
    assert main(["--check"]) == code
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    assert main([]) == 64


def test_the_schema_has_an_id_that_editors_know_it_by() -> None:
    assert re.fullmatch("urn:[a-z]+:[a-z:-]+", project_file_schema()["$id"])
