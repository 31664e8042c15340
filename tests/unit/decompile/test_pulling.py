"""What pulling edits.

The literal, the setting, the field or the statement that is meant, and no more.
"""

from __future__ import annotations

import json
from difflib import ndiff
from html import escape
from typing import Any

import pytest

from flowdsl.decompile.pulling.attempts import FILE, SETTINGS, STATEMENTS
from flowdsl.decompile.pulling.editing import Edit, Overlap, apply_edits
from flowdsl.decompile.pulling.goal import find_changed_hunks
from flowdsl.prompt.reading.own_lines import says_the_same
from flowdsl.source.files import MemoryFiles
from tests.support.flows.decompile.pulling import DEFAULT_MODEL, OTHER_MODEL, Desk
from tests.support.rows import in_rows

MAIN, LIBRARY = "flows/main.flow", "flows/lib.flow"
TWO_ENVIRONMENTS = """\
[project]
name = "desk"
id = "prj_5e1ec7ed"
flows = ["flows/**/*.flow"]

[env.local]
api = "local"
vars = { app = "Ledger (training)" }

[env.prod]
api = "local"
vars = { app = "Ledger" }
tags = { all = ["desk"] }
"""


def flow(body: str, sections: str = "", head: str = "") -> str:
    return f"flow 1\n{head}\nworkflow w {{\n{sections}\n  steps {{\n{body}\n  }}\n}}\n"


def reworded(desk: Desk, *pairs: tuple[str, str], address: str = "workflow.w") -> dict[str, Any]:
    values = desk.values(address)
    for old, new in pairs:
        assert old in values["main_prompt"]
        values["main_prompt"] = values["main_prompt"].replace(old, new)
    return values


def pulled(source: str, *pairs: tuple[str, str], level: str) -> str:
    """The source after words of its prompt were changed."""
    desk = Desk({MAIN: source})
    done = desk.pulled({"workflow.w": reworded(desk, *pairs)})
    (outcome,) = done.workflows
    assert outcome.brought == ("main_prompt",), outcome.left
    assert outcome.levels["main_prompt"] == level
    assert done.texts.keys() == {MAIN}
    return done.texts[MAIN]


# Words


@in_rows(
    ("statement", "old", "new", "written"),
    [
        ('do "Open it."', "Open it", 'Open "it" now', 'do "Open \\"it\\" now."'),
        ('do r"Open C:\\new it."', "it.", "all of it.", 'do r"Open C:\\new all of it."'),
        ('do r"Open it."', "Open it", 'Open "it"', 'do "Open \\"it\\"."'),
        ('do "See { 1 } it."', "{ 1 }", "{ 2 }", 'do "See { 2 } it."'),
        ('do "Say \\{x} gently."', "gently", "loudly", 'do "Say \\{x} loudly."'),
        ('do "A {name} b."', "⟦{name}⟧ b", "⟦{name}⟧ and \\{{ c", 'do "A {name} and {{ c."'),
        ('do "Wide 取引先 it."', "取引先", "得意先", 'do "Wide 得意先 it."'),
    ],
)
def test_words_keep_the_kind_of_their_literal(
    statement: str, old: str, new: str, written: str
) -> None:
    source = flow(f"    {statement}", "  inputs { name: string }")
    assert pulled(source, (old, new), level=STATEMENTS) == source.replace(statement, written)


def test_a_block_keeps_its_indent_and_its_comments() -> None:
    body = '''    do """
      Click "Save" {# the blue one #} at the top,
        then wait
      for {name}.
    """  # beside'''
    source = flow(body, "  inputs { name: string }")
    after = pulled(source, ("then wait", 'then "really" wait'), level=STATEMENTS)
    assert after == source.replace("then wait", 'then "really" wait')


def test_a_const_and_an_argument_are_edited_where_they_are_written() -> None:
    head = 'const desk = "the front desk"\ntask ask(what: string) { do "Ask {what} at {desk}." }'
    source = flow('    call ask(what: "Ann")\n    call ask(what: "Bob")', head=head)
    after = pulled(source, ("the front desk", "the back desk"), level=STATEMENTS)
    assert after == source.replace("the front desk", "the back desk")
    after = pulled(source, ("Ask Ann", "Ask Anna"), level=STATEMENTS)
    assert after == source.replace('"Ann"', '"Anna"')


def test_words_beside_a_typed_day_are_edited() -> None:
    body = '    do "Open it."\n    type today as "d" into "A"'
    source = flow(body, "  terminal { dates = true }")
    after = pulled(source, ("Open it", "Open all"), level=STATEMENTS)
    assert after == source.replace("Open it", "Open all")


def test_a_test_that_quotes_the_text_is_edited_with_it() -> None:
    source = flow('    expect "the list is open"') + (
        'test "it opens" for w {\n  screen { expect "the list is open" = true }\n}\n'
    )
    after = pulled(source, ("list is open", "list is shown"), level=STATEMENTS)
    assert after == source.replace("list is open", "list is shown")


def test_a_text_that_is_the_reason_too_is_edited_once() -> None:
    source = flow('    choose "the row of Ann"  # by hand')
    after = pulled(source, ("select “the row of Ann", "select “the line of Ann"), level=STATEMENTS)
    assert after == source.replace("row of Ann", "line of Ann")


