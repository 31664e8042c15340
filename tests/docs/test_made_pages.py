"""Every page that a script makes is as the script makes it now, and a stale one is told."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.support.rows import in_rows
from tools import language_reference, project_file, prompt_language, reference
from tools.made import write_or_check


@in_rows("tool", [language_reference, project_file, prompt_language, reference], ids=str)
def test_a_page_is_fresh(tool: ModuleType) -> None:
    assert tool.main(["--check"]) == 0


@pytest.mark.parametrize(("content", "code"), [("stale", 1), (None, 1), ("fresh", 0)])
def test_a_stale_page_is_told(tmp_path: Path, content: str | None, code: int) -> None:
    page = tmp_path / "page.md"
    if content is not None:
        page.write_text(content, encoding="utf-8")
    for word, expected in (("--check", code), ("--write", 0), ("--check", 0), ("", 64)):
        assert write_or_check([word], "tools.made", page, "fresh") == expected
