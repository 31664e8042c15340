"""A plan at a terminal: what is shown and what is not; no text of others drives the terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.cli.views.outcome import plan_events, render_deployed, render_outcome
from flowdsl.cli.views.plan import LINES_SHOWN, render_plan
from flowdsl.config.address import Address, workflow_address
from flowdsl.deploy.outcome import OperationResult, Outcome, Status
from flowdsl.deploy.planning.plan import Action, ApprovedTrajectory, Breaking, Impact, Plan
from flowdsl.diagnostics.render.cells import make_printable
from tests.support.flows.generated.plans import gone, intent, plans, sample_plan
from tests.support.services.changes import change_of

SHOWN = """\
+ image.dddddddddddd
- tag.old  is deleted for good, and every workflow loses it
+ tag.ehr
~ tag.seen
    description
      [-before-]{+after+}
- model.Old  is deleted for good
= workflow.adopted  "Look up"  is taken over
    main_prompt
      [-x-]{+y+}
~ workflow.both  "Look up"
    main_prompt  edited elsewhere since the last deploy; no saved version has what was last applied
    main_prompt  changed in the source as well; a deploy makes this of the edit
      [-By hand-]{+New+}.
    cost: prompt 3 -> 2 tokens
+ workflow.fresh  "Fresh"
- workflow.gone  "Gone"  is deleted for good, with 12 runs (1 active) and 3 trajectories
? workflow.kept  "Gone"  left the source and is kept
? workflow.let_go  "Gone"  is dropped from state
~ workflow.look_up  "Look up"
    input_schema
      + dob: string, required
    main_prompt
      Open the record of the [-day-]{+week+}.
    post_run_checks
      ~ "chart"
        ~ file_names: ["a.png"] -> ["b.png"]
      + "new": output_data_agentic_check
        + check_prompt: "It is?"
      - "old": output_data_agentic_check
        - check_prompt: "Is it?"
    terminal_command_allowlist
      - whoami
      + hostname
    tags: +new -old
    breaks callers: `dob` is a new required input
    2 approved trajectories keep replaying what they recorded: "Morning", "Noon"; \
`--unapprove-trajectories` un-approves them
! workflow.lost  "Lost"  no longer exists in the organisation
~ workflow.moved  "Look up"  was workflow.before
    main_prompt  edited elsewhere since the last deploy
      [-Ours-]{+By hand+}.
    cost: prompt 3 -> 2 tokens
~ workflow.renamed  "B"
    name
      [-A-]{+B+}
