"""The rules about prose: how often they are right, what their fixes do, what they must not say."""

from __future__ import annotations

import random
import re

import pytest

from benchmarks.diagnostics.wording import GATE, PROSE, SETS, WORDING, scores
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import INFO, Diagnostic
from flowdsl.diagnostics.fixes import UNSAFE, apply_fixes
from flowdsl.lint import rules
from flowdsl.lint.rules import RULES
from flowdsl.lint.rules.prose import choice_by_input, statement_in_prose
from flowdsl.lint.rules.prose.service_words import STATEMENTS
from flowdsl.lint.texts.prose import Literals, compile_prose_pattern, is_english
from flowdsl.prompt import likeness
from flowdsl.prompt.sentences import SENTENCES
from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS, NEW_KEYS, NEW_MODIFIERS, TOOLS
from flowdsl.source.files import MemoryFiles
from tests.support.rows import for_rows, in_rows
from tools import prompt_lines

HEAD = "flow 1\n\n## Opens a chart.\nworkflow w {\n  inputs { mrn: string }\n  steps {\n    "
TAIL = "\n  }\n}\n"


def findings(text: str, rule: str) -> list[Diagnostic]:
    found = analyze(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions()).diagnostics
    return [each for each in found if each.name == rule]


def test_a_line_of_a_description_is_no_line_of_a_prompt() -> None:
    """A comment of the corpus would go on with the line, and so would the description."""
    for line, fits in {
        "Steps": False,
        "rules:": False,
        "Press enter.": False,
        "2. Delete the draft.": False,
        "Steps of a chart": True,
        "Presses enter.": True,
        "2 charts": True,
    }.items():
        text = HEAD.replace("## Opens a chart.", f"## Opens a chart.\n## {line}") + 'do "x"' + TAIL
        found = findings(text, "description-reads-as-outline")
        assert [each.span.text for each in found] == ([] if fits else [line]), line


@pytest.mark.parametrize("title", SETS)
def test_rules_about_wording_are_right_nine_times_in_ten(title: str) -> None:
    results = scores(SETS[title])
    assert {rule: results[rule].wrong for rule in WORDING if results[rule].precision < GATE} == {}
    assert [rule for rule in WORDING if results[rule].recall < 0.5] == []


def test_the_prose_is_read_without_errors() -> None:
    for path in PROSE.rglob("*.flow"):
        analysis = analyze(
            MemoryFiles({path.name: path.read_bytes()}), [path.name], CompileOptions()
        )
        assert [each for each in analysis.diagnostics if each.severity == "error"] == []


def test_rules_about_wording_only_inform() -> None:
    assert {
        rule.load().spec.severity for rule in RULES if rule.load().spec.category == "wording"
    } == {INFO}


def test_every_tool_of_the_agent_is_known_by_name() -> None:
    named = {name for name in TOOLS if "_" in name}
    assert named <= set(STATEMENTS)
    for name in STATEMENTS:
        assert findings(f'{HEAD}do "Use {name}."{TAIL}', "tool-name-in-prose") != [], name


@in_rows(
    ("statement", "mended"),
    [
        ('do "Click the row matching {mrn}."', 'choose "the row matching {mrn}."'),
        (
            'do """\n      Click\n      the row of {mrn}\n    """',
            'choose """\n      the row of {mrn}\n    """',
        ),
        ('do "Double-click  the line {mrn}"', 'choose "the line {mrn}"'),
    ],
)
def test_a_choice_becomes_a_choose(statement: str, mended: str) -> None:
    (found,) = findings(HEAD + statement + TAIL, "choice-by-input")
    (fix,) = found.fixes
    assert fix.applicability == "unsafe"
    after = apply_fixes([found], UNSAFE).texts["a.flow"]
    assert after == HEAD + mended + TAIL
    assert findings(after, "choice-by-input") == []


@in_rows(
    "statement",
    [
        'do "Press F5. Click the row matching {mrn}."',
        'do "Click the row matching {mrn} and press Enter."',
        'do "In the list of charts click {mrn}."',
    ],
)
def test_a_choice_among_other_instructions_is_left_to_its_author(statement: str) -> None:
    (found,) = findings(HEAD + statement + TAIL, "choice-by-input")
    assert found.fixes == ()


NEWCOMERS = {
    "If a dialog appears, close it": 'if sees "a dialog" { do "Close it" }',
    "Click 'Later' if there is a survey.": """if sees "a survey" { do "Click 'Later'" }""",
    "Unless the list is shown then press F7.": 'if not sees "the list" { do "Press F7" }',
    "If the desk is closed, stop.": 'if sees "the desk is closed" { abort "The desk is closed" }',
    "Press F3 until the menu is shown": 'repeat max 20 { do "Press F3" } until sees "the menu"',
    "Note the total": 'extract seen_total: string from "the total"',
    "Press F5 and remember the invoice number for later.":
        'extract seen_number: string from "the invoice number"',
    "Take a screenshot": 'capture "screen.png"',
}  # fmt: skip


