"""`flowdsl trace` shows a failed post-run check at its line of the flow that was deployed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cyberdesk.models.run import Run
from flowdsl.emulator.store import Store
from flowdsl.tracing.history import read_history
from flowdsl.tracing.maps import FoundMap
from flowdsl.tracing.trace import make_trace
from flowdsl.tracing.versions import PromptVersion
from tests.cli.tracing.traced_desk import LIBRARY, MAIN, TracedDesk, line_of
from tests.support.command_line import write_tree
from tests.support.services.embedded_service import Client

CHECKS = """\
  checks {
    ## The report must have arrived.
    file "claims.pdf" exists as "report filed"
    image "claims.png" shows "a list of claims"
    output satisfies "note is not empty"
  }
}
"""
CHECKED = MAIN.removesuffix("}\n") + CHECKS
FILED, SHOWN = line_of(CHECKED, "report filed"), line_of(CHECKED, 'image "claims.png"')
JUDGED = line_of(CHECKED, "note is not empty")
IMAGE_NAME = "claims.png shows a list of claims"
FAILS = {"checks": {"report filed": "failed", IMAGE_NAME: "infra_error"}}


@pytest.fixture
def desk(tmp_path: Path) -> TracedDesk:
    desk = TracedDesk(tmp_path)
    write_tree(tmp_path, {"flows/claims.flow": CHECKED})
    return desk


def failed_checks(told: Any) -> list[tuple[str, int | None, str | None]]:
    """Each failed check of a trace: its name, the line it is at, and what it is known by."""
    return [
        (each["name"], each["source"] and each["source"]["start"]["line"], each["known_by"])
        for each in told["run"]["failed_checks"]
    ]


def shown_at(page: str, name: str) -> str:
    """The row of a page that the named failed check leads to."""
    link = '<a class="place" href="#([^"]+)">[^<]*</a>'
    found = re.search(f"post-run check at {link}: <bdi>{name}</bdi>", page)
    assert found is not None, page
    row = re.search(rf'<tr id="{found[1]}"[^>]*class="[^"]*failed[^>]*>.*?</tr>', page, re.S)
    assert row is not None
    return row[0]


def test_failed_checks_are_shown_at_their_lines(desk: TracedDesk) -> None:
    desk.deploy()
    run = desk.run(FAILS)
    shown = desk.trace(run, "--html", "trace.html")
    assert shown.code == 0, shown.err
    assert f"check failed at flows/claims.flow:{FILED} (file check)\n" in shown.text
    assert f'  {FILED} |     file "claims.pdf" exists as "report filed"\n' in shown.text
    assert f"check failed at flows/claims.flow:{SHOWN} (image check)\n" in shown.text
    assert "post-run check report filed: failed" in shown.text
    assert "failed after" not in shown.text and "known by its name" not in shown.text
    assert f"flows/claims.flow:{JUDGED}" not in shown.text

    told = desk.told(run)
    assert failed_checks(told) == [
        ("report filed", FILED, "definition"),
        (IMAGE_NAME, SHOWN, "definition"),
    ]
    failure = told["failure"]
    assert (failure["post_run_check"], failure["entry"], failure["line"]) == (
        "report filed",
        None,
        None,
    )
    assert failure["source"] == told["run"]["failed_checks"][0]["source"]
    assert failure["source"]["text"] == ['    file "claims.pdf" exists as "report filed"']

    page = (desk.root / "trace.html").read_text()
    assert "exists as &#34;report filed&#34;" in shown_at(page, "report filed")
    assert "image &#34;claims.png&#34;" in shown_at(page, IMAGE_NAME)
    assert page.count('class="place"') > 4


def test_the_checks_that_a_run_had_are_found_after_others_were_deployed(desk: TracedDesk) -> None:
    first = desk.commit()
    desk.deploy()
    run = desk.run(FAILS)
    # The prompt stays, so its source map is the one of the first deploy.
    changed = CHECKED.replace('file "claims.pdf" exists', 'file "list.pdf" exists').replace(
        "  checks {\n", "\n  checks {\n"
    )
    write_tree(desk.root, {"flows/claims.flow": changed})
    second = desk.commit("Other checks")
    desk.deploy()
    later = desk.run(FAILS)

    before, after = desk.told(run), desk.told(later)
    assert before["source_map"]["commit"] == after["source_map"]["commit"] == first != second
    assert failed_checks(before)[0] == ("report filed", FILED, "definition")
    assert before["failure"]["source"]["text"] == ['    file "claims.pdf" exists as "report filed"']
    assert before["failure"]["source"]["now"] == "moved"
    assert failed_checks(after)[0] == ("report filed", FILED + 1, "definition")
    assert after["failure"]["source"]["text"] == ['    file "list.pdf" exists as "report filed"']
    assert after["failure"]["source"]["now"] == "same"

    # Two texts of one file: each place leads to the text that it is a place of.
    assert desk.trace(later, "--html", "trace.html").code == 0
    page = (desk.root / "trace.html").read_text()
    assert "list.pdf" in shown_at(page, "report filed")
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_check_that_was_edited_elsewhere_is_known_by_its_name(desk: TracedDesk) -> None:
    desk.deploy()
    with Store.open(desk.root / ".flowdsl/emulator.sqlite") as store:
        client = Client(store)
        (row,) = client("GET", "workflows").json()["items"]
        live = client("GET", f"workflows/{row['id']}").json()["post_run_checks"]
        live[0]["file_names"] = ["other.pdf"]
        live[1]["name"] = "renamed"
        kept = [
            {key: each[key] for key in ("id", "name", "type", "file_target_mode", "file_names")}
            | {"check_prompt": each["check_prompt"]}
            for each in live
        ]
        done = client("PATCH", f"workflows/{row['id']}", json={"post_run_checks": kept})
        assert done.status_code == 200, done.text
    rule = {"checks": {"report filed": "failed", "renamed": "failed"}}
    run = desk.run(rule)
    told = desk.told(run)
    assert failed_checks(told) == [("report filed", FILED, "name"), ("renamed", None, None)]
    shown = desk.trace(run).text
    assert "where these post-run checks stand in the source is not known: renamed\n" in shown
    assert "known by its name: the run had another definition of it" in shown
    assert "post-run check renamed: failed" in shown


def test_checks_in_a_file_are_at_their_workflow(desk: TracedDesk) -> None:
    kept = {
        "post_run_checks": [
            {
                "name": "stored one",
                "type": "run_attachment_exists",
                "file_target_mode": "exact",
                "file_names": ["a.pdf"],
            }
        ]
    }
    flow = MAIN.removesuffix("}\n") + '  checks from "./checks.json"\n}\n'
    write_tree(desk.root, {"flows/claims.flow": flow, "flows/checks.json": json.dumps(kept)})
    desk.deploy()
    told = desk.told(desk.run({"checks": {"stored one": "failed"}}))
    line = line_of(flow, "workflow claims {")
    assert failed_checks(told) == [("stored one", line, "definition")]
    assert told["failure"]["source"]["statement"] == "stored check"


def test_an_agent_that_failed_is_not_blamed_on_a_check(desk: TracedDesk) -> None:
    desk.deploy()
    run = desk.run({"fail": {"step": "4.2", "entry": 3}})
    told = desk.told(run)
    assert told["failure"]["post_run_check"] is None
    assert told["failure"]["source"]["path"] == "flows/lib/portal.flow"
    assert told["failure"]["source"]["start"]["line"] == line_of(LIBRARY, 'choose "the row')


@pytest.mark.parametrize(("declared", "check"), [(False, "filed"), (True, None)])
def test_a_check_is_to_blame_unless_the_agent_gave_up(declared: bool, check: str | None) -> None:
    call = {"type": "tool_use", "tool_use_id": "t1", "tool_name": "computer", "tool_input": {}}
    gave_up = {"type": "tool_use", "tool_name": "declare_task_failed", "tool_input": {}}
    history: list[dict[str, Any]] = [
        {"role": "assistant", "content": [{"type": "text", "text": "1. Open the ledger."}, call]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "error": "slow"}],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "Now it is open."}]},
        *([{"role": "assistant", "content": [gave_up]}] if declared else ()),
    ]
    run = Run.model_validate(
        {
            "id": "r",
            "status": "error",
            "post_run_checks": [
                {"name": "fine", "status": "success"},
                {"name": "filed", "status": "failed"},
            ],
        }
    )
    trace = make_trace(
        run,
        read_history(history),
        address=None,
        version=PromptVersion("1. Open the ledger.", "live"),
        source_map=FoundMap(),
        sources={},
    )
    assert trace.failure is not None
    blamed = trace.failure.check
    assert (None if blamed is None else blamed.name) == check
    assert (trace.failure.line is None) is (check is not None)


def test_a_map_of_checks_that_cannot_be_read_is_none(desk: TracedDesk) -> None:
    desk.deploy()
    run = desk.run(FAILS)
    kept = list((desk.root / ".flowdsl/state").rglob("source-maps/*.json"))
    (checks,) = [path for path in kept if '"checks"' in path.read_text()]
    good = json.loads(checks.read_text())
    for damage in ("{", "[]", '{"checks": 5}', '{"checks": [5, {}, {"sha256": []}]}'):
        checks.write_text(damage)
        told = desk.told(run)
        assert failed_checks(told) == [("report filed", None, None), (IMAGE_NAME, None, None)]
    for item in good["checks"]:
        item["source"]["start"]["line"] = "7"
    checks.write_text(json.dumps(good))
    assert {line for _, line, _ in failed_checks(desk.told(run))} == {None}