def test_a_reason_that_is_given_becomes_an_else() -> None:
    source = flow('    choose "the row of Ann"  # by hand')
    after = pulled(source, ("Ann”.", 'Ann”, else fail with "no Ann".'), level=STATEMENTS)
    assert 'choose "the row of Ann" else abort "no Ann"  # by hand' in after


def test_inputs_that_go_with_their_use_are_removed() -> None:
    body = '    do "Open {name} and {other}."'
    source = flow(body, "  inputs {\n    name: string\n    other: string\n  }")
    values = reworded(Desk({MAIN: source}), (" and ⟦{other}⟧", ""))
    schema = json.loads(values["input_schema"])
    del schema["properties"]["other"]
    values["input_schema"] = json.dumps(schema | {"required": ["name"]})
    (outcome,) = (done := Desk({MAIN: source}).pulled({"workflow.w": values})).workflows
    assert not outcome.left and set(outcome.levels.values()) == {SETTINGS, STATEMENTS}
    one = source.replace("    other: string\n", "").replace(" and {other}", "")
    assert done.texts == {MAIN: one}
    values = reworded(Desk({MAIN: one}), ("⟦{name}⟧", "it"))
    (outcome,) = (
        done := Desk({MAIN: one}).pulled({"workflow.w": values | {"input_schema": None}})
    ).workflows
    assert not outcome.left and "inputs" not in done.texts[MAIN]


def test_an_input_is_renamed_with_its_use() -> None:
    source = flow('    do "Open {name}."', "  inputs {\n    name: string\n  }")
    values = reworded(Desk({MAIN: source}), ("⟦{name}⟧", "⟦{full}⟧"))
    values["input_schema"] = values["input_schema"].replace('"name"', '"full"')
    (outcome,) = (done := Desk({MAIN: source}).pulled({"workflow.w": values})).workflows
    assert not outcome.left and set(outcome.levels.values()) == {STATEMENTS}
    assert done.texts == {MAIN: source.replace("name", "full")}


def test_an_output_goes_with_its_reading() -> None:
    body = '    extract fee: number from "the fee"\n    extract tax from "the tax"'
    body += "\n    emit total = fee"
    source = flow(body, "  outputs {\n    total: number\n    tax: number\n  }")
    values = Desk({MAIN: source}).values("workflow.w")
    lines = values["main_prompt"].split("\n")
    values["main_prompt"] = "\n".join(line for line in lines if "tax" not in line)
    schema = json.loads(values["output_schema"])
    del schema["properties"]["tax"]
    values["output_schema"] = json.dumps(schema | {"required": ["total"]})
    (outcome,) = (done := Desk({MAIN: source}).pulled({"workflow.w": values})).workflows
    assert not outcome.left and set(outcome.levels.values()) == {STATEMENTS}
    kept = (line for line in source.split("\n") if "tax" not in line)
    assert done.texts == {MAIN: "\n".join(kept)}


# Statements


STEPS = """\
    # at first
    step "Look" {
      do "Open {name}."  # one
      press "Tab"
      do "Read it."
    }

    step "Leave" {
      do "Close it."
    }"""


def steps(old: str, new: str) -> tuple[str, str]:
    """The source of some steps and what it becomes when lines of its prompt change."""
    source = flow(STEPS, "  inputs { name: string }")
    return source, pulled(source, (old, new), level=STATEMENTS)


def test_a_new_instruction_is_one_new_line() -> None:
    source, after = steps(
        "3. Read it.\n\n# Leave\n4",
        '3. Wait for the "list" & <b>more</b>.\n4. Read it.\n\n# Leave\n5',
    )
    new = '      do "Wait for the \\"list\\" & <b>more</b>."\n      do "Read it."'
    assert after == source.replace('      do "Read it."', new)


def test_an_instruction_that_went_takes_its_line_with_it() -> None:
    source, after = steps("2. Press tab.\n3. Read it.\n\n# Leave\n4", "2. Read it.\n\n# Leave\n3")
    assert after == source.replace('      press "Tab"\n', "")


def test_instructions_that_changed_places_keep_their_words() -> None:
    source, after = steps("1. Open ⟦{name}⟧.\n2. Press tab.", "1. Press tab.\n2. Open ⟦{name}⟧.")
    assert after.replace("  # one", "") == source.replace(
        '      do "Open {name}."  # one\n      press "Tab"\n',
        '      press "Tab"\n      do "Open {name}."\n',
    )


def _as_paragraphs(prompt: str, *, lines_apart: bool) -> str:
    """A prompt as an editor of rich text saves it."""
    shown = escape(prompt, quote=False).replace("   ", "&nbsp; &nbsp;").replace("&amp;", "&#38;")
    if lines_apart:
        return "".join(f"<p>{line or '<br>'}</p>" for line in shown.split("\n"))
    blocks = (block.replace("\n", "<br />") for block in shown.split("\n\n"))
    return "\n".join(f"<p><span>{block}</span></p>" for block in blocks)


