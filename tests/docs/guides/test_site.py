"""The pages of the documentation are all listed, and the site of them asks no other host."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

from tests.support.browser import Browser, browser, chromium
from tests.support.effort import only_thorough
from tools.site import LLMS, PAGES, ROOT, build_site, render_llms, stage_sources

PHONE = 390
"""Pixels of a telephone's width."""


def test_the_list_of_pages_is_fresh_and_whole() -> None:
    assert LLMS.read_text("utf-8") == render_llms(), "run `python -m tools.site --write`"
    listed = {page for chapter in PAGES.values() for page in chapter}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")} < listed
    assert all((ROOT / page).is_file() for page in listed)


def test_every_link_to_a_page_leads_to_one(tmp_path: Path) -> None:
    stage_sources(tmp_path)
    broken = [
        (page.relative_to(tmp_path).as_posix(), target)
        for page in tmp_path.rglob("*.md")
        for target in re.findall(r"\]\(([^()\s:#]+\.md)(?:#[^()\s]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).is_file()
    ]
    assert broken == []


def test_flows_are_highlighted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs/site"))
    lexer = importlib.import_module("flow_lexer").FlowLexer()
    flow = (ROOT / "examples/claims-reports/flows/claims_export.flow").read_text("utf-8")
    tokens = list(lexer.get_tokens(flow))
    assert "".join(text for _, text in tokens) == flow
    assert "Token.Error" not in {str(kind) for kind, _ in tokens}
    kinds = {text: str(kind) for kind, text in lexer.get_tokens('wait until "{day} {$pin}"  # x\n')}
    assert kinds["until"] == "Token.Keyword"
    assert kinds["day"] == kinds["$pin"] == "Token.Name.Variable"
    assert kinds["# x"] == "Token.Comment.Single"


@only_thorough
def test_the_site_works_in_a_browser(tmp_path: Path) -> None:
    program = chromium()
    if importlib.util.find_spec("sphinx") is None or program is None:
        pytest.skip("the group `docs` or a browser is not installed")
    assert build_site(tmp_path) == 0
    with browser(program, width=PHONE, height=844) as tab:
        for page in ("index.html", "docs/tutorial.html", "docs/cookbook/reading.html"):
            for dark in (False, True):
                tab.open(tmp_path / page, dark=dark)
                _check_page(tab)
        _search(tab, tmp_path, "undeclared-in-prompt", "docs/reference/undeclared-in-prompt.html")
        _search(tab, tmp_path, "mainframe", "docs/cookbook/reading.html")
        # A guide comes before the decisions about what it explains.
        _search(tab, tmp_path, "pull", "docs/pulling.html", among=1)
        _search(tab, tmp_path, "deploy", "docs/deploying.html", among=1)
    if folder := os.environ.get("FLOWDSL_PICTURES"):
        _keep_pictures(program, tmp_path, Path(folder))


def _check_page(tab: Browser) -> None:
    """Nothing comes from another host, nothing is wider than the page, all of it can be read."""
    assert [each for each in tab.requests if not each.startswith(("file:", "data:"))] == []
    assert (tab.messages, tab.refused) == ([], [])
    assert tab.value("document.documentElement.scrollWidth") == PHONE
    assert tab.pale() == []
    widths = tab.value(
        "[...document.querySelectorAll('pre')].map((each) => each.getBoundingClientRect().width)"
    )
    assert widths and max(widths) <= PHONE


def _search(tab: Browser, site: Path, word: str, expected: str, among: int = 5) -> None:
    """Search for a word as a reader does: the first results name the page."""
    tab.open(site / "index.html")
    tab.value(f"location.href = 'search.html?q={word}'")
    found: list[str] = []
    for _ in range(100):
        found = tab.value(
            "new Promise((done) => setTimeout(() => done([...document.querySelectorAll("
            "'#search-results li a')].map((each) => each.href)), 100))"
        )
        if any(expected in each for each in found):
            break
    assert any(expected in each for each in found[:among]), found
    assert [each for each in tab.requests if not each.startswith(("file:", "data:"))] == []


def _keep_pictures(program: str, site: Path, folder: Path) -> None:
    """Pictures to look at, of a telephone and of a desk, bright and dark."""
    with browser(program) as tab:
        for width in (PHONE, 1280):
            tab.resize(width, 900)
            for dark in (False, True):
                tab.open(site / "docs/cookbook/reading.html", dark=dark)
                name = f"{width}-{'dark' if dark else 'light'}.png"
                (folder / name).write_bytes(tab.picture())
