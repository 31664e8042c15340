"""What a failed task says: at which line it failed, and that a default reason is not so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from flowdsl.cli.runtime import exit_codes
from flowdsl.cli.runtime.runs.reasons import FailureWords
from flowdsl.cli.views.runs import error_lines, render_runs_junit
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import CyberdeskError
from flowdsl.cyberdesk.models.run import Run
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.simulation.rules import RunRule
from flowdsl.runs.submit import Request, Submission
from flowdsl.tracing.history import read_history
from flowdsl.tracing.maps import FoundMap
from flowdsl.tracing.trace import Trace, make_trace
from flowdsl.tracing.versions import PromptVersion
from tests.cli.tracing.traced_desk import TracedDesk, line_of
from tests.support.command_line import run_here, write_tree
from tests.support.rows import check_rows
from tests.support.services.deployed_desk import deploy_once, opened_desk

FLOW = """\
flow 1

## Fetches the file of a claim.
workflow claims {
  inputs { number: string @pattern(r"^[0-9]{1,5}$") }
  outputs { phone: string, amount: string }
  steps {
    do "Open the portal."
    wait until "the download is finished" timeout 2m
    expect "the portal is open" else abort "The portal is shut"
    choose "the claim {number}"
    extract phone: string from "the phone of {number}"
    copy amount from "the amount of {number}"
    emit phone = phone
    emit amount = amount
    retry 3 {
      do "Open the list of {number}."
      expect "the list is shown"
    }
    #! suppress branch-outside-focused-action: the screens differ
    retry 2 {
      run "Write-Output 1"
      expect "the letter of {phone} is shown"
    }
    while not sees "Done" max 3 { press "Tab" }
    do "Press Close."
  }
}
"""
ROWS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"screen": {"the download is finished": False}},
        "wait until",
        "not so or not found: the download is finished",
    ),
    ({"screen": {"the portal is open": False}}, 'expect "the portal', "The portal is shut"),
    ({"screen": {"the claim 12": False}}, "choose", "not so or not found: the claim 12"),
    (
        {"reads": {"the phone of 12": None}},
        "extract phone",
        "not so or not found: the phone of 12",
    ),
    (
        {"reads": {"the amount of 12": None}},
        "copy amount",
        "not so or not found: the amount of 12",
    ),
    (
        {"screen": {"the list is shown": False}},
        'expect "the list',
        "not so or not found: the list is shown",
    ),
    (
        {"screen": {"the letter of 555 is shown": False}, "reads": {"the phone of 12": "555"}},
        'expect "the letter',
        "not so or not found: the letter of 555 is shown",
    ),
    ({"screen": {"Done": False}}, "while not", "not so or not found: Done"),
]
"""What does not go well, the statement that it is, and what is shown as the reason."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracedDesk]:
    desk = TracedDesk(tmp_path_factory.mktemp("desk"))
    write_tree(desk.root, {"flows/claims.flow": FLOW})
    desk.deploy()
    yield desk


def run_of(desk: TracedDesk, rule: dict[str, Any]) -> str:
    return desk.run(rule, input_values={"number": "12"}, sensitive_input_values={})


def test_every_failure_is_at_its_statement_and_says_what_is_not_so(desk: TracedDesk) -> None:
    def fails(row: tuple[dict[str, Any], str, str]) -> None:
        rule, words, reason = row
        told = desk.told(run_of(desk, rule))
        assert told["run"]["reasons"] == [reason]
        (error,) = told["run"]["errors"]
        assert reason.endswith(error)
        assert told["failure"]["is_check"] is True, told["failure"]
        assert told["failure"]["source"]["start"]["line"] == line_of(FLOW, words)
        (declared,) = [each for each in told["entries"] if each["kind"] == "failure"]
        assert declared["source"]["start"]["line"] == line_of(FLOW, words)

    check_rows(ROWS, fails, lambda row: row[1])


def test_lists_pages_and_watches_say_that_a_default_reason_is_not_so(
    desk: TracedDesk,
) -> None:
    run = run_of(desk, {"screen": {"the download is finished": False}})
    line = line_of(FLOW, "wait until")
    text = desk.trace(run, "--entries", "--html", "trace.html").text
    assert "\n  not so or not found: the download is finished\n" in text
    assert f"failed at flows/claims.flow:{line} (wait_until)" in text
    assert "declare_task_failed: not so or not found: the download is finished" in text
    assert "not placed" not in text
    page = (desk.root / "trace.html").read_text()
    assert page.count('<div class="error">not so or not found: the download is finished</div>') == 3
    assert '<div class="error">the download is finished</div>' not in page
    for words in (("show", run), ("list",)):
        done = run_here(desk.root, "runs", *words)
        assert "not so or not found: the download is finished" in done.text + done.err, words
    # Programs get what the service says.
    shown = json.loads(run_here(desk.root, "runs", "show", run, "--json").text)
    assert shown["error"] == ["not so or not found: the download is finished"]