edited elsewhere since the last deploy: [-removed-]{+added+} is the edit itself, which a \
deploy undoes; `flowdsl pull workflow.both workflow.moved` takes the edits into the source
note: `main` means the default model here
pending: the create of `workflow.late`, begun 2026-03-02 12:00 UTC, has an unknown outcome; \
the next deploy finds it out first
guard: 1 of 9 workflows would be deleted; `--accept-guard deletes=1` lets it through
plan: 1 to create, 3 to update, 1 to rename, 1 to adopt, 1 to delete, 1 missing, \
1 forgotten, 1 kept, 1 up to date, 3 other objects to write, 2 other objects to delete, 2 drifted"""


def test_a_plan_with_everything() -> None:
    assert render_plan(sample_plan(), color=False, pending=(intent(),)) == SHOWN


def test_colour_says_the_same_with_deletions_in_red() -> None:
    colored = render_plan(sample_plan(), color=True, pending=(intent(),))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    unmarked = re.sub(r"\[-(.*?)-\]|\{\+(.*?)\+\}", lambda found: found[1] or found[2], SHOWN)
    assert plain == unmarked
    assert re.search(r"\x1b\[31m  is deleted for good, with 12 runs", colored)
    assert re.search(r"\x1b\[31m-\x1b\[0m tag.old\x1b\[31m  is deleted for good", colored)
    assert re.search(r"\x1b\[31m    breaks callers: ", colored)


@given(plans(st.text(st.characters(exclude_categories=()), max_size=12)))
def test_no_text_of_others_drives_the_terminal(plan: Plan) -> None:
    shown = render_plan(plan, color=False)
    assert all(line == make_printable(line) for line in shown.split("\n"))
    assert shown.split("\n")[-1].startswith("plan: ")


def test_a_long_difference_is_cut() -> None:
    before, after = ("\n".join(f"{word} {n}" for n in range(100)) for word in ("a", "b"))
    shown = render_plan(
        Plan((change_of({"main_prompt": before}, {"main_prompt": after}),), (), ()), color=False
    )
    assert len(shown.split("\n")) == LINES_SHOWN + 4
    assert "… 60 more lines" in shown


@pytest.mark.parametrize("size", [3_000, 30_000])
def test_a_text_that_shares_nothing_is_shown_at_once(size: int) -> None:
    """Every second word of it is a blank, which aligns with any other.

    That must not take quadratic time.
    """
    before, after = (" ".join(f"{letter}{n}" for n in range(size)) for letter in "ab")
    change = change_of({"main_prompt": before}, {"main_prompt": after})
    shown = render_plan(Plan((change,), (), ()), color=False)
    assert f"[-{before}-]" in shown and f"{{+{after}+}}" in shown


def test_values_without_words_stand_behind_their_field() -> None:
    change = change_of({"is_webhooks_enabled": None}, {"is_webhooks_enabled": True})
    shown = render_plan(Plan((change,), (), ()), color=False)
    assert "    is_webhooks_enabled: false -> true\n" in shown


def test_a_lifted_restriction_is_said() -> None:
    change = change_of(
        {"terminal_command_allowlist": ["dir"]}, {"terminal_command_allowlist": None}
    )
    shown = render_plan(Plan((change,), (), ()), color=False)
    assert "      ~ 1 command -> every command\n      - dir\n" in shown


def test_chains_and_many_names_are_told_in_numbers() -> None:
    change = change_of({"main_prompt": "x"}, {"main_prompt": "y"})
    breaking = Breaking("removed-output", "mrn", "`mrn` is no longer an output", tuple("abcdefg"))
    many = tuple(ApprovedTrajectory(f"t{n}", "" if n else "First") for n in range(7))
    plan = Plan(
        (change,),
        (),
        (),
        breaking={change.address: (breaking,)},
        impact={change.address: Impact(many)},
    )
    shown = render_plan(plan, color=False)
    assert "output; the chains `a`, `b`, `c`, `d`, `e` and 2 more rely on it" in shown
    assert (
        '7 approved trajectories keep replaying what they recorded: "First", "t1", "t2", "t3", '
        '"t4", …;'
    ) in shown


DEARER = """\
1. Use focused_action to read {0}.
2. Use start_loop with text="{{rows}}".
3. Use focused_action to open it.
4. Use end_loop_iteration with text="done".
5. Use screenshot with extract_prompt="the notes".
"""
CHEAPER = """\
1. Use start_loop with text="{{rows}}".
2. Use focused_action to open it. Use focused_action to close it.
3. Use end_loop_iteration with text="done".
"""


def test_the_cost_of_a_prompt_is_compared_with_the_live_one() -> None:
    dear = "word " * 1_200 + DEARER
    change = change_of({"main_prompt": dear}, {"main_prompt": CHEAPER})
    shown = render_plan(Plan((change,), (), ()), color=False)
    assert (
        "\n    cost: prompt 1,257 -> 41 tokens, focused calls 1 -> 0, in loops 1 -> 2 an entry, "
        "background readings 1 -> 0\n"
    ) in shown
    for before, after in (("Open {a}.", "Open {b}."), (None, "Open it."), ("Same.", "Same.")):
        change = change_of({"main_prompt": before}, {"main_prompt": after, "name": "New"})
        assert "cost" not in render_plan(Plan((change,), (), ()), color=False)


def test_a_deletion_without_counts_still_says_what_goes() -> None:
    shown = render_plan(Plan((gone("gone", Action.DELETE),), (), ()), color=False)
    assert "is deleted for good, with every run and trajectory of it" in shown


def test_nothing_to_do_is_said() -> None:
    assert render_plan(Plan((), (), ()), color=False) == "plan: nothing to do"


def test_events_have_no_text_of_a_prompt() -> None:
    events = {event["address"]: event for event in plan_events(sample_plan())}
    assert events["workflow.gone"]["action"] == "delete"
    assert events["workflow.moved"]["previous_address"] == "workflow.before"
    assert "workflow.same" not in events
    assert "record of the" not in str(events)


def test_adopted_workflows_are_counted_by_themselves() -> None:
    """One that needs no request has no result."""
    changes = tuple(
        change_of({"main_prompt": "x"}, {"main_prompt": wanted}, name=name, action=Action.ADOPT)
        for name, wanted in (("same", "x"), ("other", "y"))
    )
    plan = Plan(changes, (), ())
    written = OperationResult(workflow_address("other"), "adopt", "performed")
    assert (
        render_outcome(Outcome(Status.NOTHING_TO_DO, Plan(changes[:1], (), ())), "prod")
        == "deployed to prod: 1 adopted"
    )
    assert render_outcome(Outcome(Status.DONE, plan, (written,)), "prod") == (
        "deployed to prod: 2 adopted"
    )
    failed = replace(written, outcome="failed")
    assert render_outcome(Outcome(Status.PARTIAL, plan, (failed,)), "prod") == (
        "stopped in prod: 1 failed"
    )
    assert "adopted" not in render_outcome(Outcome(Status.DECLINED, plan), "prod")


def test_a_deploy_tells_ids_and_how_to_start_a_run() -> None:
    results = (
        OperationResult(workflow_address("old"), "delete", "performed", "id-0"),
        OperationResult(workflow_address("a"), "create", "performed", "id-1\x1b"),
        OperationResult(workflow_address("long"), "update", "performed", "id-2"),
        OperationResult(Address("tag", "ehr"), "create", "performed", "id-3"),
    )
    said = render_deployed(replace(Outcome(Status.DONE), results=results), "prod")
    assert said.splitlines() == [
        "  workflow.a     id-1\\x1b",
        "  workflow.long  id-2",
        "deployed to prod: 1 created, 1 updated, 1 deleted, 1 other object written",
        "start a run: flowdsl run a -e prod",
    ]
    for status in (Status.PARTIAL, Status.INTERRUPTED):
        stopped = replace(Outcome(status), results=results)
        assert render_deployed(stopped, "prod") == render_outcome(stopped, "prod")


def test_of_very_many_deployed_workflows_some_ids_are_told() -> None:
    many = tuple(
        OperationResult(workflow_address(f"w{n}"), "create", "performed", f"id-{n}")
        for n in range(1000)
    )
    lines = render_deployed(replace(Outcome(Status.DONE), results=many), "prod").splitlines()
    assert len(lines) == 23
    assert lines[20] == "  and 980 more; `flowdsl state list --env prod` has every id"


def test_deletions_are_counted_by_themselves() -> None:
    results = tuple(
        OperationResult(Address(kind, n), n, "performed")
        for kind in ("workflow", "tag")
        for n in ("create", "update", "delete")
    )
    said = render_outcome(replace(Outcome(Status.DONE), results=results), "prod")
    assert said == (
        "deployed to prod: 1 created, 1 updated, 1 deleted, 2 other objects written, 1 other "
        "object deleted"
    )
