"""Every feature of the editor on its cases, with the answers that stand beside them."""

from __future__ import annotations

from pathlib import Path

from tests.support.editing.features import ANSWERS, CASES, Case, answer, find_cases
from tests.support.rows import for_rows


@for_rows(find_cases, name=lambda path: str(path.relative_to(CASES)), fewest=40)
def test_a_feature_answers_what_stands_beside_its_case(path: Path) -> None:
    assert answer(path) == Case(path).answer_path.read_text(encoding="utf-8")


def test_every_feature_has_cases_and_every_answer_a_case() -> None:
    assert {path.parent.name for path in find_cases()} == ANSWERS.keys()
    answers = set(CASES.rglob("*.answer.txt"))
    assert answers == {Case(path).answer_path for path in find_cases()}
