"""Where the entries of a history belong in a prompt, when the agent says what it likes."""

from __future__ import annotations

from typing import Any

from flowdsl.tracing.align import Placement, place_entries
from flowdsl.tracing.history import Entry, read_entries, read_history
from flowdsl.tracing.prompt_units import read_units
from tests.support.rows import in_rows

PROMPT = """\
Claims of a day

Rules
- Work through the numbered lines in order.

Steps
1. Sign in
   1.1 Start Claims Portal from the taskbar and wait for its sign-in window.
   1.2 Click the Password field, then type exactly the text between ⟦ and ⟧: ⟦{$password}⟧
   1.3 Press enter.

2. For each entry of the list "claims", one after the other.
   2.1 Use start_loop with text="{claims}". If there are no entries, the loop is skipped.
   2.2 Press F3 for the claim search, type {{loop_item}} and press Enter.
   2.3 Use focused_action with this instruction:
      - Find this on the screen as it is now: the row whose number is {{loop_item}}.
      - If there is none, use declare_task_failed with the reason \
"Claim {{loop_item}} is not in the list".
   2.4 Select the amount, then use copy_to_clipboard with key "amount".
   2.5 Press enter.
   2.6 Use end_loop_iteration with text="entry finished".

3. Report
   3.1 Use focused_action with this instruction:
      - Read this from the screen as it is now, the summary below the list for {day}.
      - Save it with upsert_runtime_values as {{note}} (key "note"): text, exactly as it is shown.
   3.2 Use save_screenshot_as_run_attachment with the file name "summary_{day}.png".

Outputs
- note: the value of the runtime variable "note".
"""
INPUTS = {"claims": ["HM-1", "HM-2"], "day": "2026-01-30"}


def did(said: str, tool: str | None = None, given: Any = None, **marks: Any) -> dict[str, Any]:
    """A message of the agent."""
    content: list[dict[str, Any]] = [{"type": "text", "text": said}] if said else []
    if tool is not None:
        content.append({"type": "tool_use", "tool_name": tool, "tool_input": given})
    return {"role": "assistant", "content": content, **marks}


def came(text: str = "done", error: str | None = None, **marks: Any) -> dict[str, Any]:
    """What came back from the call before."""
    block = {"type": "tool_result", "tool_result": text, "error": error}
    return {"role": "user", "content": [block], **marks}


def entries_of(*messages: Any) -> tuple[Entry, ...]:
    return read_entries(read_history(list(messages)).messages, None)


def places(*messages: Any, prompt: str = PROMPT) -> list[str | None]:
    """The labels of the units that the entries are placed at."""
    units = read_units(prompt, INPUTS)
    found = place_entries(entries_of(*messages), units)
    return [None if each is None else units[each.unit].label for each in found]


def place(*messages: Any) -> Placement:
    """The place of the last entry."""
    found = place_entries(entries_of(*messages), read_units(PROMPT, INPUTS))[-1]
    assert found is not None
    return found


def inside(iteration: int) -> dict[str, Any]:
    return {"loop_uuid": "loop-1", "iteration_index": iteration}


def test_free_words_are_placed_in_their_order() -> None:
    found = places(
        did("I'll open the portal from the taskbar first.", "computer", {"action": "click"}),
        did(
            "The sign-in window is there. Now the password.",
            "computer",
            {"text": "{$password}"},
        ),
        did("Submitting with enter.", "computer", {"action": "key", "text": "Return"}),
        did("", "start_loop", {"text": '["HM-1", "HM-2"]'}, **inside(0)),
        did("Searching the first claim with F3.", "computer", {"text": "HM-1"}, **inside(0)),
        did("", "focused_action", {"instruction": "open the row HM-1"}, **inside(0)),
        did("", "copy_to_clipboard", {"text": "amount"}, **inside(0)),
        did("Confirm with enter.", "computer", {"action": "key", "text": "Return"}, **inside(0)),
        did("", "end_loop_iteration", {"text": "first one finished"}, **inside(0)),
        did("Again F3 for the search.", "computer", {"text": "HM-2"}, **inside(1)),
        did("", "focused_action", {"instruction": "open the row HM-2"}, **inside(1)),
        did("", "end_loop_iteration", {"text": "entry finished"}, **inside(1)),
        did("", "focused_action", {"instruction": "read the summary below the list"}),
        did("", "save_screenshot_as_run_attachment", {"filename": "summary_2026-01-30.png"}),
    )
    expected = "1.1 1.2 1.3 2.1 2.2 2.3 2.4 2.5 2.6 2.2 2.3 2.6 3.1 3.2"
    assert " ".join(map(str, found)) == expected


