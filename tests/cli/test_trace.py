"""`flowdsl trace` on runs of the embedded emulator: the right line, whatever became of the source
since.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tracing.traced_desk import CANARY, LIBRARY, MAIN, TracedDesk, line_of
from tests.support.command_line import read_tree, write_tree

ABORT = line_of(LIBRARY, 'choose "the row')
CHOOSE = line_of(LIBRARY, "choose")
FAILS = {"fail": {"step": "4.2", "entry": 3}}
"""The step of the prompt that `choose` of the task becomes, in the third entry of the list."""


@pytest.fixture
def desk(tmp_path: Path) -> TracedDesk:
    return TracedDesk(tmp_path)


@pytest.fixture
def deployed(desk: TracedDesk) -> TracedDesk:
    desk.deploy()
    return desk


class Page(HTMLParser):
    """What a page holds: addresses, ids, and the links of the steps that failed."""

    VOID = frozenset({"meta", "input", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.failed: list[list[str]] = []
        self.visible = ""
        self.policy = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in (
            "src",
            "href",
            "action",
            "data",
            "srcset",
            "poster",
            "formaction",
            "background",
        ):
            if given.get(name):
                self.addresses.append(str(given[name]))
        assert not [name for name in given if name.startswith("on") or name == "style"]
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(given["content"])
        if "id" in given:
            self.ids.append(str(given["id"]))
        classes = (given.get("class") or "").split()
        if tag == "article" and "failed" in classes:
            self.failed.append([])
        elif tag == "a":
            self.links.append(str(given["href"]))
            if self.failed and "article" in self._open:
                self.failed[-1].append(str(given["href"]))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.visible += data


def test_a_failure_in_the_third_entry_of_a_loop_is_traced_into_the_task(
    deployed: TracedDesk,
) -> None:
    run = deployed.run(FAILS)
    before = {k: v for k, v in read_tree(deployed.root).items() if "emulator" not in k}
    shown = deployed.trace(run)
    assert (shown.code, shown.err) == (0, "")
    assert f"run {run} of workflow.claims in local: task_failed after" in shown.text
    assert f"failed at flows/lib/portal.flow:{ABORT} (choose), in loop entry 3" in shown.text
    assert "the reason is the one that this line gives" in shown.text
    assert f'{ABORT} |   choose "the row whose number is {{number}}"' in shown.text
    assert re.search(r"\n  entry 3  .*  failed\n", shown.text)
    assert "not placed" not in shown.text
    told = deployed.told(run)
    assert {k: v for k, v in read_tree(deployed.root).items() if "emulator" not in k} == before
    assert (told["format_version"], told["kind"]) == (1, "trace")
    assert told["failure"]["source"]["path"] == "flows/lib/portal.flow"
    assert told["failure"]["source"]["start"]["line"] == ABORT
    assert (told["failure"]["loop_entry"], told["failure"]["is_check"]) == (3, True)
    assert (told["source_map"]["kind"], told["prompt"]["certainty"]) == ("exact", "told")
    assert [each["failed"] for each in told["loops"]] == [False, False, True]
    by_label = {each["label"]: each for each in told["lines"]}
    assert by_label["4.1"]["loop_entries"] == [1, 2, 3]
    assert by_label["4.3"]["loop_entries"] == [1, 2]
    assert by_label["1"]["source"]["start"]["line"] == line_of(MAIN, "Start Claims Portal")
    assert all(entry["placed"] or entry["kind"] == "told" for entry in told["entries"])


def test_the_source_may_have_moved_on(desk: TracedDesk) -> None:
    commit = desk.commit()
    desk.deploy()
    run = desk.run(FAILS)
    moved = LIBRARY.replace("flow 1\n", "flow 1\n\n# Two more lines.\n")
    write_tree(desk.root, {"flows/lib/portal.flow": moved})
    shown = desk.trace(run).text
    assert f"portal.flow:{ABORT} (now {ABORT + 2}) (choose)" in shown
    assert "`flows/lib/portal.flow` has moved on in the working tree since the deploy" in shown
    assert "`flows/claims.flow` has moved on" not in shown
    assert commit[:12] in shown

    # Now the prompt changes too, and is deployed: the run keeps the version it had.
    other = moved.replace("Press F3 for the claim search", "Press F4 for the search of claims")
    write_tree(desk.root, {"flows/lib/portal.flow": other})
    desk.deploy()
    told = desk.told(run)
    assert (told["prompt"]["origin"], told["source_map"]["kind"]) == ("earlier", "exact")
    assert told["source_map"]["commit"] == commit
    assert told["failure"]["source"]["start"]["line"] == ABORT
    assert told["failure"]["source"]["text"] == [
        '  choose "the row whose number is {number}"',
        '    else abort "Claim {number} is not in the list"',
    ]
    (file,) = [each for each in told["files"] if each["path"] == "flows/lib/portal.flow"]
    assert (file["now"], file["text_from"]) == ("moved", "state")
    assert any("the workflow was changed since" in note for note in told["notes"])

    (desk.root / "flows/lib/portal.flow").unlink()
    gone = desk.told(run)
    assert {each["now"] for each in gone["files"]} == {"same", "gone"}
    assert gone["failure"]["source"]["now"] == "gone"


def test_without_the_deployed_text_the_places_stay_and_that_is_said(deployed: TracedDesk) -> None:
    run = deployed.run(FAILS)
    write_tree(deployed.root, {"flows/lib/portal.flow": "flow 1\n"})
    for kept in (deployed.root / ".flowdsl/state").rglob("sources/*.json"):
        # As a store that lost it, or whose text somebody changed.
        kept.write_text('{"text": "flow 1\\n\\n# Not what was deployed.\\n"}')
    told = deployed.told(run)
    assert told["failure"]["source"]["start"]["line"] == ABORT
    assert told["failure"]["source"]["text"] is None
    assert any("its deployed text is not to be had" in note for note in told["notes"])
    deployed.trace(run, "--html", "trace.html")
    page = Page((deployed.root / "trace.html").read_text())
    assert all(link[1:] in page.ids for links in page.failed for link in links)


def test_free_words_of_an_agent_are_traced_too(deployed: TracedDesk) -> None:
    loop = {"loop_uuid": "7b0c", "iteration_index": 2}
    call = {"type": "tool_use", "tool_use_id": "t1", "tool_name": "focused_action"}
    history = [
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "Opening Claims Portal first."}],
        },
        {
            "role": "assistant",
            "content": [{**call, "tool_input": {"instruction": "open the row with number HM-3"}}],
            **loop,
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "tool_result": "no such row"}],
            **loop,
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "tool_use",
                    "tool_name": "declare_task_failed",
                    "tool_input": {"reason": "Claim HM-3 is not in the list"},
                }
            ],
        },
    ]
    told = deployed.told(deployed.run(FAILS, history=history))
    assert told["failure"]["source"]["start"]["line"] == ABORT
    assert told["failure"]["loop_entry"] == 3
    assert [each["placed"]["label"] for each in told["entries"]] == ["1", "4.2", "4.2"]
    assert told["lines"][1]["reads"] == ["no such row"]
    assert told["prompt"]["certainty"] == "time"


def test_a_page_stands_by_itself_and_every_failing_step_leads_to_its_line(
    deployed: TracedDesk,
) -> None:
    done = deployed.trace(deployed.run(FAILS), "--html", "out/trace.html")
    assert (done.code, done.err) == (0, "")
    text = (deployed.root / "out/trace.html").read_text()
    page = Page(text)
    assert len(page.failed) == 2 and all(page.failed)
    assert {link for links in page.failed for link in links} == {f"#s1-{ABORT}"}
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    pictures = [each for each in page.addresses if not each.startswith("#")]
    assert pictures and all(each.startswith("data:image/png;base64,") for each in pictures)
    assert "://" not in text
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in page.policy and "supabase" not in text
    assert 'else abort "Claim {number} is not in the list"' in page.visible
    deployed.trace(deployed.run(), "--html", "plain.html", "--no-screenshots")
    assert "data:image" not in (deployed.root / "plain.html").read_text()


def test_no_output_holds_a_secret_or_an_address_of_a_picture(deployed: TracedDesk) -> None:
    run = deployed.run(FAILS)
    text = deployed.trace(run, "--entries", "-v")
    told = deployed.trace(run, "--json", "--html", "trace.html", "-v")
    page = (deployed.root / "trace.html").read_text()
    for output in (text.text, text.err, told.text, told.err, page):
        assert CANARY not in output
        assert "token=" not in output and "expires=" not in output
    assert "{$password}" in text.text and "{$password}" in told.text and "{$password}" in page
    assert "/storage/v1/object/sign/run-images/" in told.err
    assert "run-images" not in told.text + page


def test_an_edit_in_the_dashboard_leaves_the_other_lines_their_places(
    deployed: TracedDesk, change_prompt: Callable[[TracedDesk, str, str], None]
) -> None:
    change_prompt(deployed, 'Click "Close" at the bottom', 'Click "Leave" at the top')
    told = deployed.told(deployed.run(FAILS))
    assert told["source_map"]["kind"] == "carried"
    assert told["failure"]["source"]["start"]["line"] == ABORT
    by_label = {each["label"]: each for each in told["lines"]}
    assert by_label["4.3"]["source"] is None
    assert any("was not deployed as it is" in note for note in told["notes"])


@pytest.fixture
def change_prompt() -> Callable[[TracedDesk, str, str], None]:
    from flowdsl.emulator.store import Store
    from tests.support.services.embedded_service import Client

    def change(desk: TracedDesk, old: str, new: str) -> None:
        with Store.open(desk.root / ".flowdsl/emulator.sqlite") as store:
            client = Client(store)
            (row,) = client("GET", "workflows").json()["items"]
            assert old in row["main_prompt"]
            edited = {"main_prompt": row["main_prompt"].replace(old, new)}
            assert client("PATCH", f"workflows/{row['id']}", json=edited).status_code == 200

    return change


def test_a_run_with_a_prompt_of_its_own_is_laid_over_that(deployed: TracedDesk) -> None:
    told = deployed.told(
        deployed.run({"fail": {"step": "2"}}, main_prompt="1. Open the vault.\n2. Count the coins.")
    )
    assert (told["prompt"]["origin"], told["failure"]["line"]) == ("run", 2)
    assert (told["failure"]["source"], told["failure"]["is_check"]) == (None, False)
    assert any("prompt of its own" in note for note in told["notes"])


def test_without_state_the_run_is_laid_over_the_prompt_alone(deployed: TracedDesk) -> None:
    run = deployed.run(FAILS)
    for path in (deployed.root / ".flowdsl/state").iterdir():
        if path.is_file():
            path.unlink()
    shown = deployed.trace(run)
    assert shown.code == 0
    assert "nothing is deployed from here" in shown.text
    assert re.search(r"failed at prompt:\d+, in loop entry 3", shown.text)
    told = deployed.trace(run, "--html", "trace.html")
    page = Page((deployed.root / "trace.html").read_text())
    assert told.code == 0 and all(page.failed)
    assert all(link[1:] in page.ids for links in page.failed for link in links)


HOSTILE: dict[str, list[Any]] = {
    "keys": [{}, {"role": None}, {"content": 5}, {"role": [], "content": [{}, 7, None, [1]]}],
    "types": [
        {
            "role": {"a": 1},
            "content": [{"type": "tool_use", "tool_name": 3, "tool_input": [[[1]]]}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": 9, "error": {"x": 1}}]},
        {"role": "assistant", "content": "words", "timestamp": "yesterday", "iteration_index": -4},
        {"role": "assistant", "content": [], "timestamp": "9999-12-31T23:59:59+00:00"},
    ],
    "huge": [{"role": "assistant", "content": [{"type": "text", "text": "word " * 200_000}]}] * 3,
    "terminal": [
        {"role": "assistant", "content": [{"type": "text", "text": "\x1b]0;x\x07\u202eevil\x00"}]}
    ],
    "markup": [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "</div><script src=https://evil.test/x.js></script>"},
                {"type": "image", "image_url": "https://evil.test/p.png"},
                {"type": "image", "image_base64": "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+"},
                {"type": "image", "image_url": "supabase://run-images/" + "x" * 100_000},
                {"type": "image", "image_url": "\x00\u202e%zz#?&"},
                {"type": "tool_use", "tool_name": "<img onerror=x>", "tool_input": {"'\"<": "&"}},
            ],
            "event_type": "<b>",
            "loop_uuid": "<i>",
        }
    ],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_history_is_shown_and_harms_nobody(name: str, deployed: TracedDesk) -> None:
    run = deployed.run(FAILS, history=HOSTILE[name])
    text = deployed.trace(run, "--entries")
    told = deployed.trace(run, "--json", "--html", "trace.html")
    assert (text.code, told.code) == (0, 0), text.err + told.err
    json.loads(told.text)
    assert len(told.text) < 400_000
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text.text)
    content = (deployed.root / "trace.html").read_bytes().decode()
    page = Page(content)
    assert not [each for each in page.addresses if not each.startswith("#")]
    assert content.count("<script>") == content.count("</script>") == 1
    assert "\x1b" not in content and "\u202e" not in content


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trace", "latest"], 64, "`latest` is no id of a run, nor the first 4 digits"),
        (["trace", "0b1f33a2-32c5-4f1d-9d92-6c2b9f8f2a77"], 64, "there is no run `0b1f33a2"),
        (["trace", "0b1f33a2-32c5-4f1d-9d92-6c2b9f8f2a77", "--entires"], 64, "--entires"),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_line(
    words: list[str], code: int, said: str, desk: TracedDesk
) -> None:
    from tests.support.command_line import run_here

    done = run_here(desk.root, *words)
    assert (done.code, done.text) == (code, "")
    assert said in done.err and done.err.count("\n") == 1


def test_a_page_that_cannot_be_written_is_a_mistake_of_the_command_line(
    deployed: TracedDesk,
) -> None:
    done = deployed.trace(deployed.run(), "--html", "flows")
    assert done.code == 64 and "`flows` cannot be written" in done.err