@in_rows(
    ("old", "new"),
    [
        ("Open ", "Quickly open "),
        ("2. Press tab.", "2. Press tab.\nWait a bit."),
        ("2. Press tab.", "2. Press tab.\n   Wait a bit."),
        ("2. Press tab.", "2. Press tab.\n\n3) Wait a bit."),
        ("\n2. Press tab.", ""),
        ("2. Press tab.\n3. Read it.", "2. Read it.\n2. Press tab."),
        ("# Leave\n4. Close it.", "# Leave\n4. Close it.\n\n# Go\n1. Go."),
        ("Lines with # are only titles.", "Lines with # are only titles.\n- Never press F4."),
        ("only titles.", "only titles.\n\u2022 Press Tab or Enter with care."),
        ("2. Press tab.", "2. Press Shift+Tab."),
        ("2. Press tab.", "2. Press Tab.\nPress F4 3 times."),
    ],
)
def test_numbers_blanks_and_the_html_of_an_editor_mean_nothing(old: str, new: str) -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs { name: string }")})
    prompt = reworded(desk, (old, new))["main_prompt"]
    saved = (
        prompt,
        "\r\n".join(f"{line}  " for line in prompt.split("\n")),
        _as_paragraphs(prompt, lines_apart=True),
        _as_paragraphs(prompt, lines_apart=False),
    )
    texts = set()
    for each in saved:
        done, outcome = desk.pull_one("workflow.w", main_prompt=each)
        assert outcome.levels == {"main_prompt": STATEMENTS}, (outcome, each)
        texts.add(done[MAIN])
    (after,) = texts
    changed = ndiff(desk.text(MAIN).split("\n"), after.split("\n"))
    edited = [line[2:].strip() for line in changed if line[0] in "+-" and line[2:].strip()]
    assert 0 < len(edited) <= 3, edited


def test_a_line_at_the_head_of_a_loop_is_its_first() -> None:
    body = '    for row in rows max 5 {\n      do "Open {row}."\n      press "F2"\n    }'
    desk = Desk({MAIN: flow(body, "  inputs { rows: string[] }")})
    prompt = str(desk.values("workflow.w")["main_prompt"])
    start = prompt.index("\n", prompt.index("Use start_loop"))
    for indent in ("", "   "):
        edited = f"{prompt[:start]}\n{indent}Look at the clock.{prompt[start:]}"
        texts, outcome = desk.pull_one("workflow.w", main_prompt=edited)
        assert outcome.levels == {"main_prompt": STATEMENTS}, outcome
        assert texts[MAIN] == desk.text(MAIN).replace(
            '      do "Open', '      do "Look at the clock."\n      do "Open'
        )


def test_a_list_of_html_is_bullets_of_a_call_at_their_depth() -> None:
    body = """    do "Open {name}."
    if sees "a note" { press "F4" do "Close it." } else { press "F5" }
    expect "it is open\""""
    desk = Desk({MAIN: flow(body, "  inputs { name: string }")})
    html = (
        "<p>Workflow: w</p><p></p><p>Rules</p><ul><li>{}</li></ul><p>Steps</p>"
        "<p>1. Open ⟦{{name}}⟧.</p><p>2. Use focused_action:</p><ul><li><p>If you see “a note”:</p>"
        "<ul><li>Press F4.</li><li>Close it.</li><li>Wait a bit.</li></ul></li>"
        "<li><p>Otherwise:</p><ul><li>Press f5.</li></ul></li><li>Check “it is open”.</li></ul>"
    )
    prompt = str(desk.values("workflow.w")["main_prompt"])
    rules = [line[2:] for line in prompt.split("\n") if line.startswith("- ")]
    saved = html.format("</li><li>".join(escape(rule, quote=False) for rule in rules))
    texts, outcome = desk.pull_one("workflow.w", main_prompt=saved)
    assert outcome.levels == {"main_prompt": STATEMENTS}, outcome.left
    assert texts[MAIN].count("do ") == desk.text(MAIN).count("do ") + 1
    assert 'do "Close it."\n' in texts[MAIN] and 'do "Wait a bit."\n' in texts[MAIN]


def test_capitals_of_keys_mean_nothing() -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs { name: string }")})
    texts, outcome = desk.pull_one("workflow.w", **reworded(desk, ("Press tab", "Press Tab")))
    assert (texts, outcome.brought, dict(outcome.left)) == ({}, (), {})


def test_a_line_in_either_block_of_a_loop_that_goes_on_stays_there() -> None:
    body = """    for row in rows {
      do "Open {row}."
      expect "it is open"
    } on failure as why {
      emit failed += { row: row, reason: why }
      press "Escape"
      expect "the list is in front" else abort "The list is gone"
    }"""
    head = "type Failed { row: string, reason: string }"
    sections = "  inputs { rows: string[] @max_items(9) }\n  outputs { failed: Failed[] }"
    desk = Desk({MAIN: flow(body, sections, head)})
    added = ("Check “it is open”.", "Check “it is open”.\n        - Read it aloud.")
    texts, outcome = desk.pull_one(
        "workflow.w", **reworded(desk, added, ("Press escape.", "Press f4."))
    )
    assert outcome.levels == {"main_prompt": STATEMENTS}, outcome.left
    expected = desk.text(MAIN).replace('"it is open"', '"it is open"\n      do "Read it aloud."')
    assert texts[MAIN] == expected.replace('press "Escape"', 'press "F4"')


def test_an_input_with_its_use_is_declared_and_named() -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs {\n    name: string\n  }\n  secrets { pin: string }")})
    values = reworded(desk, ("2. Press tab.", "2. Press tab.\nChoose {branch}."))
    schema = json.loads(values["input_schema"])
    schema["properties"]["branch"] = {"type": "string", "description": "Where it is."}
    schema["required"].append("branch")
    texts, outcome = desk.pull_one("workflow.w", **values | {"input_schema": json.dumps(schema)})
    assert outcome.brought == ("input_schema", "main_prompt"), outcome.left
    assert "- Choose {branch}." not in outcome.implied, "only numbers and brackets differ"
    assert "    ## Where it is.\n    branch: string\n" in texts[MAIN]
    assert '      do "Choose {branch}."\n' in texts[MAIN]


