"""The page of `flowdsl trace --html` in a real browser, where one is installed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tracing.test_trace_checks import CHECKED
from tests.cli.tracing.test_trace_checks import FAILS as CHECK_FAILS
from tests.cli.tracing.traced_desk import LIBRARY, TracedDesk, line_of
from tests.support.browser import Browser, browser, chromium
from tests.support.command_line import write_tree

FAILS = {"fail": {"step": "4.2", "entry": 3}}
ABORT = line_of(LIBRARY, 'choose "the row')
MARKUP = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"
LONG = "x" * 20_000
TURNED = "invoice\u202egnp.exe"

CHOSEN = "[...document.querySelectorAll('tr.chosen')].map((row) => row.id + ' ' + row.innerText)"
SHOWN = "[...document.querySelectorAll('.step')].filter((s) => s.offsetParent).map((s) => s.id)"
IN_VIEW = """(() => {
  const row = document.querySelector("tr.chosen").getBoundingClientRect();
  const pane = document.getElementById("sources").getBoundingClientRect();
  return row.top >= pane.top && row.bottom <= pane.bottom;
})()"""


def hostile() -> list[dict[str, Any]]:
    """A history with markup, a text that turns others around, and long words, wherever text is."""
    use = {"type": "tool_use", "tool_use_id": "t1", "tool_name": MARKUP}
    result = {"type": "tool_result", "tool_use_id": "t1", "tool_result": LONG, "error": MARKUP}
    return [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": MARKUP + TURNED},
                {**use, "tool_input": {MARKUP: LONG}},
            ],
            "event_type": MARKUP,
        },
        {"role": "user", "content": [result]},
    ]


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium or Chrome is installed")
    with browser(program) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(shown: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    desk = TracedDesk(tmp_path_factory.mktemp("traced"))
    write_tree(desk.root, {"flows/claims.flow": CHECKED})
    desk.deploy()
    runs = {
        "failed": desk.run(FAILS),
        "checks": desk.run(CHECK_FAILS),
        "hostile": desk.run(FAILS, history=hostile()),
    }
    for name, run in runs.items():
        done = desk.trace(run, "--html", f"{name}.html")
        assert done.code == 0, done.err
    return {name: desk.root / f"{name}.html" for name in runs}


def test_a_click_on_a_failed_step_leads_to_its_line(shown: Browser, pages: dict[str, Path]) -> None:
    shown.open(pages["failed"])
    before = shown.value("location.href")
    shown.click(".step.failed a.place")
    (chosen,) = shown.value(CHOSEN)
    assert chosen.split()[0].endswith(f"-{ABORT}")
    assert 'choose "the row whose number is {number}"' in chosen
    assert shown.value(IN_VIEW)
    shown.click(".step a.place")
    (other,) = shown.value(CHOSEN)
    assert other != chosen and shown.value(IN_VIEW)
    assert shown.value("location.href") == before and shown.messages == []


def test_a_click_on_a_failed_check_leads_to_its_line(
    shown: Browser, pages: dict[str, Path]
) -> None:
    shown.open(pages["checks"])
    shown.click("header .error a.place")
    (chosen,) = shown.value(CHOSEN)
    assert chosen.split()[0].endswith(f"-{line_of(CHECKED, 'report filed')}")
    assert 'file "claims.pdf" exists as "report filed"' in chosen and shown.value(IN_VIEW)
    assert len(shown.value("[...document.querySelectorAll('tr.failed')].map((r) => r.id)")) == 2


def test_filters_narrow_the_entries(shown: Browser, pages: dict[str, Path]) -> None:
    shown.open(pages["failed"])
    everything = shown.value(SHOWN)
    assert len(everything) > 10
    shown.click(".bar input[value=failed]")
    failed = shown.value(SHOWN)
    assert failed == everything[-2:]
    assert shown.value("document.getElementById('count').innerText") == f"2 of {len(everything)}"
    shown.click("#words")
    shown.type('{"REASON"')
    assert shown.value(SHOWN) == failed[-1:]
    assert not shown.value("document.getElementById('none').offsetParent !== null")
    shown.type("nothing like it")
    assert shown.value(SHOWN) == []
    assert shown.value("document.getElementById('none').offsetParent !== null")


def test_screenshots_are_shown_and_grow_on_a_click(shown: Browser, pages: dict[str, Path]) -> None:
    shown.open(pages["failed"])
    widths = shown.value("[...document.images].map((image) => image.naturalWidth)")
    assert len(widths) > 5 and min(widths) > 0
    expanded = "document.querySelector('.picture').getAttribute('aria-expanded')"
    limit = "getComputedStyle(document.querySelector('.picture img')).maxHeight"
    assert (shown.value(expanded), shown.value(limit)) == ("false", "224px")
    shown.click(".picture")
    assert (shown.value(expanded), shown.value(limit)) == ("true", "none")


def test_no_request_leaves_the_page(shown: Browser, pages: dict[str, Path]) -> None:
    for name in ("failed", "hostile"):
        shown.open(pages[name])
        assert shown.value("document.querySelectorAll('.step').length") > 0
        assert shown.requests[0] == pages[name].as_uri()
        assert all(each.startswith("data:image/") for each in shown.requests[1:])
        assert shown.refused == []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        there = f"http://127.0.0.1:{server.getsockname()[1]}/"
        asked = shown.value(
            f"fetch('{there}').then(() => 'sent', () => 'refused').then(async (said) => {{"
            "  const add = (tag, fields) => new Promise((done) => {"
            "    const made = Object.assign(document.createElement(tag), fields);"
            "    made.onload = () => done('sent'); made.onerror = () => done('refused');"
            "    document.body.append(made); });"
            f" return [said, await add('img', {{src: '{there}p.png'}}),"
            f"  await add('script', {{src: '{there}s.js'}}),"
            f"  await add('link', {{rel: 'stylesheet', href: '{there}s.css'}})]; }})"
        )
        assert asked == ["refused"] * 4
        shown.value(
            "document.body.append(Object.assign(document.createElement('script'),"
            " {textContent: 'window.ran = 3'}))"
        )
        assert shown.value("window.ran === undefined")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_keyboard_is_enough(shown: Browser, pages: dict[str, Path]) -> None:
    shown.open(pages["failed"])
    focus = "document.activeElement.id || document.activeElement.className"
    shown.press("/")
    assert shown.value(focus) == "words"
    everything = shown.value(SHOWN)
    shown.type("loop entry 3")
    assert shown.value(SHOWN) == everything[-3:-1]
    shown.press("Escape")
    assert shown.value(SHOWN) == everything and shown.value("words.value") == ""
    shown.press("Tab")
    shown.press(" ")
    assert shown.value("document.activeElement.checked") and len(shown.value(SHOWN)) == 2
    for _ in range(4):
        shown.press("Tab")
    assert shown.value(focus) == "place"
    assert shown.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    shown.press("Enter")
    (chosen,) = shown.value(CHOSEN)
    assert chosen.split()[0].endswith(f"-{ABORT}")
    assert shown.value(focus) == "place"

    # A long text scrolls, so that it takes the focus; a short one is passed over.
    shown.open(pages["hostile"])
    stops = "[...document.querySelectorAll('.step > pre')].map((text) => text.tabIndex)"
    assert shown.value(stops) == [0, 0]
    shown.open(pages["failed"])
    assert set(shown.value(stops)) == {-1}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["failed", "checks", "hostile"])
def test_every_word_stands_out_in_bright_and_dark_and_fits(
    shown: Browser, pages: dict[str, Path], name: str, dark: bool
) -> None:
    shown.resize(800, 800)
    try:
        shown.open(pages[name], dark=dark)
        red = shown.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(red) < 60) is dark
        assert shown.pale() == []
        assert shown.overflowing() == []
        if name != "hostile":
            shown.click("a.place")
            assert shown.pale() == []
    finally:
        shown.resize(1280, 800)


def test_hostile_text_stays_text(shown: Browser, pages: dict[str, Path]) -> None:
    shown.open(pages["hostile"])
    assert shown.value("window.ran === undefined")
    assert shown.value("document.scripts.length") == 1
    assert shown.value("document.images.length") == 0
    text = shown.value("document.getElementById('steps').textContent")
    assert text.count(MARKUP) >= 4
    assert "\u202e" not in text and "invoice\\u202egnp.exe" in text
    assert "x" * 7_000 in text and "(cut)" in text and LONG not in text
    assert shown.messages == []
