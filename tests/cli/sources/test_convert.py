"""`flowdsl convert` as people meet it: what it proposes, and what it writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.command_line import Result, read_tree, run_here, write_tree
from tests.support.effort import every

PROJECT = '[project]\nname = "desk"\n\n[env.local]\napi = "local"\n'
FLOW = """\
flow 1

## Looks a claim up.
workflow claim_status {
  title = "Claim status"
  inputs { claim_no: string @wire("Claim No"), visit: date }
  secrets { pin: string }
  outputs { status: Status, note: string?, claim: string }
  terminal { unrestricted = true }
  prompt from "./claim_status.prompt.md"   # from the dashboard
}

type Status = "open" | "paid"
"""
PROMPT = """\
# Claim status

You work for Harbour Mutual.

## 1. Sign in

1. Open **HarbourDesk** from the taskbar.
2. Type {$pin} into the "PIN" field.
3. Press **Enter**.
4. Wait for 5 seconds.

## 2. Find the claim

1. Click "Search" and look for {visit}.
2. If there is no claim:
   - close the window
   - use declare_task_failed with "no claim"
3. Triple-click the claim number in the header, then copy_to_clipboard with key claim.
4. save_screenshot_as_run_attachment named "claim_{visit}.png".
5. Press Ctrl + S twice.
"""
STEPS = """\
  steps {
    do "You work for Harbour Mutual."

    step "Sign in" {
      do "Open **HarbourDesk** from the taskbar."
      type $pin into "the \\"PIN\\" field"
      press "Enter"
      wait 5s
    }

    step "Find the claim" {
      do "Click \\"Search\\" and look for {visit}."
      if sees "there is no claim" {
        do "close the window"
        abort "no claim"
      }
      copy claim from "the claim number in the header"
      capture "claim_{visit}.png"
      press "Ctrl+S" 2 times
    }

    step "Read the results" {
      extract status from "the value \\"status\\""
      extract note from "the value \\"note\\""
    }
  }"""
PROMPT_FROM = '  prompt from "./claim_status.prompt.md"'


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    files = {"claim_status.flow": FLOW, "claim_status.prompt.md": PROMPT}
    write_tree(tmp_path, {"flowdsl.toml": PROJECT} | {f"flows/{n}": t for n, t in files.items()})
    return tmp_path


def convert(folder: Path, *words: str, stdin: str = "") -> Result:
    return run_here(folder, "convert", *words, stdin=stdin.encode())


def error(result: Result, code: int) -> str:
    assert result.code == code, result.err
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    return line


def test_a_prompt_becomes_statements_in_the_words_of_the_file(desk: Path) -> None:
    before = read_tree(desk)

    result = convert(desk, "claim_status")

    assert result.code == 0, result.err
    assert result.text == FLOW.replace(PROMPT_FROM, STEPS)
    assert read_tree(desk) == before


def test_the_difference_and_the_counts_are_told(desk: Path) -> None:
    lines = convert(desk, "claim_status").err.splitlines()

    assert "-1. Open **HarbourDesk** from the taskbar." in lines
    (typed,) = [line for line in lines if line.startswith("+") and '"PIN"' in line]
    assert typed.endswith("{$pin}")
    counts = (
        "17 statements: 1 abort, 1 capture, 1 copy, 4 do, 2 extract, 1 if, 2 press, 3 step, "
        "1 type, 1 wait"
    )
    assert counts in lines
    notes = [line for line in lines if line.startswith("note: ")]
    assert "change the words of the prompt" in notes[0]
    assert "does not say where to read `note`, `status`" in notes[1]


def test_each_part_is_taken_left_or_edited(desk: Path) -> None:
    answers = "y\nk\ne\nwait 5 secs\n.\n\nwait 6s\n.\nwhat\na\n"
    expected = STEPS.replace('press "Enter"', 'do "Press **Enter**."').replace("wait 5s", "wait 6s")

    result = convert(desk, "claim_status", "--step", stdin=answers)

    assert result.code == 0, result.err
    assert result.text == FLOW.replace(PROMPT_FROM, expected)
    lines = result.err.splitlines()
    assert '  | Type {$pin} into the "PIN" field.' in lines
    assert '    type $pin into "the \\"PIN\\" field"' in lines
    assert any(line.startswith("  error: ") for line in lines), lines
    assert "answer y, k, e, a or q" in result.err
    assert (
        "checked now that was not before: 1 abort, 1 capture, 1 copy, 2 extract, 1 if,"
        in result.err
    )


def test_prose_is_edited_behind_the_parts(desk: Path) -> None:
    answers = "a\ny\ne\nwait 2s\n.\n\nq\n"

    result = convert(desk, "claim_status", "--step", stdin=answers)

    assert result.code == 0, result.err
    assert "do are prose: edit them, too? [y/N]" in result.err
    first = next(line for line in STEPS.splitlines() if line.strip().startswith("do "))
    indented = first[: len(first) - len(first.lstrip())]
    assert result.text == FLOW.replace(PROMPT_FROM, STEPS.replace(first, f"{indented}wait 2s", 1))


def test_nothing_is_written_where_the_answers_end(desk: Path) -> None:
    before = read_tree(desk)
    for answers in ("", "y\n", "y\nq\n", "y\ne\nwait 5 secs\n.\n"):
        result = convert(desk, "claim_status", "--step", "--write", stdin=answers)
        assert (result.code, result.text) == (0, ""), result.err
        assert result.err.endswith("nothing was written\n")
        assert read_tree(desk) == before


def test_both_prompts_stand_beside_each_other(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "83")

    lines = convert(desk, "claim_status", "--diff").text.splitlines()

    assert all(len(line) <= 83 for line in lines)
    assert lines[0].split("   ")[0] == "the prompt as it is" and "of the statements" in lines[0]
    assert {line[41:42] for line in lines[1:]} <= {"", " ", "|", "<", ">"}
    left = " ".join(line[:40].strip() for line in lines[1:])
    assert 'Click "Search" and look for {visit}.' in left
    right = " ".join(line[43:].strip() for line in lines[1:])
    assert "Press enter." in right and "\x1b" not in left + right


def test_write_replaces_the_section_and_nothing_else(desk: Path) -> None:
    flow = FLOW.replace("\n", "\r\n").encode()
    (desk / "flows/claim_status.flow").write_bytes(b"\xef\xbb\xbf" + flow)

    result = convert(desk, "flows/claim_status.flow", "--write")

    assert (result.code, result.text) == (0, "flows/claim_status.flow\n"), result.err
    assert "`flows/claim_status.prompt.md` is no longer used" in result.err
    expected = flow.replace(PROMPT_FROM.encode(), STEPS.replace("\n", "\r\n").encode())
    assert (desk / "flows/claim_status.flow").read_bytes() == b"\xef\xbb\xbf" + expected
    assert (desk / "flows/claim_status.prompt.md").read_text() == PROMPT
    assert run_here(desk, "check").code == 0
    assert "has statements already" in error(convert(desk, "claim_status"), 64)
    again = error(convert(desk, "flows/claim_status.flow"), 64)
    assert "its workflows have statements already" in again


def test_a_prompt_file_that_others_use_is_still_used(desk: Path) -> None:
    other = FLOW.partition("type Status")[0].replace("workflow claim_status", "workflow other")
    text = other.replace("status: Status, ", "")
    write_tree(desk, {"flows/other.flow": text})

    result = convert(desk, "claim_status", "--write")

    assert result.code == 0 and "no longer used" not in result.err


def test_html_becomes_plain_text(desk: Path) -> None:
    html = (
        "<h2>Sign in</h2><ol><li><p>Open <strong>HarbourDesk</strong>&nbsp;now.</p></li>"
        "<li>Press <b>Enter</b></li></ol><p>Read the <em>claim</em> &lt;no&gt; of "
        "{visit}.<br>Go on</p>"
    )
    write_tree(desk, {"flows/claim_status.prompt.md": html})

    result = convert(desk, "claim_status")

    assert result.code == 0, result.err
    assert 'step "Sign in" {\n      do "Open HarbourDesk now."\n      press "Enter"' in result.text
    assert "Read the claim <no> of {visit}." in result.text
    assert "the prompt is HTML" in result.err


BLOCKED: dict[str, tuple[str, list[str]]] = {
    "a picture": ('<p>See</p><img src="supabase://x/a.png">', ["shows 1 picture", "`image`"]),
    "a character without literal": (
        "Press F3.\nType \x1b now.",
        ["cannot be said in statements: character 6 of its line 2 is U+001B", "delete it"],
    ),
    "a null character": ("Type \0 now.", ["character 6 of its line 1 is U+0000"]),
    "one name for two things": ("Save {{claim_no}} for {visit}.", ["`claim_no`"]),
}


@pytest.mark.parametrize(("prompt", "words"), BLOCKED.values(), ids=BLOCKED)
def test_what_cannot_be_said_stays_in_its_file(desk: Path, prompt: str, words: list[str]) -> None:
    write_tree(desk, {"flows/claim_status.prompt.md": prompt})
    before = read_tree(desk)

    message = error(convert(desk, "claim_status", "--write"), 3)

    assert all(word in message for word in words), message
    assert read_tree(desk) == before
    assert "\x1b" not in convert(desk, "claim_status").err


LOST: dict[str, tuple[str, list[str]]] = {
    "one brace too many": ("Open {{visit} now.", ["`{visit}` in line 1 would no longer be filled"]),
    "in an attribute": ('<p>Go</p><p title="{visit}">on</p>', ["`{visit}` would no longer"]),
    "in a comment of HTML": ("<p>Go</p><!-- {visit} -->", ["`{visit}` would no longer"]),
    "put together from HTML": ("<p>See {<b>visit</b>}</p>", ["`{visit}` would be filled in"]),
}


@pytest.mark.parametrize(("prompt", "words"), LOST.values(), ids=LOST)
def test_no_variable_is_lost_or_made(desk: Path, prompt: str, words: list[str]) -> None:
    write_tree(desk, {"flows/claim_status.prompt.md": prompt})
    before = read_tree(desk)

    result = convert(desk, "claim_status", "--write")

    message = error(result, 3)
    assert all(word in message for word in words), message
    assert read_tree(desk) == before and result.out == b""


def test_variables_keep_their_paths_and_odd_names(desk: Path) -> None:
    flow = FLOW.replace("visit: date", "visit: date, headers: any")
    prompt = "Type {headers[\"Content-Type\"]} and {headers['a b'][0].c} for {Claim No}."
    write_tree(desk, {"flows/claim_status.flow": flow, "flows/claim_status.prompt.md": prompt})

    result = convert(desk, "claim_status")

    # Only a value of any type has such names, and no step may hold one.
    assert result.code == 3 and result.err.count("error[") == result.err.count("[any-of-input]")
    written = "Type {headers['Content-Type']} and {headers['a b'][0].c} for {claim_no}."
    assert f'do "{written}"' in result.text
    assert "--> flows/claim_status.flow (as proposed):" in result.err


def test_a_brace_that_is_meant_as_one_stays(desk: Path) -> None:
    write_tree(desk, {"flows/claim_status.prompt.md": r'Type the word \{name} and "\{other}".'})

    result = convert(desk, "claim_status")

    assert result.code == 0, result.err
    assert r"+1. Type the word \{name} and " in result.err


def test_what_the_statements_need_is_declared(desk: Path) -> None:
    flow = FLOW.replace("visit: date", "visit?: date, rows?: Row[], free: any") + (
        "\ntype Row {\n  article?: string\n  qty: int?\n}\n"
    )
    prompt = (
        "Open {nobody} with {$key} for {visit} and {free}.\n\n"
        '1. For each row in {rows}, click "Add".\n'
        "2. Note {note} and {{total}}, {vist} and {order.no}.\n3. Save as C:\\Out\\{visit}.\n"
    )
    write_tree(desk, {"flows/claim_status.flow": flow, "flows/claim_status.prompt.md": prompt})

    result = convert(desk, "claim_status", "--write")

    assert result.code == 0, result.err
    text = (desk / "flows/claim_status.flow").read_text()
    for written in (
        "visit: date, rows: Row[], free: string, nobody: string }",
        "secrets { pin: string, key: string }",
        "note: string, claim: string",
        "  article: string\n  qty: int\n",
        "for row in rows max 100 {",
        'extract total: string from "the total"\n',
        'do "Note {note} and {total}, {visit} and the no of the order."',
        'do "Save as C:\\Out/{visit}."',
    ):
        assert written in text, text
    for note in (
        "`visit`, `rows`, `article`, `qty`, `note` are required now",
        "`nobody`, `$key`: declared now",
        "`free`: typed as the prompt uses it",
        "look at the bound of each `for`",
        "`vist` in the prompt is taken for `visit`",
        "in place of the backslash before `{visit}`",
        "names `note`, `total` and does not say how to read it",
    ):
        assert note in result.err, note
    assert run_here(desk, "check").code == 0


def test_a_value_has_the_parts_that_the_prompt_uses(desk: Path) -> None:
    flow = FLOW.replace("visit: date", "client: any?, plan: any?")
    flow = flow.replace("claim: string }", "plan: any? }")
    prompt = (
        "Search for {client.name.last} of {client.city}.\n"
        "Type {{offer.price}} into the field Sum of plan {plan}."
    )
    write_tree(desk, {"flows/claim_status.flow": flow, "flows/claim_status.prompt.md": prompt})

    result = convert(desk, "claim_status", "--write")

    assert result.code == 0, result.err
    written = (desk / "flows/claim_status.flow").read_text(encoding="utf-8")
    assert "client: { name: { last: string }, city: string }, plan: string }" in written
    assert 'extract offer: { price: string } from "the offer"' in written
    assert "plan: any? }" in written  # the output of the name of the input


def test_an_entry_of_no_known_loop_is_told(desk: Path) -> None:
    told = "`{{loop_item}}` stands in no loop"
    alone = "1. Type {{loop_item.no}} into the Claim field.\n"
    flow = FLOW.replace("visit: date", "rows: string[]")

    write_tree(desk, {"flows/claim_status.flow": flow, "flows/claim_status.prompt.md": alone})
    assert told in convert(desk, "claim_status").err

    head = '1. Use start_loop with text="{rows}".'
    known = f"{head}\n2. Press F2 for {{{{loop_item}}}}.\n3. Use end_loop_iteration.\n"
    write_tree(desk, {"flows/claim_status.prompt.md": known})
    result = convert(desk, "claim_status")
    assert " in rows max " in result.text and told not in result.err


def test_a_workflow_without_inputs_gets_those_of_its_prompt(desk: Path) -> None:
    flow = (
        "flow 1\n\n## Looks.\nworkflow look {\n  terminal { unrestricted = true }\n"
        '  prompt from "./look.prompt.md"\n}\n'
    )
    prompt = "Type {note} into the Note field. Sign in with {$pin}.\n"
    write_tree(desk, {"flows/look.flow": flow, "flows/look.prompt.md": prompt})

    text = convert(desk, "look").text

    assert "  inputs { note: string }\n  secrets { pin: string }\n  steps {\n" in text
    assert 'type note into "the Note field"' in text


def test_a_part_that_is_understood_wrongly_costs_nothing_but_itself(desk: Path) -> None:
    prompt = "1. Press F5.\n2. Wait 0 seconds.\n3. Wait until the list is shown.\n"
    write_tree(desk, {"flows/claim_status.prompt.md": prompt})

    result = convert(desk, "claim_status")

    assert result.code == 0, result.err
    for statement in (
        'press "F5"',
        'do "Please wait 0 seconds."',
        'wait until "the list is shown"',
    ):
        assert statement in result.text


def test_schemas_in_files_become_types_with_their_defaults(desk: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "days": {"type": "integer", "default": 7, "minimum": 1},
            "tags": {"type": "array"},
            "$pin": {"type": "string"},
        },
    }
    flow = (
        "flow 1\n\n## Looks.\nworkflow look {\n  terminal { unrestricted = true }\n"
        '  inputs from "./look.json"\n  prompt from "./look.prompt.md"\n}\n'
    )
    files = {"flows/look.flow": flow, "flows/look.json": json.dumps(schema)}
    write_tree(desk, files | {"flows/look.prompt.md": "Type {days} into the Days field.\n"})

    result = convert(desk, "look", "--write")

    assert result.code == 0, result.err
    text = (desk / "flows/look.flow").read_text()
    assert "days: int = 7\n" in text and "tags?: string[]\n" in text and "pin?: string" in text
    assert "types stand in place of `flows/look.json`" in result.err
    assert run_here(desk, "check").code == 0


def test_a_prompt_in_another_encoding_is_refused(desk: Path) -> None:
    (desk / "flows/claim_status.prompt.md").write_bytes(b"Open the caf\xe9.\n")
    for named in ("claim_status", "flows/claim_status.flow"):
        assert "cannot be read; `flowdsl check` says why" in error(convert(desk, named), 3)
    assert "UTF-8" in run_here(desk, "check").err + run_here(desk, "check").text


def test_of_loops_in_loops_one_is_a_statement(desk: Path) -> None:
    flow = FLOW.replace("visit: date", "visit: date, claims: string[]")
    prompt = "1. For each day in {claims}:\n   - For each row in {claims}:\n     - Press F5.\n"
    write_tree(desk, {"flows/claim_status.flow": flow, "flows/claim_status.prompt.md": prompt})

    result = convert(desk, "claim_status")

    assert result.code == 0, result.err
    assert len(re.findall(r"(?m)^ *for \w+ in claims max", result.text)) == 1, result.text


def test_an_error_in_another_flow_blocks_nothing(desk: Path) -> None:
    write_tree(desk, {"flows/other.flow": 'flow 1\n\nworkflow w {\n  steps { do "{x}" }\n}\n'})
    assert convert(desk, "claim_status").code == 0


def test_which_workflow(desk: Path) -> None:
    write_tree(
        desk,
        {
            "flows/two.flow": "flow 1\n"
            + "".join(
                f'## A.\nworkflow w{n} {{ prompt from "./claim_status.prompt.md" }}\n'
                for n in (1, 2)
            )
        },
    )

    assert "`workflow.claim_status` exists" in error(convert(desk, "claim_stat"), 64)
    assert "there are `workflow.claim_status`, `workflow.w1`, `workflow.w2`" in error(
        convert(desk, "zzz"), 64
    )
    several = error(convert(desk, "flows/two.flow"), 64)
    assert "several workflows with a prompt in a file: `w1`, `w2`; name one" in several
    assert "`gone.flow` does not exist" in error(convert(desk, "gone.flow"), 64)
    for named in ("flows/*.flow", "flows/more.flow"):  # a glob, and a folder
        write_tree(desk, {f"flows/more.flow/{n}.flow": "flow 1\n" for n in ("a", "b")})
        assert "one is converted at a time" in error(convert(desk, named), 64)


def test_sources_with_errors_are_not_converted(desk: Path) -> None:
    (desk / "flows/claim_status.flow").write_text(FLOW.replace("status: Status", "status: Stat"))

    result = convert(desk, "claim_status")

    assert "in a file without errors" in error(result, 3)
    assert result.out == b"" and "undeclared-type" in result.err


DASHBOARD = Path(__file__).parents[2] / "corpus/dashboard"
"""Workflows as people write them in a dashboard, by somebody who had seen no code."""


@pytest.mark.parametrize("file", every(8, sorted(DASHBOARD.glob("*.json"))), ids=lambda f: f.stem)
def test_an_untidy_workflow_is_converted_and_loses_nothing(tmp_path: Path, file: Path) -> None:
    body = json.loads(file.read_text("utf-8"))
    made = run_here(tmp_path, "import", str(file), "-o", "desk")
    assert made.code == 0, made.err
    desk = tmp_path / "desk"
    [flow] = desk.glob("flows/*.flow")
    done = convert(desk, f"flows/{flow.name}", "--write")
    assert done.code == 0, done.err
    compiled = run_here(desk, "compile", "-o", "out")
    assert compiled.code == 0, compiled.err
    [payload] = desk.glob("out/*/payload.json")
    written = json.loads(payload.read_text("utf-8"))
    for key in ("input_schema", "output_schema"):
        before, after = (
            set(json.loads(each.get(key) or "{}").get("properties", {})) for each in (body, written)
        )
        assert before <= after, key