def test_a_description_of_a_first_input_leaves_its_line_as_it_was() -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs {\n    name: string\n  }")})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    schema["properties"]["name"]["description"] = "Whose it is."
    texts, _ = desk.pull_one("workflow.w", input_schema=json.dumps(schema))
    assert "  inputs {\n    ## Whose it is.\n    name: string\n  }" in texts[MAIN]


def test_a_model_that_a_person_chose_is_seen_and_a_default_is_not() -> None:
    desk = Desk({MAIN: flow('    do "x"')})
    path = "model_metadata.main_agent_model_id"
    texts, outcome = desk.pull_one("workflow.w", **{path: DEFAULT_MODEL})
    assert (texts, outcome.brought) == ({}, ())
    texts, outcome = desk.pull_one("workflow.w", **{path: OTHER_MODEL})
    assert outcome.brought == (path,)
    assert f'  model {{\n    main = "{OTHER_MODEL}"\n  }}' in texts[MAIN]


def test_a_prompt_that_an_editor_saved_anew_is_as_it_was() -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs { name: string }")})
    prompt = str(desk.values("workflow.w")["main_prompt"])
    for lines_apart in (True, False):
        same = _as_paragraphs(prompt, lines_apart=lines_apart)
        texts, outcome = desk.pull_one("workflow.w", main_prompt=same)
        assert (texts, outcome.brought, outcome.left) == ({}, (), {})


def test_a_new_step_stands_apart() -> None:
    source = flow(STEPS, "  inputs { name: string }")
    numbered = ("# Leave\n4", "# Check\n4. Look twice.\n\n# Leave\n5")
    assert pulled(source, numbered, level=STATEMENTS) == source.replace(
        '    step "Leave"', '    step "Check" {\n      do "Look twice."\n    }\n\n    step "Leave"'
    )


def test_a_call_of_a_task_that_another_workflow_uses_becomes_its_statements() -> None:
    library = 'flow 1\ntask look(what: string) {\n  do "Open {what}."\n  press "Tab"\n}\n'
    head = 'import { look } from "./lib.flow"'
    source = flow('    call look(what: "Ann")\n    do "Go."', head=head)
    other = source.replace("workflow w", "workflow v")
    desk = Desk({MAIN: source, "flows/other.flow": other, LIBRARY: library})
    one = reworded(desk, ("Open Ann", "Open and read Ann"))

    done = desk.pulled({"workflow.w": one})

    assert done.texts == {
        MAIN: source.replace(
            '    call look(what: "Ann")', '    do "Open and read Ann."\n    press "Tab"'
        )
    }

    both = {
        "workflow.w": one,
        "workflow.v": reworded(desk, ("Open Ann", "Open and read Ann"), address="workflow.v"),
    }
    assert desk.pulled(both).texts == {LIBRARY: library.replace("Open {", "Open and read {")}


# Environments


def test_words_of_the_environment_stay_a_reference() -> None:
    source = flow('    do "Start {env.app} first."\n    choose "the icon of {env.app}"')
    desk = Desk({MAIN: source, "flowdsl.toml": TWO_ENVIRONMENTS})

    done = desk.pulled(
        {
            "workflow.w": reworded(
                desk, ("Start Ledger (training) first", "Then start Ledger (training)")
            )
        }
    )
    assert done.texts == {MAIN: source.replace("Start {env.app} first", "Then start {env.app}")}

    once = reworded(desk, ("select “the icon of", "select “the big icon of"))
    done = desk.pulled({"workflow.w": once})
    assert done.texts == {MAIN: source.replace("the icon of", "the big icon of")}


@pytest.mark.parametrize(
    ("old", "new"), [("Ledger (training)", "Ledger (school)"), ("1. Start", "1. Then, Start:\n")]
)
def test_what_would_bring_words_of_one_environment_into_another_is_left(old: str, new: str) -> None:
    source = flow('    do "Start {env.app} first."')
    desk = Desk({MAIN: source, "flowdsl.toml": TWO_ENVIRONMENTS})
    done = desk.pulled({"workflow.w": reworded(desk, (old, new))})
    assert done.texts == {}
    assert "the sources give `prod` another one" in done.workflows[0].left["main_prompt"]


def test_tags_of_every_workflow_stay_in_the_project_file() -> None:
    source = flow('    do "x"', '  tags = ["one", "two"]  # by hand')
    desk = Desk({MAIN: source, "flowdsl.toml": TWO_ENVIRONMENTS}, "prod")
    values = {"workflow.w": desk.values("workflow.w")}

    done = desk.pulled(values, tags={"workflow.w": {"desk", "two", "three"}})
    assert done.texts == {MAIN: source.replace('["one", "two"]', '["two", "three"]')}

    done = desk.pulled(values, tags={"workflow.w": {"one", "two"}})
    assert done.texts == {}
    assert "puts `desk` on every workflow" in done.workflows[0].left["tags"]


# Settings and fields


