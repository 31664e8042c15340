"""Statements proposed for prompts that people wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import MonkeyPatch

from flowdsl.decompile.fields import loose_fields
from flowdsl.decompile.model import PromptHints
from flowdsl.decompile.proposing.convert import Proposal, propose_statements
from flowdsl.decompile.proposing.instructions import Instructions
from flowdsl.decompile.proposing.prompt_variables import compare_variables, variables_in
from flowdsl.decompile.proposing.rich_text import is_rich_text, plain_text
from flowdsl.decompile.proposing.section import SourceNames, Unwritable, steps_section
from flowdsl.diagnostics.sink import Sink
from flowdsl.ir import nodes
from flowdsl.ir.walk import walk
from flowdsl.source.record import replace
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from tests.support.effort import examples
from tests.support.flows.decompile.payloads import corpus
from tests.support.rows import for_rows, in_rows

DASHBOARD = Path(__file__).parents[2] / "corpus" / "dashboard"
LANGUAGE = frozenset(
    """
    steps always sees do string from extract emit for expect abort finish timeout else press read
    results work on not nothing left task cannot done png value field that has focus is says comes
    shows appears reads contains type into step times entry ctrl
    pagedown while repeat until
    empty stimmt tenancys überein shift
    """.split()  # noqa: SIM905
)
"""Words of the language, and those of the last step."""

STRING = nodes.ScalarType(name="string")
HINTS = PromptHints(
    inputs=(
        nodes.FieldSpec(name="claim", type=STRING),
        nodes.FieldSpec(name="rows", type=nodes.ListType(element=STRING)),
    ),
    secrets=(nodes.FieldSpec(name="pin", type=STRING),),
    outputs=(nodes.FieldSpec(name="total", type=nodes.OptionalType(inner=STRING)),),
    pictures={},
)


WITHOUT_OUTPUTS = PromptHints(HINTS.inputs, HINTS.secrets, (), {})


def written(prompt: str, hints: PromptHints = WITHOUT_OUTPUTS) -> list[str]:
    """The lines of the statements for a prompt, without the outer braces and blank lines."""
    section = steps_section(propose_statements(prompt, hints), hints, SourceNames({}, {}, {}, {}))
    return [line.removeprefix("  ") for line in section.lines[1:-1] if line]


def cases(file: str) -> list[tuple[str, list[str]]]:
    """The prompts of a file, each with the lines of its statements.

    A blank line stands between two. What follows `=> ` is written for what stands above it.
    """
    blocks = (DASHBOARD / file).read_text(encoding="utf-8").rstrip().split("\n\n")
    parted = (block.split("\n=> ") for block in blocks)
    return [(prompt, statements.split("\n   ")) for prompt, statements in parted]


@for_rows(lambda: cases("sentences.txt"), name=lambda row: row[0], fewest=20)
def test_what_is_plain_becomes_a_statement(row: tuple[str, list[str]]) -> None:
    line, statement = row
    assert written(line) == statement
    assert written(f"1. {line}") == statement


@for_rows(lambda: cases("lines.txt"), name=lambda row: row[0], fewest=80)
def test_a_line_becomes_its_statements(row: tuple[str, list[str]]) -> None:
    assert written(row[0]) == row[1]


@for_rows(lambda: (DASHBOARD / "prose.txt").read_text(encoding="utf-8").splitlines(), fewest=70)
def test_what_is_not_stays_prose(line: str) -> None:
    (statement,) = propose_statements(line, WITHOUT_OUTPUTS).body
    assert statement == nodes.Do(origin=statement.origin, text=statement.text)


def test_leaps_nest_only_so_deep_that_the_statements_compile() -> None:
    def prompt(leaps: int) -> str:
        lines = [f"{at}. If row {at} is red, go to step 99." for at in range(1, leaps + 1)]
        return "\n".join((*lines, "98. Press F8.", "99. Press F9."))

    assert written(prompt(8))[7].strip() == 'if sees "row 8 is red" {} else { press "F8" }'
    assert written(prompt(9)) == [
        *(f'do "If row {at} is red, go to step 99."' for at in range(1, 10)),
        'press "F8"',
        'press "F9"',
    ]


def test_leaps_that_cannot_be_said_are_read_only_once_more(monkeypatch: MonkeyPatch) -> None:
    lines: list[str] = []
    read = Instructions.read

    def note(self: Instructions, line: str, *, entry: bool = False) -> list[nodes.Statement]:
        lines.append(line)
        return read(self, line, entry=entry)

    monkeypatch.setattr(Instructions, "read", note)
    written("\n".join(f"{at}. If row {at} is red, go to step {at}." for at in range(1, 41)))
    assert len(lines) == 80


def test_a_variable_can_be_typed_once_it_is_set() -> None:
    line = 'Read the total as {{total}}. Type {{total}} into "Sum". Done, then go on.'
    assert written(line, HINTS) == [
        'extract total from "the total"',
        'type total into "\\"Sum\\""',
        'do "Done, then go on."',
    ]


def test_a_reading_that_is_given_up_sets_none_of_its_names() -> None:
    """The second value is above in the prompt, not on the screen; then the first is not read."""
    outputs = tuple(nodes.FieldSpec(name=name, type=STRING) for name in ("fee", "total"))
    hints = PromptHints((), (), outputs, {})
    for prompt in (
        "Press Enter, read the fee and the total above and save them as fee and total.",
        "Press Enter, read the fee as fee and the total above as total.",
        "Press Enter. Read the fee and the total above. Save them as fee and total.",
    ):
        assert propose_statements(prompt, hints).read_at_the_end == ("fee", "total"), prompt


def test_a_digit_of_no_number_is_a_text() -> None:
    hints = PromptHints((), (), (nodes.FieldSpec(name="status", type=STRING),), {})
    assert written("Save status = ².", hints) == ['emit status = "²"']


def test_variables_that_nothing_sets_are_named() -> None:
    proposal = propose_statements("Open {claim}, {nobody} and {never}; {$pin} and {$no}.", HINTS)
    section = steps_section(proposal, HINTS, SourceNames({}, {}, {}, {}))
    assert section.undeclared == ("{nobody}", "{never}", "{$no}")


def test_an_entry_with_two_marks_is_one_entry() -> None:
    lines = written("- 1. Press Enter.\n- 2. Click the blue button.")
    assert lines == ['press "Enter"', 'do "Click the blue button."']


def test_headings_and_numbered_instructions_nest() -> None:
    prompt = """\
        # The whole
        ## 1. First
        Words before.

        1) Open it.
           Go on here.
        2) Sign in:
           a. Press Enter.
           b. Look around.
        ### Inner
        - One.
        - Two.
        ## Second
        """
    assert written("\n".join(line.removeprefix(" " * 8) for line in prompt.split("\n"))) == [
        'do "The whole"',
        'step "First" {',
        '  do "Words before."',
        '  do "Open it."',
        '  do "Go on here."',
        '  step "Sign in" {',
        '    press "Enter"',
        '    do "Look around."',
        "  }",
        '  step "Inner" {',
        '    do "One."',
        '    do "Two."',
        "  }",
        "}",
        'do "Second"',
    ]


@in_rows(
    "prompt",
    [
        "If there is none:\n1. Press Enter.\n2. Go on.",
        "1. For each page:\n   1. Press Enter.\n   2. Go on.",
        "Note these:\n- Press Enter.\n- the name",
        "- When it fails,\n  - Press Enter.",
        "1. When it fails:\n- Press Enter.\n- Go on.",
        "1. When it fails:\na. Press Enter.\n\nb. Go on.",
        "  1. When it fails\nfor good:\n    - Press Enter.",
        "When it fails:\n\nPress Enter.",
        "Is it red?\n1. Press Enter.",
        "Never do this:\n1. Press Enter.\n2. Go on.",
        "Se o boleto falhar:\n1. Press Enter.",
    ],
)
def test_what_depends_on_something_stays_in_one_piece(prompt: str) -> None:
    (statement,) = propose_statements(prompt, WITHOUT_OUTPUTS).body
    assert isinstance(statement, nodes.Do)
    assert all(word in str(statement.text) for word in ("Press Enter.",))


def test_below_a_conditional_heading_nothing_is_taken_apart() -> None:
    assert written("## For each claim\n1. Press Enter.\n2. Wait 3 seconds.") == [
        'do """',
        "  For each claim:",
        "  1. Press Enter.",
        "  2. Wait 3 seconds.",
        '"""',
    ]