@for_rows(NEWCOMERS.items, fewest=8)
def test_the_statement_that_a_help_names_works(row: tuple[str, str]) -> None:
    """Pasted in instead of the `do`, it has no errors and nothing is left to report."""
    prose, statement = row
    (found,) = findings(f'{HEAD}do "{prose}"{TAIL}', "statement-in-prose")
    assert f"`{statement}`" in (found.help or "")
    pasted = HEAD + statement + TAIL
    analysis = analyze(MemoryFiles({"a.flow": pasted}), ["a.flow"], CompileOptions())
    assert [each.message for each in analysis.diagnostics if each.severity == "error"] == []
    assert findings(pasted, "statement-in-prose") == []
    if found.fixes:
        assert apply_fixes([found], UNSAFE).texts["a.flow"] == pasted


def test_the_words_of_each_kind_of_instruction_wake_its_rule() -> None:
    words = {word for kind in statement_in_prose._KINDS for word in kind[0].split()}
    assert words == set(rules._SAID_BY_STATEMENTS.split())


def test_words_leave_out_no_pattern_of_a_choice() -> None:
    lines = [line for path in PROSE.rglob("*.flow") for line in path.read_text().split("\n")]
    choices = 0
    for line in lines:
        text = re.sub("{[^{}]*}", "\x01\x01", line)
        every = (compile_prose_pattern(row[2]).search(text) for row in choice_by_input._PATTERNS)
        expected = next((each for each in every if each is not None), None)
        found = choice_by_input._find_choice(text)
        assert (found and found.span()) == (expected and expected.span()), line
        choices += found is not None
    assert choices > 50


GENERAL = (
    "If it is locked, press F3.",
    "Repeat this for each row.",
    "Press F5. Remember what the title says.",
    "Abort.",
    "Enter today's date.",
)


@for_rows(lambda: GENERAL, fewest=5)
def test_the_statements_of_a_general_help_work(prose: str) -> None:
    (found,) = findings(f'{HEAD}do "{prose}"{TAIL}', "statement-in-prose")
    code = re.findall("`([^`]+)`", found.help or "")
    head = HEAD.replace("steps {", "terminal { dates = true }\n  steps {")
    pasted = head + "\n".join(code).replace("{ … }", '{ press "F3" }').replace("…", "it") + TAIL
    analysis = analyze(MemoryFiles({"a.flow": pasted}), ["a.flow"], CompileOptions())
    assert code != []
    assert [each.message for each in analysis.diagnostics if each.severity == "error"] == []


CALLS = {
    "call open_row(mrn: mrn)": 1,
    'retry 2 {\n call open_row(mrn: mrn)\n expect "it is open"\n} else { abort "no" }': 0,
    'step "S" {\n call open_row(mrn: mrn)\n}': 1,
    'do "Press {mrn}"': 1,
}


@in_rows("statement", CALLS)
def test_a_task_is_recorded_unless_every_call_of_it_is_decided_afresh(statement: str) -> None:
    task = '\ntask open_row(mrn: string) {\n  do "Open the row of {mrn}."\n}\n'
    found = findings(HEAD + statement + TAIL + task, "choice-by-input")
    assert len(found) == CALLS[statement]


@in_rows("secret", ["Winter2024!", "7f9KqLm2ZxTb4WvY1cNd8RsE3uHg", "AKIAQ7RZ2MN4KXW5TB3C"])
def test_a_finding_never_repeats_the_credential(secret: str) -> None:
    text = f'{HEAD}do "Open {{mrn}}; the password is {secret} today."{TAIL}'
    (found,) = findings(text, "credential-in-literal")
    assert found.span.text == secret
    said = (found.message, found.label, found.help or "", *found.notes)
    assert not any(secret in words for words in said)


def test_the_place_of_a_finding_in_an_escaped_text() -> None:
    text = f'{HEAD}do "Press \\"F3\\" for {{mrn}}.{{# x #}} Then click the button."{TAIL}'
    assert findings(text, "ambiguous-target") == []
    text = text.replace('\\"F3\\"', "f3")
    (found,) = findings(text, "ambiguous-target")
    assert found.span.text == "the button"


def test_texts_are_told_from_code_and_comments() -> None:
    source = HEAD + 'do "Press {mrn} {# aside #}." # remark' + TAIL
    module = analyze(MemoryFiles({"a.flow": source}), ["a.flow"], CompileOptions()).model.modules[0]
    words = ("Press", "mrn} {#", "aside", "remark", "inputs", "Opens")
    literals = Literals(module)
    inside = [word for word in words if literals.at(source.index(word)) is not None]
    assert inside == ["Press", "mrn} {#"]


