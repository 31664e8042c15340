"""What the agent's tools need from a prompt, statement by statement."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import ImageRef, ModelName, Template, render_plain_json
from flowdsl.semantics.capabilities import TOOLS
from tests.support.flows.compiling import (
    PROJECTS,
    compile_folder,
    compiled,
    only_workflow,
    prompt_of,
    steps_of,
    workflow,
)
from tests.support.rows import in_rows

MAIN_ONLY = [name for name, tool in TOOLS.items() if not tool.focused and "_" in name]


def _instructions(prompt: str) -> list[str]:
    """The bullets of every `focused_action` of a prompt, one text each."""
    found: list[list[str]] = []
    inside = False
    for line in prompt.replace("<p>", "").split("\n"):
        if "Use focused_action" in line:
            found.append([])
            inside = True
        elif inside and re.match(r"\s*(- |$)", line) is None and re.match(r"\s*\d", line):
            inside = False
        elif inside:
            found[-1].append(line)
    return ["\n".join(lines) for lines in found]


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_focused_agents_are_asked_for_nothing_that_only_the_main_agent_has(folder: Path) -> None:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    for artifact in bundle.workflows:
        for instruction in _instructions(str(render_plain_json(artifact.payload["main_prompt"]))):
            for tool in (*MAIN_ONLY, "end_loop_iteration"):
                assert tool not in instruction


@in_rows("folder", PROJECTS, ids=lambda folder: folder.name)
def test_the_main_agent_never_stores_values_itself(folder: Path) -> None:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    for artifact in bundle.workflows:
        for line in str(render_plain_json(artifact.payload["main_prompt"])).split("\n"):
            if re.search(r'\b[Ss]ave (it as |its output as )?"', line):
                assert re.match(r"(<p>)?\s*- ", line), line


def test_a_required_copy_is_verified_and_an_optional_one_is_not() -> None:
    required = steps_of(workflow('copy x from "the ID field"'))
    assert 'copy_to_clipboard with key "x"' in required
    assert "Check that the copied text ⟦{{x}}⟧ is not empty" in required
    assert required.endswith("equals “the ID field”.")
    optional = steps_of(workflow('copy x: string? from "the ID field"'))
    assert 'copy_to_clipboard with key "x"' in optional
    assert "Check that" not in optional


def test_a_missing_optional_value_is_saved_as_missing() -> None:
    steps = steps_of(workflow('extract x: string? from "the phone"'))
    assert steps.endswith('save it as "x", else save __EMPTY__.')
    assert ", fail" not in steps


def test_a_background_reading_names_its_mode_and_variable() -> None:
    source = workflow(
        'extract all: string[] from "every row" in background\nemit rows = all',
        sections="outputs { rows: string[] }",
    )
    prompt = prompt_of(source)
    assert 'process_async="run"' in prompt
    assert "{{all}}" not in prompt, "a background reading may not be used by a later step"
    (workflow_,) = compiled(source).workflows
    outputs = json.loads(str(render_plain_json(workflow_.payload["output_schema"])))
    described = outputs["properties"]["rows"]["description"]
    assert described == 'What the background reading saved as "all".'


def test_a_loop_may_be_skipped_and_ends_its_iterations() -> None:
    steps = steps_of(
        workflow('for n in names max 9 { do "Type {n}." }', sections="inputs { names: string[] }")
    )
    lines = steps.split("\n")
    assert 'start_loop with text="{names}"' in steps
    assert "; without entries, skip these lines:" in steps
    assert "Type ⟦{{loop_item}}⟧." in steps
    assert lines[-1].strip().endswith('Use end_loop_iteration with text="done".')


@in_rows(
    ("items", "inputs", "may_be_empty"),
    [
        ("names", "names: string[] @max_items(9)", True),
        ("names", "names: string[] @min_items(1) @max_items(9)", False),
        ("names", "names: string[]? @min_items(1) @max_items(9)", True),
        ("names", "names: string[] @min_items(1) @max_items(9) @machine", True),
        ("order.names", "order: { names: string[] @min_items(1) @max_items(9) }", True),
        ('["a", "b"]', "name: string", False),
    ],
)
def test_a_list_that_has_an_entry_for_sure_needs_no_words_for_none(
    items: str, inputs: str, may_be_empty: bool
) -> None:
    steps = steps_of(
        workflow(
            f'for n in {items} max 9 {{ do "Type {{n}}." }}', sections=f"inputs {{ {inputs} }}"
        )
    )
    assert ("without entries, skip" in steps) is may_be_empty


def test_a_list_read_at_run_time_is_counted_before_its_loop() -> None:
    steps = steps_of(
        workflow('extract rows: string[] from "all rows"\nfor r in rows max 3 { do "Open {r}." }')
    )
    count = steps.index("has more than")
    assert count < steps.index("start_loop")
    assert "has more than 3 entries, fail with" in steps


def test_a_list_inside_an_input_is_counted_where_the_schema_allows_more_entries() -> None:
    declared = "type Row { lines: string[] @max_items(9), notes: string[] }\n"
    body = """
      for row in rows {
        for line in row.lines { do "Enter {line}." }
        for line in row.lines max 12 { do "Enter {line}." }
      }
      for line in one.lines { do "Enter {line}." }
      %s
    """
    sections = "inputs { rows: Row[] @max_items(3), one: Row }"
    for counted, count in (
        ("", 0),
        ('for row in rows { for line in row.lines max 8 { do "Enter {line}." } }', 1),
        ('for row in rows { for note in row.notes max 8 { do "Enter {note}." } }', 1),
        ('for note in one.notes max 8 { do "Enter {note}." }', 1),
        ('extract it: Row from "it"\nfor line in it.lines { do "Enter {line}." }', 1),
    ):
        steps = steps_of(declared + workflow(body % counted, sections=sections))
        assert steps.count("has more than") == count, counted


def test_a_call_starts_with_the_fields_missing_that_it_may_leave_unset() -> None:
    task = """
      task look(name: string) -> { note: string?, seen: string } {
        do "Open {name}."
        if sees "a note" { extract note: string from "the note" emit note = note }
        extract seen: string from "the state"
        emit seen = seen
      }
    """
    body = """
      for n in names max 9 {
        call look(name: n) as r
        if not r.note is empty { do "Write {r.note}." }
        do "Write {r.seen}."
      }
    """
    steps = steps_of(task + workflow(body, sections="inputs { names: string[] }"))
    emptied = '"{}": __EMPTY__'.format
    assert steps.index("Open ⟦{{loop_item}}⟧.") < steps.index(emptied("r_note"))
    assert steps.index(emptied("r_note")) < steps.index("Read “the note”")
    assert emptied("r_seen") not in steps


def test_an_input_that_a_result_holds_is_kept_where_the_result_is() -> None:
    task = """
      task look(name: string, day: date) -> { name: string, day: date, seen: string } {
        emit name = name
        emit day = day
        extract seen: string from "the state"
        emit seen = seen
      }
    """
    sections = "inputs { day: date, names: string[] } outputs { all: any[], last: string? }"
    loop = "for n in names max 9 { call look(name: n, day: day) as r emit all += r %s }"
    steps = steps_of(task + workflow(f'{loop % ""} emit last = "a"', sections=sections))
    kept = '"name": ⟦{{loop_item}}⟧; "day": ⟦{day}⟧; "seen": ⟪r_seen⟫'
    assert kept in steps
    assert '"r_name"' not in steps
    # One that is read elsewhere, too, is saved anyway.
    read = workflow(loop % 'do "Open {r.name}."', sections=sections)
    assert 'Save "r_name": ⟦{{loop_item}}⟧' in steps_of(task + read)


def test_an_entry_is_not_taken_for_one_of_another_loop() -> None:
    body = """
      keep first: string? = null
      for n in names max 9 { keep first = n emit all += n }
      for n in names max 9 { emit all += first }
    """
    steps = steps_of(
        workflow(body, sections="inputs { names: string[] } outputs { all: string?[] }")
    )
    assert steps.count(": ⟦{{loop_item}}⟧.") == 1
    assert 'Append to "all": ⟪first.value⟫.' in steps


def test_a_decision_has_another_name_than_those_around_it() -> None:
    body = """
      if sees "a" { if sees "b" { capture "b.png" } capture "a.png" } else { capture "c.png" }
      if sees "d" { capture "d.png" }
      while not sees "e" max 3 { if sees "f" { capture "f.png" } }
    """
    asked = re.findall('you see “(.)”, save "(.*?)"', steps_of(workflow(body)))
    assert asked == [
        ("a", "decision_1"),
        ("b", "decision_2"),
        ("d", "decision_1"),
        ("e", "decision_1"),
        ("f", "decision_2"),
        ("e", "decision_1"),
    ]


def test_a_value_is_not_saved_as_what_it_is() -> None:
    task = 'task read() -> { sum: int } { extract sum: int from "the sum" emit sum = sum }'
    body = "call read() as r emit total = r.sum"
    steps = steps_of(task + workflow(body, sections="outputs { total: int }"))
    assert steps.count("ave ") == 1


def test_what_nothing_reads_is_not_kept() -> None:
    task = 'task look() -> { a: string, b: string } { emit a = "one" emit b = "two" }'
    steps = steps_of(task + workflow('call look() as r do "Write {r.b}." call look() as s'))
    assert steps.count('Save "') == 1
    assert 'Save "r_b": "two"' in steps


def test_what_a_failed_attempt_emitted_is_taken_back() -> None:
    lost = """
      retry 2 {
        if sees "a number" { extract n: string from "the number" emit ref = n }
        expect "it is saved"
      } else { press "Escape" }
    """
    steps = steps_of(workflow(lost, sections="outputs { ref: string? }"))
    assert steps.count('"ref": __EMPTY__') == 2
    steps = steps_of(workflow('emit ref = "old"' + lost, sections="outputs { ref: string? }"))
    assert steps.count('"ref_before": ⟪ref⟫') == 1
    assert steps.count('"ref": ⟪ref_before⟫') == 2


def test_outputs_collected_in_a_loop_start_without_entries_before_it() -> None:
    source = workflow(
        "for n in names max 9 { emit done += n } emit all = count of done",
        sections="inputs { names: string[] } outputs { done: string[], all: int }",
    )
    steps = steps_of(source)
    assert steps.index('Save "done_count": 0.') < steps.index("start_loop")
    assert "Data: done_count = {{done_count}}\n" in steps
    assert 'Append to "done": ⟦{{loop_item}}⟧.' in steps
    assert 'Save "all": ⟪done_count⟫.' in steps


def test_lists_that_a_program_reads_or_begins_anew_keep_one_key() -> None:
    source = workflow(
        """
        for n in names max 9 { keep read += n keep taken += n emit done += n }
        for n in names max 9 { keep anew = [] if sees "{n}" { keep anew += n } }
        do "See {read}."
        emit taken = taken
        emit anew = anew
        """,
        sections=(
            "inputs { names: string[] } outputs { done: string[], taken: string[], anew: string[] }"
        ),
    ).replace(
        "steps {",
        "steps { keep read: string[] = [] keep taken: string[] = [] keep anew: string[] = []",
        1,
    )
    steps = steps_of(source)
    added = re.findall('Save "(.*?)": the list|Append to "(.*?)":', steps)
    assert added == [("read", ""), ("", "taken"), ("", "done"), ("anew", "")]


def test_a_variable_that_is_set_again_keeps_its_emitted_value_in_a_copy() -> None:
    source = workflow(
        """
        extract x: string from "the first"
        emit a = x
        extract x: string from "the second"
        emit b = x
        """,
        sections="outputs { a: string, b: string }",
    )
    artifact = only_workflow(source)
    kinds = {output.field: (output.kind, output.value) for output in artifact.source_map.outputs}
    assert kinds == {"a": ("stored", "a"), "b": ("runtime", "x")}
    steps = steps_of(source)
    assert steps.index('"a": ⟪x⟫') < steps.index("the second")


def test_fail_ends_an_attempt_inside_retry_and_the_run_outside() -> None:
    task = 'task save() { expect "Saved" else fail "not saved" }'
    outside = steps_of(task + workflow("call save()"))
    assert 'fail with "not saved"' in outside
    inside = steps_of(task + workflow('retry 3 wait 5s { press "Ctrl+S" call save() }'))
    assert 'else end this attempt with "not saved".' in inside
    assert "Make up to 3 attempts" in inside
    assert "fail with the reason of the last attempt" in inside
    nested = steps_of(
        task + workflow('retry 2 { retry 3 { call save() } else { fail "inner gave up" } }')
    )
    assert 'end this attempt with "inner gave up"' in nested


def test_a_branch_that_needs_the_main_agent_is_decided_first_and_names_its_screen() -> None:
    steps = steps_of(workflow('if sees "the report" { capture "report.png" }'))
    assert 'save "decision_1": "1"' in steps
    guard = next(line for line in steps.split("\n") if "do these lines" in line)
    assert '"{{decision_1}}" is "1"' in guard
    assert "you see “the report”" in guard
    assert steps.index("do these lines") < steps.index("save_screenshot_as_run_attachment")


def test_decision_variables_never_collide_with_the_authors_names() -> None:
    steps = steps_of(
        workflow(
            """
            extract decision_1: string from "x"
            do "Type {decision_1}."
            if sees "a" { capture "a.png" }
            """
        )
    )
    assert 'save "decision_2"' in steps


def test_tasks_called_twice_keep_their_variables_apart() -> None:
    source = (
        'task read(what: string) -> { v: string } { extract v: string from "{what}" emit v = v }'
    ) + workflow(
        """
            call read(what: "left") as a
            call read(what: "right") as b
            do "Compare {a.v} with {b.v}."
            """
    )
    steps = steps_of(source)
    assert steps.count("save it as") == 2
    assert 'save it as "a_v"' in steps
    assert 'save it as "b_v"' in steps
    assert "Compare ⟦{{a_v}}⟧ with ⟦{{b_v}}⟧." in steps


def test_a_result_is_kept_before_an_output_takes_a_part_of_it() -> None:
    source = (
        'task read(what: string) -> { v: string } { extract v: string from "{what}" emit v = v }'
        "workflow w { outputs { all: string[] } steps {"
        'call read(what: "left") as a  emit all += a.v emit all += "end" } }'
    )
    steps = steps_of(source)
    kept = steps.index('as "a_v"')
    assert kept < steps.index('Append to "all": ⟪a_v⟫.') < steps.index('"end"')


def test_a_parameter_takes_whatever_the_call_gives() -> None:
    task = (
        'task note(who: { name: string }, secret pin: string) { do "Write {who.name}." type $pin '
        'into "the PIN field" }'
    )
    source = task + workflow(
        """
        call note(who: patient, pin: $code)
        call note(who: { name: "Ann" }, pin: $code)
        for p in people max 3 { call note(who: p, pin: $code) }
        """,
        sections=(
            "inputs { patient: { name: string }, people: { name: string }[] } secrets { code: "
            "string }"
        ),
    )
    steps = steps_of(source)
    assert "Write ⟦{patient.name}⟧." in steps
    assert "Write Ann." in steps
    assert "Write ⟦{{loop_item.name}}⟧." in steps
    assert steps.count("type the secret {$code}") == 3


def test_branches_that_a_literal_decides_are_gone() -> None:
    task = 'task go(fast: bool) { if fast { press "F5" } else { press "F6" } }'
    steps = steps_of(task + workflow("call go(fast: true)"))
    assert "Press f5." in steps
    assert "f6" not in steps


def test_a_loop_over_a_list_that_is_known_to_be_empty_is_no_line() -> None:
    look = 'task look(names: string[]?) { for n in names max 5 { choose "the row {n}" } }'
    for given in ("[]", "null"):
        steps = steps_of(look + workflow(f'call look(names: {given}) press "F1"'))
        assert steps.strip() == "1. Press f1."


def test_missing_values_are_explained_where_an_optional_input_matters() -> None:
    assert "- Type __EMPTY__ as it stands, too; your tool then enters nothing." in prompt_of(
        workflow('type "{memo}" into "Memo"', sections="inputs { memo: string? }")
    )
    assert "__EMPTY__" not in prompt_of(
        workflow('type "{memo}" into "Memo"', sections="inputs { memo: string }")
    )


def test_literal_braces_cannot_become_variables() -> None:
    prompt = prompt_of(workflow(r'do "Type \{name} and { \"a\": 1 } into the box."'))
    assert r"Type \{name} and { " in prompt


def test_quotation_marks_in_reasons_stay_readable() -> None:
    steps = steps_of(workflow('abort "the button \\"Save\\" is missing"'))
    assert "Fail with 'the button \"Save\" is missing'" in steps


def test_models_stay_open_until_the_account_is_known() -> None:
    artifact = only_workflow(workflow('choose "the row" using "careful"'))
    template = artifact.payload["main_prompt"]
    assert isinstance(template, Template)
    assert template.open_parts == (ModelName("careful"),)
    assert 'model="Claude"' in template.render(lambda part: "Claude")


def test_a_prompt_with_a_picture_is_escaped_html() -> None:
    bundle = compiled(
        {
            "main.flow": "flow 1\n"
            + workflow(
                'image "./a.png" shows "the icon"\ndo "Click <Run> & wait for {x}."',
                sections="inputs { x: string }",
            ),
            "a.png": b"\x89PNG\r\n\x1a\nrest",
        }
    )
    template = bundle.workflows[0].payload["main_prompt"]
    (picture,) = template.open_parts
    assert isinstance(picture, ImageRef)
    assert bundle.workflows[0].images == (picture.sha256,)
    html = template.render(lambda part: "supabase://x/y.png")
    assert '<img src="supabase://x/y.png" alt="a.png">' in html
    assert "Click &lt;Run&gt; &amp; wait for ⟦{x}⟧." in html


def test_every_statement_maps_back_to_its_source() -> None:
    artifact = only_workflow(workflow('do "One."\nexpect "two"'))
    lines = str(render_plain_json(artifact.payload["main_prompt"])).split("\n")
    found = {lines[line.line - 1].strip(): line for line in artifact.source_map.lines}
    one = next(line for text, line in found.items() if text.endswith("One."))
    two = next(line for text, line in found.items() if "Check “two”" in text)
    assert one.statement == "do"
    assert two.statement == "expect"
    assert two.source.start_line == one.source.start_line + 1


def test_finish_in_a_branch_ends_the_run_well() -> None:
    steps = steps_of(workflow('if sees "an empty list" { finish "nothing to do" }\ndo "Go on."'))
    assert "the task is complete (nothing to do): stop here." in steps
    assert steps.index("decision_1") < steps.index("the task is complete")


def test_a_command_that_runs_out_of_time_is_told_on_either_driver() -> None:
    """The legacy driver says `timeout_reached` beside exit code 0, the new one beside 124."""
    steps = steps_of(workflow('run "Get-Date" else abort "no date"'))
    assert "(exit code 124 or timeout_reached)" in steps


@pytest.mark.parametrize(
    ("read", "stands"), [('"the total"', 0), ('"the total" else { press "F5" }', 1)]
)
def test_a_value_that_an_attempt_has_certainly_read_is_not_that_of_the_call_before(
    read: str, stands: int
) -> None:
    body = (
        "keep total: int = 0 for row in rows { "
        f"extract total: int from {read} "
        'if total < 3 { fail "too little" } '
        '} on failure { press "Escape" }'
    )
    steps = steps_of(workflow(body, sections="inputs { rows: string[] @max_items(3) }"))
    assert steps.count("⟪total.value⟫ is less") == (1 if stands else 0)
    assert steps.count("⟪total⟫ is less") == (0 if stands else 1)
    assert steps.count("Data: total = {{total}}") == stands


def test_values_that_are_only_saved_need_no_call_of_their_own() -> None:
    presses = " ".join('choose "the next row"' for _ in range(26))
    body = f"while pages != 3 max 5 {{ keep pages = 3 {presses} }}"
    steps = steps_of(workflow(f"keep pages: int = 0 {body}"))
    assert steps.count("Use focused_action") == 1
    read = 'extract n: int from "the total" '
    steps = steps_of(
        workflow(f"{read} keep pages: int = 0 {body} emit n = n", sections="outputs { n: int }")
    )
    assert steps.count("Use focused_action") == 2


# Rules


def _rules(source: str) -> tuple[list[str], list[str]]:
    """The rules for the main agent alone, and those that it passes on, by their first words."""
    paragraph = prompt_of(source).partition("Rules\n")[2].partition("\n\n")[0]
    own, _, passed = paragraph.partition("- Make every focused_action call")
    return [each[2:10] for each in own.split("\n") if each], [
        each[2:10] for each in passed.split("\n")[1:]
    ]


@in_rows(
    ("body", "own", "passed"),
    [
        ('press "Tab"', ["Do the n"], []),
        ('type $pin into "PIN"', ["Do the n", "Type sec"], []),
        ("wait 2s", ["Do the n"], []),
        ('if sees "a" { abort "b" }', ["Do the n"], ["To fail,"]),
        ('type $pin into "PIN" expect "a"', ["Do the n", "Type sec"], ["To fail,", "If what "]),
        (
            'expect "a" type $pin into "PIN" expect "b"',
            ["Do the n"],
            ["To fail,", "If what ", "Type sec"],
        ),
        (
            'type "{memo}" into "A" expect "a"',
            ["Do the n", "Use what", "Type __E"],
            ["To fail,", "If what "],
        ),
        ('wait until "a"', ["Do the n"], ["To fail,", "If what ", "While wa"]),
    ],
)
def test_a_rule_is_told_where_it_is_needed(body: str, own: list[str], passed: list[str]) -> None:
    sections = "inputs { memo: string? } secrets { pin: string }"
    assert _rules(workflow(body, sections=sections)) == (own, passed)


def test_a_pause_is_looked_at_where_something_may_come_up() -> None:
    assert "While waiting" in prompt_of(workflow("wait 2s", sections='always { "Close pop-ups." }'))


# Texts of several lines


def test_what_stands_behind_a_list_goes_back_to_the_column_of_the_text() -> None:
    text = 'do """\n  Fill in:\n  - Name: Ann\n  - Town: Bern\n  Then save.\n  """\n'
    said = steps_of(workflow(f'{text} if sees "a" {{ {text} expect "b" }}'))
    listed = ["     - Name: Ann", "     - Town: Bern", "", "   Then save."]
    assert said.split("\n")[:5] == ["1. Fill in:", *listed]
    assert said.split("\n")[6:12] == [
        "   - If you see “a”:",
        "     - Fill in:",
        *(f"    {line}" if line else "" for line in listed),
    ]
