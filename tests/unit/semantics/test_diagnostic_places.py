"""Diagnostics point at the exact characters, and their fixes remove them."""

from __future__ import annotations

from collections import Counter

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.source.text import Position
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import for_rows

BLOCK = '''flow 1

workflow intake {
  inputs { patient_dob: date }
  secrets { password: string }
  steps {
    step "Find" {
      do """
          Open the chart, then
        type {patient_bod} twice:\t{total}
          "quoted" {$pasword} \\{literal} {patient_dob.year}
      """
    }
  }
}
'''


def diagnostics(text: str) -> list[Diagnostic]:
    return list(Case("intake", {"intake.flow": text}, ["intake.flow"], {}).diagnostics())


def test_a_misspelt_variable_in_a_block_is_found_at_its_line_and_column() -> None:
    found = {(d.name, d.span.text): d.span for d in diagnostics(BLOCK)}
    misspelt = found["undeclared-name", "{patient_bod}"]
    assert (misspelt.first, misspelt.last) == (Position(10, 14), Position(10, 27))
    assert found["undeclared-name", "{total}"].first == Position(10, 35)
    assert found["undeclared-name", "{$pasword}"].first == Position(11, 20)
    assert found["path-into-scalar", ".year"].first == Position(11, 54)
    assert len(found) == 4


def test_the_fix_of_a_name_in_text_changes_the_name_only() -> None:
    (misspelt,) = (d for d in diagnostics(BLOCK) if d.span.text == "{patient_bod}")
    (fix,) = misspelt.fixes
    (edit,) = fix.edits
    assert (edit.span.text, edit.replacement) == ("patient_bod", "patient_dob")
    assert fix.applicability == "unsafe"


def test_offsets_count_code_points_and_lines_of_any_kind() -> None:
    text = BLOCK.replace("Open the chart", "Öffne 📁 die Akte").replace("\n", "\r\n")
    (misspelt,) = (d for d in diagnostics(text) if d.span.text == "{patient_bod}")
    assert misspelt.span.first == Position(10, 14)


def test_a_value_named_like_one_of_another_kind_says_how_to_write_it() -> None:
    text = BLOCK.replace("{patient_bod}", "{pasword}")
    (wrong,) = (d for d in diagnostics(text) if d.span.text == "{pasword}")
    assert wrong.help == "a secret named `password` exists; write `{$password}`"
    assert wrong.fixes == ()


def apply(case: Case, diagnostic: Diagnostic) -> Case:
    files = dict(case.files)
    (fix,) = diagnostic.fixes
    for edit in sorted(fix.edits, key=lambda edit: -edit.span.start):
        content = files[edit.span.path]
        text = content if isinstance(content, str) else content.decode()
        changed = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
        files[edit.span.path] = changed.encode()
    return case._replace(files=files)


def invalid() -> list[Case]:
    return find_cases(CORPUS / "invalid")


def fixable() -> list[tuple[Case, int]]:
    """Cases, and which of their diagnostics has a fix."""
    return [
        (case, index)
        for case in invalid()
        for index, diagnostic in enumerate(case.diagnostics())
        if diagnostic.fixes and "syntax" not in case.id
    ]


@for_rows(fixable, name=lambda row: f"{row[0].id}-{row[1]}", fewest=40)
def test_a_fix_removes_its_diagnostic(row: tuple[Case, int]) -> None:
    case, index = row
    before = Counter(diagnostic.name for diagnostic in case.diagnostics())
    fixed = case.diagnostics()[index]
    after = Counter(diagnostic.name for diagnostic in apply(case, fixed).diagnostics())
    assert after[fixed.name] == before[fixed.name] - 1


@for_rows(invalid, name=lambda case: case.id, fewest=250)
def test_messages_are_one_sentence_and_spans_are_inside_their_files(case: Case) -> None:
    for diagnostic in case.diagnostics():
        assert diagnostic.message[:1] in "`@+" or diagnostic.message[0].islower()
        assert not diagnostic.message.endswith((".", "!", "?"))
        assert "\n" not in diagnostic.message
        assert "did you mean" not in f"{diagnostic.message} {diagnostic.help}".lower()
        spans = [diagnostic.span, *(label.span for label in diagnostic.labels)]
        for span in spans:
            assert 0 <= span.start <= span.end <= len(span.source.text)
        # What is missing stands nowhere.
        assert diagnostic.span.start < diagnostic.span.end or diagnostic.name == "missing-token"