def test_models_are_named_by_aliases_where_there_are_some() -> None:
    project = TWO_ENVIRONMENTS + '\n[env.local.models]\nfast = "Other"\nslow = "House default"\n'
    source = flow('    do "x"', '  model {\n    main = "slow"  # better\n  }')
    desk = Desk({MAIN: source, "flowdsl.toml": project})
    assert desk.values("workflow.w")["model_metadata.main_agent_model_id"] == DEFAULT_MODEL

    texts, outcome = desk.pull_one(
        "workflow.w", **{"model_metadata.main_agent_model_id": OTHER_MODEL}
    )
    assert texts == {MAIN: source.replace('"slow"', '"fast"')}
    assert outcome.notes == ()

    desk = Desk({MAIN: source.replace('"slow"', '"any"')})
    texts, outcome = desk.pull_one(
        "workflow.w", **{"model_metadata.main_agent_model_id": OTHER_MODEL}
    )
    assert f'"{OTHER_MODEL}"  # better' in texts[MAIN]
    assert "named by its id" in outcome.notes[0]


def test_a_field_of_a_shared_type_changes_where_it_is_declared() -> None:
    head = 'type Row {\n  number: string @pattern(r"^A")  # as printed\n  state: "new" | "old"\n}'
    source = flow('    do "x"', "  inputs { rows: Row[] @max_items(9) }", head)
    desk = Desk({MAIN: source})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    row = schema["properties"]["rows"]["items"]["properties"]
    row["number"]["pattern"] = "^B"
    row["state"]["enum"].append("gone")
    schema["properties"]["rows"]["maxItems"] = 5

    texts, outcome = desk.pull_one("workflow.w", input_schema=json.dumps(schema))

    assert outcome.levels == {"input_schema": SETTINGS}
    wanted = source.replace('^A")', '^B")').replace('"old"', '"old" | "gone"')
    assert texts == {MAIN: wanted.replace("@max_items(9)", "@max_items(5)")}


def test_a_field_that_may_be_left_out_or_null_now_gets_its_mark_where_it_is_declared() -> None:
    head = "type Row { number: string, note?: string, memo: string?, state : int }"
    source = flow('    do "x"', "  inputs { rows: Row[] @max_items(9) }", head)
    desk = Desk({MAIN: source})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    row = schema["properties"]["rows"]["items"]
    assert row["required"] == ["number", "state"]
    row["required"] = ["number", "note"]
    row["properties"]["memo"]["type"] = "string"

    texts, _ = desk.pull_one("workflow.w", input_schema=json.dumps(schema))

    wanted = "type Row { number: string, note: string, memo?: string, state? : int }"
    assert texts == {MAIN: source.replace(head, wanted)}


def test_a_secret_of_a_workflow_that_had_none_is_declared() -> None:
    section = "\n\n  secrets {\n    pin: string\n  }"
    source = flow('    do "x {a}"', "  inputs { a: string }  # by hand")
    declared = source.replace("# by hand", f"# by hand{section}")
    schema = Desk({MAIN: declared}).values("workflow.w")["input_schema"]
    texts, outcome = Desk({MAIN: source}).pull_one("workflow.w", input_schema=schema)
    assert outcome.levels == {"input_schema": SETTINGS}
    assert texts == {MAIN: declared}


def test_an_input_comes_into_an_empty_section() -> None:
    source = flow('    type $s into "x"', "  inputs { }\n  secrets { s: string }")
    declared = source.replace("inputs { }", "inputs {\n    q: string\n  }")
    schema = Desk({MAIN: declared}).values("workflow.w")["input_schema"]
    texts, outcome = Desk({MAIN: source}).pull_one("workflow.w", input_schema=schema)
    assert outcome.levels == {"input_schema": SETTINGS}
    assert texts == {MAIN: declared}


def test_a_day_stays_the_default_until_the_dashboard_has_another() -> None:
    source = flow('    do "x {day}"', "  inputs { day: date = today - 7d }")
    desk = Desk({MAIN: source})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    assert desk.pull_one("workflow.w")[0] == {}

    schema["properties"]["day"]["description"] = "When"
    texts, outcome = desk.pull_one("workflow.w", input_schema=json.dumps(schema))
    assert outcome.levels == {"input_schema": SETTINGS}
    assert "day: date = today - 7d" in texts[MAIN] and "## When" in texts[MAIN]

    schema["properties"]["day"]["default"] = "2026-03-01"
    texts, _ = desk.pull_one("workflow.w", input_schema=json.dumps(schema))
    assert 'day: date = "2026-03-01"' in texts[MAIN]


def test_a_field_of_an_imported_type_changes_in_the_file_of_its_namespace() -> None:
    head = 'import "./lib.flow" as lib\nimport { Town as City } from "./lib.flow"\n'
    head += "type Person { name: string }\ntype Town { name: string }"
    source = flow('    do "x"', "  inputs { p: lib.Person, r: Person, c: City }", head)
    library = "flow 1\n\ntype Person { name: string }\n\ntype Town { name: string }\n"
    desk = Desk({MAIN: source, LIBRARY: library})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    schema["properties"]["p"]["properties"]["name"]["maxLength"] = 9
    schema["properties"]["c"]["properties"]["name"]["maxLength"] = 8

    texts, _ = desk.pull_one("workflow.w", input_schema=json.dumps(schema))

    wanted = library.replace("string", "string @max_length(9)", 1)
    assert texts == {LIBRARY: wanted.replace("string }", "string @max_length(8) }")}