def test_a_loop_goes_round_without_marks_of_the_service() -> None:
    turn = [
        did("F3 for the search", "computer", {"text": "HM-1"}),
        did("", "focused_action", {"instruction": "Open the row whose number is HM-1."}),
        did("", "end_loop_iteration", {"text": "entry finished"}),
    ]
    assert places(*turn, *turn, *turn) == ["2.2", "2.3", "2.6"] * 3


def test_going_back_in_a_loop_costs_little() -> None:
    search = did("Search again.", "computer", {})
    copied = did("", "copy_to_clipboard", {"text": "amount"})
    assert places(search, copied, search, copied) == ["2.2", "2.4", "2.2", "2.4"]
    straight = PROMPT.replace("start_loop", "a list").replace("end_loop_iteration", "it")
    assert places(search, copied, search, copied, prompt=straight)[2] is None


def test_lines_that_read_the_same_are_told_apart_by_their_order_and_not_called_sure() -> None:
    press = did("Press enter.", "computer", {"action": "key", "text": "enter"})
    start = did("Start Claims Portal from the taskbar.", "computer", {})
    copied = did("", "copy_to_clipboard", {"text": "amount"})
    assert places(start, press, copied, press) == ["1.1", "1.3", "2.4", "2.5"]
    assert place(start, press).confidence == "medium"
    said = did("1.3 Press enter.", "computer", {"action": "key", "text": "enter"})
    assert place(start, said).confidence == "high"


def test_not_even_the_very_words_of_a_line_that_stands_twice_are_sure() -> None:
    prompt = "1. Click the button Confirm.\n2. Select the sum.\n3. Click the button Confirm."
    click = did("", "computer", {"text": "Click the button Confirm"})
    (first,) = place_entries(entries_of(click), read_units(prompt, {}))
    assert first is not None and first.evidence[0] == "instruction"
    assert first.confidence == "medium"
    assert places(click, did("Select the sum.", "computer", {}), click, prompt=prompt) == list(
        "123"
    )


def test_a_name_with_a_variable_in_it_is_known_whatever_its_value() -> None:
    prompt = "1. Use mark_file_for_export with the file 'a-{{day}}.pdf'.\n" + PROMPT.replace(
        "1. Sign", "2. Sign"
    )
    found = place_entries(
        entries_of(did("", "mark_file_for_export", {"path": "a-2026.pdf"})), read_units(prompt, {})
    )[0]
    assert found is not None and "name" in found.evidence
    other = did("", "mark_file_for_export", {"path": "b-2026.pdf"})
    elsewhere = place_entries(entries_of(other), read_units(prompt, {}))[0]
    assert elsewhere is None or "name" not in elsewhere.evidence


def test_a_variable_alone_is_no_name() -> None:
    prompt = "1. Type exactly the text between ⟦ and ⟧: ⟦{{loop_item.code}}⟧\n2. Press tab."
    (unit, _) = read_units(prompt, {})
    assert unit.quoted == ()
    assert places(did("Press tab.", "computer", {"action": "key"}), prompt=prompt) == ["2"]


def test_what_points_nowhere_is_not_placed() -> None:
    stray = did("Dismissing a newsletter popup about holidays.", "computer", {"coordinate": [4, 5]})
    silent = did("", "computer", {"coordinate": [4, 5]})
    start = did("Start Claims Portal from the taskbar.", "computer", {})
    report = did("", "save_screenshot_as_run_attachment", {"filename": "summary_2026-01-30.png"})
    assert places(start, stray, report) == ["1.1", None, "3.2"]
    assert places(start, silent, report) == ["1.1", None, "3.2"]
    assert places(silent) == [None]