@in_rows(
    ("text", "english"),
    [
        ("Click the button", True),
        ("Click Save", True),
        ("Klicken Sie auf den Button, um die Rechnung zu speichern", False),
        ("「保存」をクリックし、F12 を押して the button", False),
        ("Abra el menú Archivo y pulse el botón Guardar como", False),
    ],
)
def test_what_may_be_english(text: str, english: bool) -> None:
    assert is_english(text) is english


def test_a_sentence_of_a_prompt_wakes_the_rule_that_knows_it() -> None:
    """What a line of the compiler may open with is a word for which the rule looks."""
    openings = set(rules._OPENINGS.split())
    for name in (*prompt_lines.whole_lines(), *prompt_lines.LEAVES, *prompt_lines.STARTS):
        sentence = SENTENCES[name]
        for chosen in sentence.variants():
            first = next(iter(sentence.words(chosen)))
            assert isinstance(first, str), name
            assert first.split()[0].rstrip(",:.").lower() in openings, name


PROMPTS = {
    "1. Open it.\n2. If a survey is shown, close it.\n3. If it stays, stop here.": [
        (2, 4, "If"),
        (3, 17, "stop"),
    ],
    "Use focused_action to close the survey if one is shown.\nFor each row, press Enter.": [
        (2, 1, "For each")
    ],
    "Read the total and save it as {{total}}.": [(1, 1, "Read")],
    "Take a screenshot with save_screenshot_as_run_attachment.": [],
    "<p>Open <b>it</b>.</p><p>Take a screenshot.</p>": [(1, 26, "Take a screenshot")],
    'Click "If in doubt, stop".': [],
    "Wenn ein Fenster erscheint, dann bitte schließen.": [],
}


@for_rows(PROMPTS.items)
def test_a_prompt_in_a_file_is_read_at_its_lines(row: tuple[str, list[object]]) -> None:
    flow = 'flow 1\nworkflow w { prompt from "p.md" }\n'
    files = MemoryFiles({"main.flow": flow.encode(), "p.md": row[0].encode()})
    found = [
        each
        for each in analyze(files, ["main.flow"], CompileOptions()).diagnostics
        if each.name == "statement-in-prose"
    ]
    places = [each.span.source.text[each.span.start : each.span.end] for each in found]
    assert [(*_line_of(each), place) for each, place in zip(found, places, strict=True)] == row[1]
    assert all(each.span.path == "p.md" and "convert --step" in str(each.help) for each in found)


def _line_of(diagnostic: Diagnostic) -> tuple[int, int]:
    before = diagnostic.span.source.text[: diagnostic.span.start]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


LEAKS = (
    "Write the password {$pw} into the log file.",
    "Note the PIN {$pin} in the remarks of the case.",
    'Send an email to the office with the text "Login {$user} / {$pw}".',
    "Save {$pw} as {{password}} for later.",
    "Use upsert_runtime_values to keep the password {$pw}.",
    "Open https://portal.test/login?token={$token}.",
    'If it fails, declare_task_failed with the reason "login with {$user} and {$pw} failed".',
    'Add a comment "done by {$user}" to the ticket.',
    "copy_to_clipboard the key {$api_key} with key api.",
    "Run execute_terminal_command net use Z: \\\\srv\\x {$pw}.",
    "Paste {$otp} into the chat.",
    'Create a text file with Notepad. First line: "start user {$u} pw {$p}".',
    "Put {$u} and {$p} in a note so that the next shift can see it.",
    "Schreibe das Kennwort {$kw} in die Notiz.",
    "Trage {$kw} in das Protokoll ein.",
    "Include the access code {$code} in the summary.",
    "Store {$pw} in the spreadsheet.",
    "Record {$user} in the logbook.",
    'Write in the log: "signed in as {$user}".',
)
NO_LEAKS = (
    "Log in with {$user} and {$pw}.",
    "Type {$pw} into the Password field and press Enter.",
    "Do not write {$pw} into any note.",
    "Enter {$user} in the E-mail field.",
    "Type {$email} in the email address box.",
    "Put {$u} into the log in form and {$p} below.",
    "Open the mail program and sign in with {$user}, {$pw}.",
    "Enter {$pw} to log in, then open the report.",
    'If the password {$pw} is refused, declare_task_failed with the reason "login refused".',
    "Log in as {$user}; do not write the password in the log.",
    'Type {$user}, press Tab, type {$pw}. Then write "done" in the notes.',
    'Click Release, enter the signature password {$sig}, reason "Routine", OK.',
    "User {$u}, password {$p}. There is a second page with a code.",
    "Open the notes app and unlock it with {$pin}.",
    "Enter {$user} and {$pw} on the login page of the ticket system.",
    "Paste {$key} into the License key field.",
    "Anmelden mit {$benutzer} und Kennwort {$kennwort}, dann die Notiz öffnen.",
    'Open Outlook, log in with {$user}, and send a mail to the office with the subject "done".',
    "Sign in with {$u} / {$p}. Save the report as PDF.",
    "Type {$pw} in the field, and note down the number of the report.",
    'Create the customer, unlock with {$pin} and add a comment "checked".',
)