def test_a_field_of_a_type_that_another_workflow_uses_gets_a_type_of_its_own() -> None:
    head = 'type State = "new" | "old"'
    source = flow('    do "x"', "  inputs { state: State }", head)
    other = flow('    do "x"', "  inputs { state: State }", 'import { State } from "./main.flow"')
    desk = Desk({MAIN: source, "flows/other.flow": other.replace("workflow w", "workflow v")})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    schema["properties"]["state"]["enum"] = ["new"]

    texts, _ = desk.pull_one("workflow.w", input_schema=json.dumps(schema))

    assert texts == {MAIN: source.replace("{ state: State }", '{ state: "new" }')}


def test_files_beside_the_source_are_written_in_their_own_style() -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}}, indent="\t")
    source = 'flow 1\nworkflow w {\n  inputs from "./in.json"\n  prompt from "./p.md"\n}\n'
    desk = Desk({MAIN: source, "flows/in.json": schema + "\n\n", "flows/p.md": "Do {a}.\r\n"})
    document = json.loads(schema)
    document["properties"]["a"]["description"] = "Größe"

    texts, outcome = desk.pull_one(
        "workflow.w", input_schema=json.dumps(document), main_prompt="Do {a} & more.\n"
    )

    assert texts == {
        "flows/in.json": json.dumps(document, indent="\t", ensure_ascii=False) + "\n\n",
        "flows/p.md": "Do {a} & more.\n",
    }
    assert set(outcome.levels.values()) == {FILE}


def test_half_a_surrogate_pair_is_left() -> None:
    desk = Desk({MAIN: flow('    do "x"')})
    texts, outcome = desk.pull_one("workflow.w", main_prompt="a \ud800 b", is_webhooks_enabled=True)
    assert outcome.brought == ("is_webhooks_enabled",)
    assert "surrogate" in outcome.left["main_prompt"]
    assert texts == {MAIN: flow('    do "x"').replace("w {\n", "w {\n  webhooks = true\n", 1)}


def test_what_cannot_be_brought_in_does_not_keep_the_rest_out() -> None:
    head = 'task go(kind: "a" | "b") { do "Go to {kind}." }'
    source = flow("    call go(kind: kind)", '  inputs { kind: "a" | "b" }', head)
    desk = Desk({MAIN: source})
    schema = json.loads(desk.values("workflow.w")["input_schema"])
    schema["required"] = []
    values = reworded(desk, ("Go to", "Walk to")) | {"input_schema": json.dumps(schema)}
    done = desk.pulled({"workflow.w": values})
    (outcome,) = done.workflows
    assert outcome.brought == ("main_prompt",)
    assert "an empty list `required`" in outcome.left["input_schema"]
    assert done.texts == {MAIN: source.replace("Go to", "Walk to")}


# The parts


def test_hunks_are_whole_words_and_lead_from_one_text_to_the_other() -> None:
    before, after = "one two\nthree four\nfive", "one 2 two\nthree\nfive six\n"
    text, shift = before, 0
    for each in find_changed_hunks(before, after):
        text = text[: each.start + shift] + each.new + text[each.end + shift :]
        shift += len(each.new) - (each.end - each.start)
    assert text == after


def test_edits_take_the_line_breaks_of_the_file_and_never_overlap() -> None:
    files = MemoryFiles({"a": "x\r\ny\r\n"})
    assert apply_edits(files, {}, [Edit("a", 1, 1, "\nz")]) == {"a": "x\r\nz\r\ny\r\n"}
    with pytest.raises(Overlap):
        apply_edits(files, {}, [Edit("a", 0, 2, "b"), Edit("a", 1, 3, "c")])


@in_rows(
    ("old", "new", "told"),
    [
        ("1. Open ", "1. Use focused_action for ⟦", "`Use focused_action for ⟦"),
        ("1. Open ", "P.S.\n1. Open ", ""),
        ("Rules\n", "P.S.\nRules\n", "`P.S.`"),
        ("Rules\n", "Look\nbe quick\nleave\nnow\nRules\n", "`Look`, `be quick`, `leave` and 1"),
    ],
)
def test_no_section_becomes_a_file_unasked_and_the_lines_are_told(
    old: str, new: str, told: str
) -> None:
    desk = Desk({MAIN: flow(STEPS, "  inputs { name: string }")})
    values = {"workflow.w": reworded(desk, (old, new))}
    asked, unasked = (desk.pulled(values, as_file=as_file) for as_file in (True, False))
    (outcome,) = unasked.workflows
    if told:
        assert unasked.texts == {}
        assert told in outcome.left["main_prompt"]
        assert "--as-file" in outcome.left["main_prompt"]
        assert asked.workflows[0].levels == {"main_prompt": FILE}
    else:
        assert outcome.levels == {"main_prompt": STATEMENTS}
        assert asked.texts == unasked.texts


LOOP = """
    for row in rows {
      do "Open {row}."
      if sees "a note" { press "F4" } else { abort "no note in {row}" }
      extract total: int from "the total of {row}"
      emit totals += total
    }
    expect "the list is in front"
    press "Tab"
    expect "it is empty"
"""


