"""Names of files that a machine chose name one file in one folder, and replace nothing."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.runs.attachments import LONGEST, find_unused_name, safe_name
from tests.support.rows import for_rows


@for_rows(
    lambda: [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Exports\\claims 2026.pdf", "claims 2026.pdf"),
        ("..", "attachment"),
        ("", "attachment"),
        (".bashrc", "bashrc"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("a:b|c?.txt", "a_b_c_.txt"),
        ("evil\x1b[2J.txt", "evil_[2J.txt"),
        ("trail. . ", "trail"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ]
)
def test_a_name_is_made_safe(row: tuple[str, str]) -> None:
    name, safe = row
    assert safe_name(name) == safe


@given(st.text())
def test_any_text_becomes_a_name_of_one_file(name: str) -> None:
    safe = safe_name(name)
    assert safe and not set(safe) & set('/\\:*?"<>|') and not safe.startswith(".")
    assert len(safe.encode(errors="replace")) <= LONGEST
    assert not any(unicodedata.category(each).startswith("C") for each in safe)


def test_a_name_that_is_taken_gets_a_number_whatever_its_case() -> None:
    assert find_unused_name("a.pdf", []) == "a.pdf"
    assert find_unused_name("a.pdf", ["A.PDF", "a (2).pdf"]) == "a (3).pdf"
    assert find_unused_name("noending", ["noending"]) == "noending (2)"
