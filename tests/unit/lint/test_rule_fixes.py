"""What the fixes of rules leave behind: the finding is gone, and the rest is as it was."""

from __future__ import annotations

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.source.files import MemoryFiles
from tests.support.rows import in_rows

PORTAL = """flow 1

task open() { press "F3" }
task close() { press "Escape" }
task find() -> { number: string } { emit number = "7" }

workflow every { steps { call open() call close() call find() } }
"""


def findings(text: str, rule: str) -> list[Diagnostic]:
    files = MemoryFiles({"main.flow": text, "portal.flow": PORTAL})
    found = analyze(files, ["main.flow", "portal.flow"], CompileOptions()).diagnostics
    return [each for each in found if each.name == rule]


def fixed(text: str, rule: str, applicability: str) -> str:
    """`text` with the fixes of `rule` applied, one after the other."""
    while True:
        found = findings(text, rule)
        if not found:
            return text
        (fix,) = found[0].fixes
        assert fix.applicability == applicability
        for edit in sorted(fix.edits, key=lambda edit: -edit.span.start):
            text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]


def workflow(*lines: str, imports: str = "", sections: str = "") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"flow 1\n{imports}\nworkflow w {{\n{sections}  steps {{\n{body}  }}\n}}\n"


@in_rows(
    ("title", "left"),
    [
        ("1. Open the chart", "Open the chart"),
        ("## 2.1) Open the chart: ", "Open the chart "),
        ("Open the chart.", "Open the chart"),
        ("- Open;", "Open"),
    ],
)
def test_a_title_loses_what_makes_it_a_line(title: str, left: str) -> None:
    source = workflow(f'step "{title}" {{ press "F3" }}')
    fixed_title = workflow(f'step "{left}" {{ press "F3" }}')
    assert fixed(source, "title-reads-as-instruction", "safe") == fixed_title


def test_straight_marks_replace_those_of_descriptions() -> None:
    source = workflow('choose "the tab “Notes”"')
    left = workflow('choose "the tab \\"Notes\\""')
    assert fixed(source, "reserved-bracket", "safe") == left


@in_rows(
    ("imports", "left"),
    [
        ('import { open, close } from "./portal.flow"\n', 'import { open } from "./portal.flow"\n'),
        ('import { close, open } from "./portal.flow"\n', 'import { open } from "./portal.flow"\n'),
        (
            'import {\n  close,\n  find as f,\n  open,\n} from "./portal.flow"\n',
            'import {\n  open,\n} from "./portal.flow"\n',
        ),
        (
            (
                'import { open } from "./portal.flow"\nimport { close, find } from '
                '"./portal.flow" # both\n'
            ),
            'import { open } from "./portal.flow"\n',
        ),
        (
            'import "./portal.flow" as portal\r\nimport { open } from "./portal.flow"\n',
            'import { open } from "./portal.flow"\n',
        ),
        (
            'import {\n  open, # opens it\n  find # finds it\n} from "./portal.flow"\n',
            'import {\n  open, # opens it\n   # finds it\n} from "./portal.flow"\n',
        ),
        (
            'import { open, # opens it\n  find\n, } from "./portal.flow"\n',
            'import { open, # opens it\n   } from "./portal.flow"\n',
        ),
    ],
)
def test_an_unused_import_goes_with_its_comma_and_the_last_one_with_its_line(
    imports: str, left: str
) -> None:
    text = workflow("call open()", imports=imports)
    assert fixed(text, "unused-import", "safe") == workflow("call open()", imports=left)


@in_rows(
    ("written", "left"),
    [
        (" as r", ""),
        ("\n      as r", "\n"),
        ("  as\n r", ""),
        (" # finds it\n      as r press", " # finds it\n      press"),
        (" # known as\n as r # r\n press", " # known as\n # r\n press"),
    ],
)
def test_a_result_that_nothing_reads_is_dropped(written: str, left: str) -> None:
    imports = 'import { find } from "./portal.flow"\n'
    press = "" if "press" in left else "\n press"
    text = workflow(f'call find(){written}{press} "Tab"', imports=imports)
    expected = workflow(f'call find(){left}{press} "Tab"'.replace("\n\n", "\n"), imports=imports)
    assert fixed(text, "unused-runtime-variable", "safe") == expected


def test_a_read_that_nothing_needs_goes_with_its_line_when_somebody_agrees() -> None:
    text = workflow('press "Tab"', 'copy total from "the total" # for later', 'press "F3"')
    expected = workflow('press "Tab"', 'press "F3"')
    assert fixed(text, "unused-runtime-variable", "unsafe") == expected


def test_a_variable_that_is_set_in_several_places_has_no_fix() -> None:
    text = workflow(
        'copy a from "the top" else {', 'copy a from "the bottom"', "}", 'press "Enter"'
    )
    (found,) = findings(text, "unused-runtime-variable")
    assert found.fixes == ()