@in_rows(
    ("same", "old", "new"),
    [
        (True, "- To save, use upsert_runtime_values.\n", ""),
        (True, "   - Check “it is empty”.", "3. Use focused_action:\n   - Check “it is empty”."),
        (True, "⟦{{loop_item}}⟧", "{{loop_item}}"),
        (True, "      - Data: totals_count = {{totals_count}}\n", ""),
        (False, "Check “it is empty”", "Check “it is nearly empty”"),
        (False, "   - Press tab.\n", ""),
        (
            False,
            "   - Press tab.\n   - Check “it",
            "   - Check “it is so”.\n   - Press tab.\n   - Check “it",
        ),
        (False, "Press f4.", "Press f5."),
        (False, "        - Press f4.\n", "      - Press f4.\n"),
        (False, ":\n      - Data", ' with model="Other":\n      - Data'),
    ],
)
def test_prompts_say_the_same_if_only_lines_differ_that_follow(
    same: bool, old: str, new: str
) -> None:
    sections = "  inputs { rows: string[] @max_items(9) }\n  outputs { totals: int[] }"
    compiled = Desk({MAIN: flow(LOOP, sections)}).values("workflow.w")
    prompt = str(compiled["main_prompt"])
    assert old in prompt, prompt
    edited = compiled | {"main_prompt": prompt.replace(old, new)}
    assert says_the_same(compiled, edited) is same
    assert says_the_same(edited, compiled) is same


def test_a_step_of_an_opened_call_holds_what_the_next_call_puts_under_its_title() -> None:
    tasks = 'task enter() { step "Enter" { do "Open it." expect "it is open" } }\n'
    tasks += 'task tidy() { expect "it is tidy" }'
    calls = '    call enter()\n    call tidy()\n    step "Look" { do "Look." }'
    other = f"workflow v {{ steps {{\n{calls}\n}} }}\n"
    desk = Desk({MAIN: flow(calls, head=tasks) + other})
    values = reworded(desk, ("2. Use", "Wait a bit.\n2. Use"))
    done = desk.pulled({"workflow.w": values}, as_file=False)
    assert done.workflows[0].levels == {"main_prompt": STATEMENTS}, done.workflows[0].left
    opened = '''    step "Enter" {
      do "Open it."
      do "Wait a bit."
      expect "it is open"
      expect "it is tidy"
    }
    step "Look"'''
    assert done.texts[MAIN] == desk.text(MAIN).replace(calls[: calls.index(" {")], opened, 1)


def test_nothing_stays_of_an_edit_that_ends_in_a_file() -> None:
    library = 'flow 1\ntask look(what: string) {\n  do "Open {what}."\n  press "Tab"\n}\n'
    source = flow('    call look(what: "Ann")', head='import { look } from "./lib.flow"')
    desk = Desk({MAIN: source, LIBRARY: library})
    values = reworded(desk, ("Open Ann", "Open and read Ann"), ("Rules\n", "P.S.\n\nRules\n"))

    done = desk.pulled({"workflow.w": values})

    assert done.texts.keys() == {MAIN, "flows/w.prompt.md"}
    assert done.texts["flows/w.prompt.md"] == values["main_prompt"]
    assert done.workflows[0].levels == {"main_prompt": FILE}


def test_a_task_is_edited_for_one_workflow_while_the_prompt_of_another_goes_into_a_file() -> None:
    library = 'flow 1\ntask look(what: string) {\n  do "Open {what}."\n}\n'
    source = flow('    call look(what: "Ann")', head='import { look } from "./lib.flow"')
    other = source.replace("workflow w", "workflow v")
    desk = Desk({MAIN: source, "flows/other.flow": other, LIBRARY: library})
    edits = {
        "workflow.v": reworded(desk, ("Open Ann", "Open and read Ann"), address="workflow.v"),
        "workflow.w": desk.values("workflow.w") | {"main_prompt": "By hand."},
    }
    done = desk.pulled(edits)
    assert done.texts["flows/w.prompt.md"] == "By hand."
    assert done.texts[LIBRARY] == library.replace("Open {", "Open and read {")
    assert "flows/other.flow" not in done.texts


def test_a_schema_that_is_no_json_is_kept_beside_the_source() -> None:
    source = flow("    emit a = 1", "  outputs { a: int }")
    desk = Desk({MAIN: source})
    texts, outcome = desk.pull_one("workflow.w", output_schema="a: the number, b: text")
    assert outcome.brought == ("output_schema",), outcome.left
    assert json.loads(texts["flows/w.extra.json"]) == {"output_schema": "a: the number, b: text"}


def test_a_schema_that_is_no_json_takes_the_place_of_an_inline_one() -> None:
    extra = '  extra { output_schema: { properties: { a: { title: "A" } } } }'
    source = flow("    emit a = 1", f"  outputs {{ a: int }}\n{extra}")
    desk = Desk({MAIN: source})
    texts, outcome = desk.pull_one("workflow.w", output_schema="a: the number, b: text")
    assert outcome.levels == {"output_schema": FILE}
    assert json.loads(texts["flows/w.extra.json"]) == {"output_schema": "a: the number, b: text"}


def test_no_file_keeps_a_list_of_commands_unless_asked() -> None:
    body = '    run "dir"\n    do "Look."'
    desk = Desk({MAIN: flow(body, '  terminal { allow = ["net use"] }')})
    edit = {"workflow.w": desk.values("workflow.w") | {"terminal_command_allowlist": ["net use"]}}
    done = desk.pulled(edit, as_file=False)
    assert done.texts == {}
    words = "statements run `dir`, which puts it on the list; edit them"
    assert done.workflows[0].left == {"terminal_command_allowlist": words}
    assert "flows/w.extra.json" in desk.pulled(edit).texts