def test_what_a_program_may_not_hold_is_not_proposed() -> None:
    prompt = "## 3.2 Open ⟦it⟧:\n- Click “Notes” and ⟪press⟫ F5.\n\n## Do this.\n- Press F6."
    assert written(prompt) == [
        'step "Open [it]" {',
        '  do "Click “Notes” and [press] F5."',
        "}",
        'do "Do this."',
        'press "F6"',
    ]


@in_rows("heading", ["Never", "What not to do", "Troubleshooting", "Is it red?"])
def test_below_a_heading_about_something_else_nothing_becomes_an_action(heading: str) -> None:
    assert written(f"## {heading}\n- Press Enter.") == [
        f'step "{heading}" {{',
        '  do "Press Enter."',
        "}",
    ]


def test_what_holds_in_every_step_is_a_rule_behind_the_list() -> None:
    rule = "Guests of the house are free of the tax."
    assert written(f"1. Press F2.\n\n{rule}") == [f'"{rule}"', "}", "steps {", 'press "F2"']
    (act, *_) = written(f"1. Press F2.\n\n{rule}\nAsk the desk.")
    assert act == 'press "F2"'


def test_what_is_done_in_its_turn_is_no_rule() -> None:
    banned = "- Press F2.\n\nNever press F9. At the end press F12."
    assert written(banned) == ['"Never press F9."', "}", "steps {", 'press "F2"', 'press "F12"']
    done = "- Press F2.\n\nWhen you are done clear the filter."
    assert written(done)[:2] == ['press "F2"', 'do "When you are done:"']