def test_an_unused_declaration_goes_with_its_description() -> None:
    text = workflow('press "Tab"')
    unused = '\n## Leaves the portal.\n## Twice.\ntask leave() {\n  press "Escape"\n}\n'
    assert fixed(text + unused, "unused-task", "unsafe") == text + "\n"


def test_an_unused_declaration_leaves_the_one_before_it_on_its_line() -> None:
    text = workflow("call leave()") + '## Leaves.\ntask leave() { press "Escape" }'
    unused = ' task stay() { press "F3" }\n'
    assert fixed(text + unused, "unused-task", "unsafe") == text + " \n"


def test_a_raw_text_and_a_comment_are_not_made_a_statement() -> None:
    for written in ('r"If the \\d{x} box appears, press F1"', '"If it {# why #} opens, press F1"'):
        (found,) = findings(workflow(f"do {written}"), "statement-in-prose")
        assert found.fixes == ()


def test_prose_that_asks_or_does_several_things_is_left_to_its_author() -> None:
    for prose in (
        "Click on the row and, if there is an alert, stop",
        "If the dialog appears, click Save, otherwise click Cancel",
        "Press Tab until the field is focused, then type the name",
        "Open the list, scroll down until the total is shown and click it",
        "Click Save unless, as on Monday, the box is shown",
        "Repeat this until the list is empty",
    ):
        found = findings(workflow(f'do "{prose}"'), "statement-in-prose")
        assert found and not any(each.fixes for each in found), prose
    (found,) = findings(workflow('do "Only if a menu is visible, click it."'), "statement-in-prose")
    assert [edit.replacement for fix in found.fixes for edit in fix.edits] == [
        'if sees "a menu" { do "Click it" }'
    ]


def test_a_bound_that_never_binds_is_removed() -> None:
    inputs = "  inputs { rows: string[] @max_items(3) }\n"
    text = workflow('for row in rows  max 9 { press "Tab" }', sections=inputs)
    expected = workflow('for row in rows { press "Tab" }', sections=inputs)
    assert fixed(text, "bound-above-max-items", "safe") == expected


def test_an_abort_where_a_fail_is_waited_for_becomes_one() -> None:
    text = workflow("retry 2 {", 'expect "it is saved" else abort "no"', "}")
    expected = workflow("retry 2 {", 'expect "it is saved" else fail "no"', "}")
    assert fixed(text, "abort-inside-retry", "unsafe") == expected


def test_a_second_text_for_a_field_replaces_the_first_and_comments_stay() -> None:
    first = 'type "a" into "A"'
    later = (
        ('type "b" #', '# not into this\n{} # nor into\n# that\n "A"'),
        ('type "into #"', '{}# not into\r "A"'),
        ('type today as "dd"', '{} "A"'),
    )
    for start, end in later:
        text = workflow(first, f"{start} {end.format('into')}")
        expected = workflow(first, f"{start} {end.format('over')}")
        assert fixed(text, "field-typed-twice", "unsafe") == expected


def test_the_depth_and_the_length_of_copies_are_options() -> None:
    from flowdsl.config.load import load_project
    from flowdsl.diagnostics.sink import Sink

    toml = (
        '[project]\nname = "care"\nid = "prj_be9c0001"\n'
        "[lint.rules.deep-nesting]\nlimit = 1\n[lint.rules.duplicated-prose]\nstatements = 2\n"
    )
    project = load_project(toml, "flowdsl.toml", Sink())
    assert project is not None
    steps = [
        'do "Open the list of claims in the portal and wait for its rows."',
        'expect "the list holds at least one row"',
    ]
    text = workflow(*steps, 'if sees "a" {', 'if sees "b" {', 'press "Tab"', "}", "}", *steps)
    files = MemoryFiles({"main.flow": text})
    found = analyze(files, ["main.flow"], CompileOptions(project)).diagnostics
    names = [(each.name, each.span.first.line) for each in found]
    assert ("deep-nesting", 8) in names
    assert ("duplicated-prose", 12) in names


def test_files_that_are_not_all_there_say_nothing_about_what_others_may_use() -> None:
    text = workflow('press "Tab"') + 'task spare() { press "F3" }\ntype T { a: string }\n'
    files = MemoryFiles({"main.flow": text})
    found = analyze(files, ["main.flow"], CompileOptions(whole=False)).diagnostics
    assert not [each for each in found if each.name.startswith("unused-")]


def test_a_misspelt_use_does_not_make_the_name_unused() -> None:
    inputs = "  inputs { patient_dob: date }\n"
    found = findings(workflow('do "Type {patient_dbo}."', sections=inputs), "unused-input")
    assert found == []
