"""`docs/tutorial.md` is carried out from its first command to its last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.guides.carrying_out import (
    TUTORIAL,
    Here,
    is_shown,
    name_git_author,
    read_steps,
    run_document,
)


def test_everything_in_the_tutorial_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_git_author(monkeypatch)
    assert run_document(TUTORIAL.read_text("utf-8"), tmp_path, Here()) > 25


def test_a_document_with_a_wrong_output_fails(tmp_path: Path) -> None:
    assert is_shown("one\n...\nlast ... words\n", "one\ntwo\nthree\nlast of 3 words\n")
    assert is_shown("...\n", "")
    for shown in ("one\n", "one\n...\nother\n", "one\ntwo\n...\n"):
        assert not is_shown(shown, "one\nother\nthing\n")
    document = "```sh\nflowdsl --version\n```\n\n```text\nflowdsl 0.0\n```\n"
    with pytest.raises(AssertionError, match="prints something else: line 1"):
        run_document(document, tmp_path, Here())
    with pytest.raises(AssertionError, match="ends with 0"):
        run_document("<!-- ends with 3 -->\n" + document, tmp_path, Here())
    with pytest.raises(ValueError, match="says nothing of commands"):
        read_steps("<!-- perhaps -->\n" + document)