def test_rules_and_the_end_of_a_mail_stand_apart_from_the_lines_above() -> None:
    prompt = """1. Press F2

Press F3.
Sometimes the program logs you out, just log in again.
Never press F9.
Cheers
Ines"""
    assert written(prompt) == [
        '"Sometimes the program logs you out, just log in again."',
        '"Never press F9."',
        "}",
        "steps {",
        'press "F2"',
        'press "F3"',
        'do "Cheers"',
        'do "Ines"',
    ]
    assert written("Press F3.\nThanks to the macro it is saved.\nPress F4.")[1] == (
        'do "Thanks to the macro it is saved."'
    )


def test_entries_behind_an_open_condition_stay_prose() -> None:
    prompt = "1. Press F5.\n2. If the account is locked:\n3. Press Escape."
    assert written(prompt) == [
        'press "F5"',
        'do "If the account is locked:"',
        'do "Press Escape."',
    ]


def test_a_condition_in_front_of_the_acts_is_not_asked_once_before_them() -> None:
    told = "The till is slow in the morning. If a clock is shown, press Escape."
    assert written(f"{told}\n\n- Open the till.\n- Press F5.") == [
        f'do "{told}"',
        'do "Open the till."',
        'press "F5"',
    ]


def test_the_heading_of_the_whole_is_left_out_only_where_the_title_says_it() -> None:
    prompt = "# Check a claim: instructions\n1. Go.\n---\n2. Stay."
    for title, words in (("Check a Claim", []), ("Claims", ["Check a claim: instructions"])):
        said = [
            text
            for (text,) in (
                each.text for each in propose_statements(prompt, WITHOUT_OUTPUTS, title).body
            )
        ]  # type: ignore[union-attr]
        assert [piece.value for piece in said] == [*words, "Go.", "Stay."]


def test_instructions_that_are_named_by_number_are_told() -> None:
    prompt = "1. Go.\n2. Repeat steps 1 to 3, then go back to step 1.\nStep 3: Stay."
    assert propose_statements(prompt, WITHOUT_OUTPUTS).references == ("steps 1", "step 1")


def test_a_title_with_a_runtime_value_is_an_instruction() -> None:
    assert written("Read the name as {{a}}.\n## Open {{a}}\nGo.") == [
        'extract a: string from "the name"',
        'do "Open {a}"',
        'do "Go."',
    ]


def test_required_outputs_are_read_at_the_end() -> None:
    record = nodes.RecordType(fields=(nodes.FieldSpec(name="no", type=STRING, description="N."),))
    rows = nodes.FieldSpec(
        name="claim", type=nodes.ListType(element=record), description="All {x}."
    )
    hints = PromptHints(HINTS.inputs, (), (rows,), {})

    assert written("Go.", hints)[1:] == [
        'step "Read the results" {',
        '  extract claim_2: { no: string }[] from r"All {x}."',
        "  emit claim = claim_2",
        "}",
    ]
    assert propose_statements("Go.", hints).read_at_the_end == ("claim",)