def test_a_watched_run_says_so_too(tmp_path: Path) -> None:
    rule = RunRule(screen={"the download is finished": False})
    deployed = (tmp_path / "deployed", deploy_once(tmp_path / "deployed", FLOW))
    with opened_desk(tmp_path, deployed, Scenario(runs=(rule,))) as desk:
        words = ("run", "claims", "--input", "number=12", "--watch", "--junit", "runs.xml")
        done = desk.run(*words)
        assert done.code == exit_codes.FINDINGS
        lines = done.err.splitlines()
        (at,) = [index for index, line in enumerate(lines) if "task_failed, " in line]
        assert lines[at + 1] == "  not so or not found: the download is finished"
        assert (
            'message="not so or not found: the download is finished"'
            in (desk.root / "runs.xml").read_text()
        )


class Refusing:
    """A client whose service does not give workflows away."""

    @property
    def workflows(self) -> Refusing:
        return self

    async def get(self, _workflow_id: str) -> None:
        raise CyberdeskError("the service is away")


def test_a_reason_is_quoted_where_the_prompt_of_the_run_is_not_to_be_had() -> None:
    row = {"id": "r", "workflow_id": "w", "status": "task_failed", "error": ["all is well"]}
    run, words = Run.model_validate(row), FailureWords()
    asyncio.run(words.learn(cast(CyberdeskClient, Refusing()), [run]))
    assert error_lines(run, words) == ['  "all is well"']
    broken = Run.model_validate({**row, "status": "error", "error": ["no desktop\nis free"]})
    assert error_lines(broken, words) == ["  no desktop", "  is free"]
    odd = broken.model_copy(update={"id": "r\x1b"})
    submission = Submission(cast(Request, None), "key", "a.csv:2\x08", [odd])
    report = ElementTree.fromstring(render_runs_junit("w", [submission], None, words))
    (case,) = report.iter("testcase")
    assert case.get("name") == r"a.csv:2\x08 r\x1b"
    assert [(each.get("message"), each.text) for each in case] == [
        ("no desktop", "no desktop\nis free")
    ]


def test_a_reason_of_no_line_blames_no_statement_of_a_call_alone(desk: TracedDesk) -> None:
    run = run_of(desk, {"fail": {"step": "2", "reason": "the desktop was locked"}})
    told = desk.told(run)
    assert told["failure"]["is_check"] is False
    assert told["run"]["reasons"] == ["the desktop was locked"]
    lines = [line_of(FLOW, words) for words in ('expect "the portal', "choose", "extract phone")]
    places = ", ".join(f"flows/claims.flow:{line}" for line in lines)
    doubt = f"the same call has {places}; which of them failed is not known"
    assert f"  {doubt}\n" in desk.trace(run, "--html", "trace.html").text
    assert doubt in (desk.root / "trace.html").read_text()


# Words of an agent that keeps to no protocol

PROMPT = """\
Steps
1. Open {site}.

2. Use focused_action:
   - Check “the header shows ⟦{site}⟧”, else fail with ⟦Another site than {site}⟧.
   - Make up to 2 attempts, until one ends without failing. One attempt is:
     - Check “the list is shown”.
   - If all attempts above have failed, fail with the reason of the attempt that failed last.
   - Check “the list is shown”.

3. Close it.
"""


def trace_of(reason: str, *, result: str = "", certain: bool = True) -> Trace:
    """The trace of a run whose agent did the second line and gave up with this reason."""
    call = {
        "type": "tool_use",
        "tool_use_id": "t",
        "tool_name": "focused_action",
        "tool_input": {"instruction": "Check “the header shows Hill”."},
    }
    came = {"type": "tool_result", "tool_use_id": "t", "tool_result": result}
    gave_up = {
        "type": "tool_use",
        "tool_name": "declare_task_failed",
        "tool_input": {"reason": reason},
    }
    history = [
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [came]},
        {"role": "assistant", "content": [gave_up]},
    ]
    run = Run.model_validate({"id": "r", "status": "task_failed", "error": [reason]})
    return make_trace(
        run,
        read_history(history),
        address=None,
        version=PromptVersion(PROMPT, "live", None, "time" if certain else "assumed"),
        source_map=FoundMap(),
        sources={},
    )


def test_a_reason_with_a_value_that_a_machine_supplied_is_found() -> None:
    trace = trace_of("Another site than Hill")
    assert trace.failure is not None and trace.failure.is_check
    assert trace.failure.line == 5
    assert trace.in_words("Another site than Hill") == "Another site than Hill"


def test_one_reason_of_two_lines_names_both() -> None:
    failure = trace_of("the list is shown").failure
    assert failure is not None
    assert (failure.line, failure.others) == (7, (9,))


def test_words_of_the_agents_own_stay_as_they_are() -> None:
    own = "The site is locked for maintenance"
    trace = trace_of(own, result=f"failed: {own}")
    assert trace.in_words(own) == own
    placed = trace.placements[-1]
    assert placed is not None and placed.evidence == ("answer",)
    assert trace.failure is not None and not trace.failure.is_check


def test_what_is_not_known_is_not_claimed() -> None:
    reason = "the list is shown"
    assert trace_of(reason, certain=False).in_words(reason) == f'"{reason}"'
    # The prompt has these words, and not as a reason.
    assert trace_of("One attempt is").in_words("One attempt is") == '"One attempt is"'
