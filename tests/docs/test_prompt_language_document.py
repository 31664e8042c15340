"""`docs/prompt-language.md` shows every sentence and axis as they are."""

from __future__ import annotations

import re

import pytest

from flowdsl.prompt.sentences import SENTENCES
from flowdsl.simulate.machine.meanings import AXES
from tools.prompt_language import FILE, document, main


def test_the_page_is_fresh() -> None:
    assert FILE.read_text("utf-8") == document()


def test_every_sentence_and_axis_has_a_section_and_every_link_one() -> None:
    text = document()
    sections = re.findall(r"^### `([^`]+)`$", text, re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert set(sections) >= {*SENTENCES, *(axis.name for axis in AXES.values())}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(sections)


@pytest.mark.parametrize(("content", "code"), [("stale", 1), (None, 1), (document(), 0)])
def test_the_script_tells_a_stale_page(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, content: str | None, code: int
) -> None:
    page = tmp_path / "page.md"  # type: ignore[operator]
    monkeypatch.setattr("tools.prompt_language.FILE", page)
    if content is not None:
        page.write_text(content, encoding="utf-8")
    assert main(["--check"]) == code
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    assert main([]) == 64