RICH = {
    "<p>A<br>b &amp; c</p><p>d</p>": "A\nb & c\n\nd",
    "<h2>One</h2><p>two</p>": "## One\n\ntwo",
    "<ol><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ol>x": "1. a\n    - b\n2. c\n\nx",
    '<ol start="4"><li>a</li></ol>': "4. a",
    '<p><a href="https://x.test/">https://x.test</a> <a href="https://y.test">y</a></p>': (
        "https://x.test y (https://y.test)"
    ),
    "<p>a</p><script>if (x) {}</script><style>p {}</style><p>b</p>": "a\n\nb",
    "<pre>  a\n    b</pre>": "  a\n    b",
    "<table><tr><td><p>a</p></td><td>b<br>b</td></tr><tr><td>c</td></tr></table><p>d</p>": (
        "a | b b\nc\n\nd"
    ),
    "<p>Type <claim number> and <s>press Enter</s>.</p>": (
        "Type <claim number> and ~~press Enter~~."
    ),
    '<p>&nbsp;a <span style="x">b</span>c<o:p></o:p></p>': "a bc",
    "<p>a < b and {x}</p>": "a < b and {x}",
    "<ul><li>a": "- a",
}


@in_rows(("html", "text"), RICH.items())
def test_rich_text_as_lines(html: str, text: str) -> None:
    assert is_rich_text(html)
    assert plain_text(html) == text


def test_pictures_are_told() -> None:
    shown = '<p>See</p><img src="supabase://a/b.png" alt="b">'
    proposal = propose_statements(shown, WITHOUT_OUTPUTS)
    assert proposal.pictures == ("supabase://a/b.png",) and proposal.rich_text

    lines = '1. Press F5 at <Start>.\n2. See <img src="supabase://a/b.png">\n3. Press Enter.'
    proposal = propose_statements(lines, WITHOUT_OUTPUTS)
    assert proposal.pictures == ("supabase://a/b.png",) and not proposal.rich_text
    assert [type(each) for each in proposal.body] == [nodes.Do, nodes.Do, nodes.Press]


@in_rows("text", ["a < b", "press <Enter>", "<name> is {x}", "if x<y and y>z", "1. <p"])
def test_brackets_alone_are_no_rich_text(text: str) -> None:
    assert not is_rich_text(text)


# Laws

_FRAGMENTS = st.sampled_from(
    (
        "# ",
        "1. ",
        "- ",
        "  ",
        "\n",
        "\n\n",
        "```\n",
        "**",
        "Press Enter",
        "{claim}",
        "{{x}}",
        "<p>",
        "</li>",
        "<ol>",
        "If ",
        ":",
        ".",
        "\\",
        '"',
        "{",
        "é",
        "\t",
        "Step 2: ",
        "===\n",
        "word ",
        "Wait 3 seconds.",
        "as {total}",
    )
)
_TEXTS = st.one_of(st.lists(_FRAGMENTS, max_size=30).map("".join), st.text(max_size=80))


def parses(proposal: Proposal, hints: PromptHints) -> bool:
    """Whether the section of a proposal is one that the language reads.

    True also where there is none.
    """
    try:
        section = steps_section(proposal, hints, SourceNames({}, {}, {}, {}))
    except Unwritable:
        return True
    sink = Sink()
    text = "\n".join(["flow 1", "workflow w {", *section.lines, "}"])
    parse_module(SourceFile("x.flow", text), sink)
    return sink.findings_in_order() == ()


@settings(max_examples=examples(300), deadline=None)
@given(_TEXTS)
def test_any_text_gives_statements_that_can_be_read(text: str) -> None:
    assert parses(propose_statements(text, HINTS), HINTS)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ("alpha", "1. beta", "  - gamma", "# delta", "", "```", "If epsilon:", "zeta. Eta")
        ),
        max_size=20,
    )
)
def test_no_word_is_lost(lines: list[str]) -> None:
    proposal = propose_statements("\n".join(["- first", *lines]), HINTS)
    said = str((proposal.body, proposal.rules))
    for word in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "Eta"):
        count = "\n".join(lines).count(word)
        assert said.count(word) == count