def test_a_click_between_two_entries_of_one_line_belongs_to_it_but_not_surely() -> None:
    silent = did("", "computer", {"coordinate": [4, 5]})
    start = did("Start Claims Portal from the taskbar.", "computer", {})
    wait = did("Waiting for the sign-in window of Claims Portal.", "computer", {"action": "wait"})
    found = place_entries(entries_of(start, silent, wait), read_units(PROMPT, INPUTS))
    assert [each and each.evidence[0] for each in found][1] == "between"
    assert found[1] is not None and found[1].confidence == "low"
    stray = did("Dismissing a newsletter popup about holidays.", "computer", {})
    assert places(start, stray, wait) == ["1.1", None, "1.1"]


@in_rows("said", ["2.4 and now the amount", "Step 2.4: copying", "Now step 2.4.", "(2.4) copying"])
def test_a_number_that_is_said_counts(said: str) -> None:
    found = place(did(said, "copy_to_clipboard", {"text": "sum"}, **inside(0)))
    assert read_units(PROMPT, INPUTS)[found.unit].label == "2.4"
    assert "number" in found.evidence


def test_a_number_that_is_no_label_says_nothing() -> None:
    assert places(did("2.9 is the amount in row 3", "computer", {})) == [None]


def test_the_reason_of_a_failure_names_its_check() -> None:
    units = read_units(PROMPT, INPUTS)
    failure = did("", "declare_task_failed", {"reason": "Claim HM-2 is not in the list"})
    found = place(did("Start Claims Portal from the taskbar.", "computer", {}), failure)
    assert units[found.unit].label == "2.3"
    assert PROMPT.split("\n")[found.line - 1].strip().startswith("- If there is none")
    assert (found.confidence, found.evidence[0]) == ("high", "reason")


def test_an_error_that_came_back_names_its_check_too() -> None:
    call = did("", "focused_action", {"instruction": "find the row"}, **inside(1))
    found = place(call, came("", "Claim HM-9 is not in the list", **inside(1)))
    assert PROMPT.split("\n")[found.line - 1].strip().startswith("- If there is none")


def test_marks_of_a_loop_keep_an_entry_in_it() -> None:
    assert places(did("Press enter", "computer", {"text": "enter"}, **inside(0))) == ["2.5"]


def test_going_back_outside_of_a_loop_needs_strong_words() -> None:
    start = did("Start Claims Portal from the taskbar and wait for its sign-in window.", "computer")
    report = did("", "save_screenshot_as_run_attachment", {"filename": "summary_2026-01-30.png"})
    weak = did("Back in the portal.", "computer", {})
    assert places(start, report, weak)[2] is None
    assert places(start, report, start) == ["1.1", "3.2", "1.1"]


def test_a_prompt_without_numbers_has_a_unit_for_each_line() -> None:
    prompt = "<p>Open the <b>ledger</b>.</p>\n<p>Type {day} into the date field.</p>"
    units = read_units(prompt, INPUTS)
    assert [unit.text for unit in units] == [
        "Open the ledger.",
        "Type 2026-01-30 into the date field.",
    ]
    assert [unit.lines[0].number for unit in units] == [1, 2]
    found = place_entries(entries_of(did("Typing 2026-01-30 into the date field")), units)
    assert found[0] is not None and found[0].unit == 1


def test_a_list_in_a_text_to_type_is_a_part_of_its_line() -> None:
    prompt = "3. Type this:\n     1. Milk\n\n     4. Bread\n   3.1 Press tab.\n4. Save.\n1. Again."
    units = read_units(prompt, {})
    assert [unit.label for unit in units] == ["3", "3.1", "4", "1"]
    assert [line.number for line in units[0].lines] == [1, 2, 4]


def test_a_number_that_stands_twice_says_nothing() -> None:
    prompt = "1. Open the ledger.\n2. Post the batch.\n\nThen\n\n1. Close the ledger.\n"
    assert places(did("1. and so on", "computer", {}), prompt=prompt) == [None]
    assert places(did("2. and so on", "computer", {}), prompt=prompt) == ["2"]


def test_secrets_and_runtime_variables_stay_names() -> None:
    text = "\n".join(unit.text for unit in read_units(PROMPT, {**INPUTS, "password": "hunter2"}))
    assert "{$password}" in text and "hunter2" not in text
    assert "{{loop_item}}" in text and "summary_2026-01-30.png" in text
