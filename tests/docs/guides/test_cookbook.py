"""Every flow of the cookbook checks without a remark, and its tests pass."""

from __future__ import annotations

from pathlib import Path

from tests.docs.guides.carrying_out import Here
from tests.docs.guides.cookbook import FOLDER, check_project, read_situations, write_projects

FEWEST = 25


def test_the_flows_of_the_cookbook_are_clean_and_their_tests_pass(tmp_path: Path) -> None:
    situations = read_situations()
    assert len(situations) >= FEWEST
    assert {title for title, text in situations.items() if '\ntest "' not in text} == set()
    passed = sum(check_project(project, Here()) for project in write_projects(tmp_path))
    assert passed >= 2 * FEWEST


def test_the_first_page_names_every_situation() -> None:
    first = (FOLDER / "README.md").read_text("utf-8")
    for name in read_situations():
        page, _, title = name.partition(": ")
        assert f"- [{title}]({page}.md#" in first, name