_BRACES = st.sampled_from(
    (
        "{claim}",
        "{$pin}",
        "{claim[0]}",
        "{claim['a b'].c}",
        "{Claim No}",
        "{rows}",
        "\\",
        "C:\\",
        "{",
        "}",
        "$",
        " ",
        "word",
        "**",
        "\n",
        "1. ",
        "# ",
    )
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(_BRACES, max_size=12).map("".join))
def test_a_variable_is_kept_or_missed(text: str) -> None:
    odd = (*HINTS.inputs, nodes.FieldSpec(name="Claim No", type=STRING))  # type: ignore[misc]
    hints = PromptHints(odd, HINTS.secrets, HINTS.outputs, {})

    body = propose_statements(text, hints).body
    kept = {each for each in walk(body) if isinstance(each, nodes.Variable)}
    found = compare_variables(variables_in(text, ["claim", "rows", "Claim No", "pin"]), body)

    missed = {each.variable for each in found.lost}
    for written, variable in {
        "{claim}": nodes.Variable(sigil="input", name="claim"),
        "{$pin}": nodes.Variable(sigil="secret", name="pin"),
        "{claim['a b'].c}": nodes.Variable(sigil="input", name="claim", path=("a b", "c")),
        "{Claim No}": nodes.Variable(sigil="input", name="Claim No"),
    }.items():
        if written in text:
            runtime = nodes.Variable(sigil="runtime", name=variable.name, path=variable.path)
            assert {variable, runtime} & (kept | missed), written
        else:
            assert variable not in kept


DROPPABLE = frozenset(
    """
    anything
    a an the and or it its them they this that to into in as at by with for of on is are be use
    call tool please now then next first also just simply finally lastly again you should must
    make sure remember press hit push key wait until till type enter input fill write put paste
    set save store keep read extract get find out note down record look up identify determine
    capture count take screenshot attach attachment run mark file export copy verify confirm check
    ensure select choose pick if in case otherwise else stop end fail abort finish reason error
    message text value only when focused_action upsert_runtime_values declare_task_failed
    copy_to_clipboard start_loop save_screenshot_as_run_attachment mark_file_for_export each every
    whether field key so step not steps following over under none fits doesn remarks bitte dann
    danach und als mit dem ob wenn warten bis true max say come show falls grund prüfen ob twice
    seconds isn but does go here page pressing see iteration add append continue ii minute drücken
    eingeben eintragen eintippen lesen ablesen auslesen merken ablegen speichern setzen auswählen
    suchen kopieren holen auf bei about least than greater one two ten double give sekunden sonst
    abbrechen werden wichtig general don load counts success too ignore für hinweise jede loads
    strg most lies speichere sie wählen sometimes times try three five höchstens dreimal enough
    waiting time nothing listed nehmen execute terminal dort
    aber anhang anlagennummer aufnehmen ausgeben bereit bestätigen damit done es falsch fertig
    final gib gibt given ins item jeden keinen kontrollieren lauf leer long manchmal markieren
    more muss named nichts notiere per repeat row sec second secs sein solange solchen state
    stelle stimmen through tries ts tun vergleichen viermal warte zu übereinstimmen
    bearbeitet datum etwa jedes maximal nacheinander umschalt wird
    """.split()  # noqa: SIM905
)
"""Words that a statement says by its kind, and marks of lists."""


def words_in(text: str) -> set[str]:
    """The words of a text, without accents of the notation: `{row.no}` is `row` and `no`."""
    return set(re.findall(r"[^\W\d_]{2,}", text.lower().replace("_", " ")))


@for_rows(lambda: sorted(DASHBOARD.glob("*.json")), name=lambda file: file.stem, fewest=57)
def test_no_word_of_a_prompt_is_lost_or_invented(file: Path) -> None:
    body = json.loads(file.read_text(encoding="utf-8"))
    fields = [
        loose_fields(json.loads(body.get(key) or "{}")) or ()
        for key in ("input_schema", "output_schema")
    ]
    hints = PromptHints(
        tuple(each for each in fields[0] if each.name[0] != "$"),
        tuple(replace(each, name=each.name[1:]) for each in fields[0] if each.name[0] == "$"),
        fields[1],
        {},
    )
    prompt = (
        plain_text(body["main_prompt"])
        if is_rich_text(body["main_prompt"])
        else body["main_prompt"]
    )
    section = steps_section(propose_statements(prompt, hints), hints, SourceNames({}, {}, {}, {}))
    own = words_in(
        " ".join(each.name + " " + (each.description or "") for each in hints.outputs or ())
    )
    source, proposed = words_in(prompt), words_in("\n".join(section.lines))
    tools = words_in(" ".join(DROPPABLE))
    assert source - proposed - tools == set()
    assert proposed - source - own - tools - LANGUAGE == set()


@for_rows(lambda: corpus().items(), name=lambda row: row[0], parts=2, fewest=150)
def test_the_prompts_of_the_corpus(row: tuple[str, dict[str, str]]) -> None:
    _, payload = row
    proposal = propose_statements(payload["main_prompt"], HINTS)
    assert proposal.body
    assert parses(proposal, HINTS)