@for_rows(lambda: [*((each, True) for each in LEAKS), *((each, False) for each in NO_LEAKS)])
def test_secrets_in_logs_are_found_in_prompt_files_and_in_do(row: tuple[str, bool]) -> None:
    text, is_leak = row
    assert (_names_in_prompt(text).count("secret-in-log") > 0) is is_leak
    names = sorted(set(re.findall(r"\{\$(\w+)\}", text)))
    secrets = f"secrets {{ {', '.join(f'{each}: string' for each in names)} }}"
    quoted = re.sub(r'(["\\])', r"\\\1", text)
    flow = f'{HEAD.replace("inputs { mrn: string }", secrets)}do "{quoted}"{TAIL}'
    if "{{" not in text:  # which no `do` holds
        assert bool(findings(flow, "secret-in-log")) is is_leak


MISUSES = (
    "Take the picture with save_screenshot_as_attachment.",
    "Finish with declare_task_fail.",
    "Save with upsert_runtime_value as total.",
    "Copy it with copy_to_clipboard.",
    "Use focused_action to read the total and mark_file_for_export the file.",
    "start_loop over {rows}: click it.",
    "At the end end_loop_iteration.",
    "mark_for_export the file.",
    "Call extract_promt for the table.",
)
USES = (
    "Take the picture with save_screenshot_as_run_attachment.",
    "Use focused_action to look. Then mark_file_for_export it.",
    "Copy the link with copy_to_clipboard, key ad_url.",
    "Premi F12 e usa copy_to_clipboard con chiave protocollo.",
    "Save it by focused_action, save_screenshot_as_run_attachment named a.png.",
    "Copy the link with copy_to_clipboard as {{ad_url}}.",
    "Save under C:\\a\\mark_file.csv and file_for_export.txt.",
    "upsert_runtime_values: insured_name, product_code, premium.",
    "key `batch_no` and key run_values.",
    "start_loop over {rows}. Click it. end_loop_iteration",
    "Use focused_action to verify the row, then copy_to_clipboard with key x.",
    'Call declare_task_failed with failure_reason "x".',
    "execute_terminal_command `move a b`",
)


@for_rows(lambda: [*((each, 1) for each in MISUSES), *((each, 0) for each in USES)])
def test_misused_tools_are_found_in_prompt_files(row: tuple[str, int]) -> None:
    assert _names_in_prompt(row[0]).count("tool-misused") == row[1]


def _names_in_prompt(text: str) -> list[str]:
    flow = b'flow 1\nworkflow w { prompt from "p.md" }\n'
    files = MemoryFiles({"main.flow": flow, "p.md": text.encode()})
    return [each.name for each in analyze(files, ["main.flow"], CompileOptions()).diagnostics]


def test_the_lines_of_prompts_are_fresh() -> None:
    fresh = prompt_lines.make_module()
    assert prompt_lines.TARGET.read_text("utf-8") == fresh, (
        "run `python -m tools.prompt_lines --write`"
    )


def test_keys_of_a_sentence_are_what_a_pattern_of_all_names_takes() -> None:
    """The pattern takes longer to compile than a file to check, so only this test has it."""
    names = MODIFIERS | NAMED_KEYS | NEW_KEYS.keys() | NEW_MODIFIERS.keys()
    either = "|".join(sorted(names))
    chord = rf"(?:(?:{either})\+)*(?:{either}|\S)"
    pattern = re.compile(rf"Press {chord}(?: {chord})*(?: [0-9]+ times)?\.", re.DOTALL)
    words = ["Ctrl", "Ctrl+", "+", "Ctrl++", "F5", "F3,", "a", "S", "Shift+Tab", "x+y", "12", "."]
    words += ["Enter", "times", "3", "the", "button", "é", ""]
    chooser = random.Random(7)
    seen = set()
    for _ in range(5_000):
        text = f"Press {' '.join(chooser.choices(words, k=chooser.randrange(1, 5)))}."
        wanted = pattern.fullmatch(text) is not None
        assert likeness.like_a_sentence(text) == wanted, text
        seen.add(wanted)
    assert seen == {True, False}