@pytest.mark.parametrize("depth", [101, 100_000])
def test_a_schema_that_nests_too_deep_is_left(depth: int) -> None:
    desk = Desk({MAIN: flow("    emit a = 1", "  outputs { a: int }")})
    schema = '{"a":' * depth + "1" + "}" * depth
    texts, outcome = desk.pull_one("workflow.w", output_schema=schema)
    assert texts == {}
    assert outcome.left == {"output_schema": "it is nested too deeply"}


def test_the_first_line_of_a_statement_is_edited_without_what_stands_inside() -> None:
    body = (
        '    retry 3 wait 5s {\n      # first\n      press "F5"  # again\n      expect "it is '
        'there"\n    }'
    )
    source = flow(body)
    after = pulled(source, ("up to 3 attempts", "up to 4 attempts"), level=STATEMENTS)
    assert after == source.replace("retry 3", "retry 4")


@in_rows(
    ("before", "wanted", "after"),
    [
        (
            'retry 2 {\n  # first\n  press "F5"  # again\n  expect "x"\n}',
            'retry 2 { press "F5" expect "x" } else { abort "no" }',
            'retry 2 {\n  # first\n  press "F5"  # again\n  expect "x"\n} else { abort "no" }',
        ),
        (
            'if sees "a" {\n  # one\n  do "A."  # x\n}\ndo "End."',
            'if sees "a" { do "A." } else if sees "b" { do "B." } do "End."',
            'if sees "a" {\n  # one\n  do "A."  # x\n} else if sees "b" {\n  do "B."\n}\ndo "End."',
        ),
        (
            'for n in ["a", "b"] {  # both\n  do "Open {n}."  # x\n}',
            'for n in ["a", "b", "c"] { do "Open {n}." }',
            'for n in ["a", "b", "c"] {  # both\n  do "Open {n}."  # x\n}',
        ),
        (
            'wait 5000ms\nwait until "x" timeout 120s',
            'wait 5s wait until "y" timeout 2m',
            'wait 5000ms\nwait until "y" timeout 120s',
        ),
    ],
)
def test_a_statement_that_changes_keeps_what_stays_in_it(
    before: str, wanted: str, after: str
) -> None:
    prompt = Desk({MAIN: flow(wanted)}).values("workflow.w")["main_prompt"]
    texts, outcome = Desk({MAIN: flow(before)}).pull_one("workflow.w", main_prompt=prompt)
    assert outcome.levels == {"main_prompt": STATEMENTS}
    assert texts == {MAIN: flow(after)}


# Libraries

SHARED = 'flow 1\n\ntask enter() {\n  do "Open the shared form"\n}\n'
OF_LIBRARY = flow(
    '    do "Close the tab"\n    call enter()', head='import { enter } from "@epic/login.flow"'
)
WHERE = (
    "the edit belongs into `@epic/login.flow`, and this project only reads the library `epic`: "
    "make it there by hand, and deploy every project that uses the library"
)


def test_an_edit_of_a_library_is_told_and_not_made() -> None:
    desk = Desk({MAIN: OF_LIBRARY, "@epic//login.flow": SHARED})
    done = desk.pulled({"workflow.w": reworded(desk, ("the shared form", "the new form"))})
    (outcome,) = done.workflows
    assert done.texts == {}
    assert outcome.brought == ()
    assert outcome.left == {"main_prompt": WHERE}


def test_what_does_not_need_the_library_is_pulled_beside_it() -> None:
    desk = Desk(
        {
            MAIN: OF_LIBRARY,
            "flows/other.flow": flow('    do "Close the tab"').replace("workflow w", "workflow v"),
            "@epic//login.flow": SHARED,
        }
    )
    edited_w = reworded(desk, ("the shared form", "the new form")) | {"is_webhooks_enabled": True}
    edited_v = reworded(desk, ("Close the tab", "Close it"), address="workflow.v")
    done = desk.pulled({"workflow.w": edited_w, "workflow.v": edited_v})
    by_name = {str(each.address): each for each in done.workflows}
    assert by_name["workflow.w"].brought == ("is_webhooks_enabled",)
    assert by_name["workflow.w"].left == {"main_prompt": WHERE}
    assert by_name["workflow.v"].brought == ("main_prompt",)
    assert by_name["workflow.v"].left == {}
    assert done.texts.keys() == {MAIN, "flows/other.flow"}
    assert "webhooks = true" in done.texts[MAIN]
    assert "Close it" in done.texts["flows/other.flow"]


@pytest.mark.parametrize(
    ("section", "path", "content", "field", "value"),
    [
        (
            "prompt from",
            "old.md",
            "w\n\nSteps\n1. Press Enter",
            "main_prompt",
            "w\n\nSteps\n1. Press F1",
        ),
        ("extra from", "extra.json", '{"new_speed": 1}', "new_speed", 2),
    ],
)
def test_a_file_of_a_library_stays_as_it_is(
    section: str, path: str, content: str, field: str, value: Any
) -> None:
    body = "" if section == "prompt from" else '  steps { do "Press Enter" }\n'
    source = f'flow 1\n\nworkflow w {{\n  {section} "@epic/{path}"\n{body}}}\n'
    desk = Desk({MAIN: source, f"@epic//{path}": content})
    done = desk.pulled({"workflow.w": desk.values("workflow.w") | {field: value}})
    (outcome,) = done.workflows
    assert not any(text.startswith("@") for text in done.texts)
    assert outcome.left.keys() | set(outcome.brought) == {field}
