"""Baselines: what they leave out, what is gone, and their file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.diagnostics.baseline import EMPTY, Baseline, InvalidBaseline, parse_baseline
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.source.text import SourceFile, Span
from tests.support.rows import in_rows


def everything(path: str) -> bool:
    return True


def findings(text: str, path: str = "a.flow", name: str = "undeclared-name") -> list[Diagnostic]:
    """A finding for every `!` of a text."""
    source = SourceFile(path, text)
    spec = DiagnosticSpec(name, "names", "m")
    places = [index for index, character in enumerate(text) if character == "!"]
    return [Diagnostic(spec, Span(source, place, place + 1), "m") for place in places]


def baseline_of(found: list[Diagnostic]) -> Baseline:
    return EMPTY.renew_with_findings(found, compute_fingerprints(found), everything)


def new(baseline: Baseline, found: list[Diagnostic]) -> list[int]:
    """The lines of the findings that are new."""
    compared = baseline.compare(found, compute_fingerprints(found), everything)
    return [found[index].span.first.line for index in compared.new]


def gone(baseline: Baseline, found: list[Diagnostic]) -> int:
    return baseline.compare(found, compute_fingerprints(found), everything).gone


def test_a_known_finding_may_move() -> None:
    baseline = baseline_of(findings("do !\n"))
    assert new(baseline, findings("# new line\n  do  !\n")) == []
    assert gone(baseline, findings("# new line\n  do  !\n")) == 0


def test_what_is_not_known_is_new() -> None:
    baseline = baseline_of(findings("do !\n"))
    assert new(baseline, findings("do other !\n")) == [1]
    assert new(baseline, findings("do !\n", path="b.flow")) == [1]
    assert new(baseline, findings("do !\n", name="other-rule")) == [1]
    assert new(EMPTY, findings("do !\n")) == [1]


def test_a_second_finding_of_the_same_words_is_new() -> None:
    baseline = baseline_of(findings("do !\n"))
    assert new(baseline, findings("do !\nx\ndo !\n")) == [3]
    assert new(baseline_of(findings("do !\ndo !\n")), findings("do !\ndo !\ndo !\n")) == [3]


def test_what_is_gone_is_counted_only_in_files_that_were_checked() -> None:
    baseline = baseline_of([*findings("do !\nput !\n"), *findings("do !\n", path="b.flow")])
    found = findings("put !\n")
    prints = compute_fingerprints(found)
    assert baseline.compare(found, prints, everything).gone == 2
    assert baseline.compare(found, prints, lambda path: path == "a.flow").gone == 1
    assert baseline.compare([], [], lambda path: False).gone == 0


def test_writing_anew_keeps_what_was_not_checked() -> None:
    baseline = baseline_of([*findings("do !\n"), *findings("do !\n", path="b.flow")])
    found = findings("put !\n")
    renewed = baseline.renew_with_findings(
        found, compute_fingerprints(found), lambda path: path == "a.flow"
    )
    assert renewed.size == 2
    assert new(renewed, [*found, *findings("do !\n", path="b.flow"), *findings("do !\n")]) == [1]


def test_the_file() -> None:
    found = [*findings("z !\na !\n", path="b.flow"), *findings("do !\n")]
    text = baseline_of(found).render()
    assert text.endswith("}\n")
    content = json.loads(text)
    assert content["format_version"] == 1
    assert list(content["findings"]) == ["a.flow", "b.flow"]
    entries = content["findings"]["b.flow"]
    assert {"name": "undeclared-name", "fingerprint": compute_fingerprints(found)[0]} in entries
    assert entries == sorted(entries, key=lambda entry: entry["fingerprint"])
    assert baseline_of(found[::-1]).render() == baseline_of(found).render()


@given(st.lists(st.tuples(st.sampled_from(["a !\n", "b !!\n", "c\n"]), st.sampled_from("xy"))))
def test_a_written_baseline_knows_all_it_was_made_from(files: list[tuple[str, str]]) -> None:
    texts: dict[str, str] = {}
    for text, path in files:
        texts[path] = texts.get(path, "") + text
    found = [each for path, text in texts.items() for each in findings(text, path=path)]
    baseline = parse_baseline(baseline_of(found).render())
    assert baseline.size == len(found)
    assert (new(baseline, found), gone(baseline, found)) == ([], 0)
    assert baseline.render() == baseline_of(found).render()


@in_rows(
    ("text", "reason"),
    [
        ("flow 1\n", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it has no `format_version`"),
        ('{"findings": {}}', "it has no `format_version`"),
        ('{"format_version": 2, "findings": {}}', "its `format_version` is not 1, the one"),
        ('{"format_version": 1}', "`findings` is expected"),
        ('{"format_version": 1, "findings": []}', "`findings` is expected"),
        ('{"format_version": 1, "findings": {"a": 3}}', "`findings` is expected"),
        ('{"format_version": 1, "findings": {"a": ["x"]}}', "`findings` is expected"),
        ('{"format_version": 1, "findings": {"a": [{"name": "x"}]}}', "`findings` is expected"),
        (
            '{"format_version": 1, "findings": {"a": [{"name": "x", "fingerprint": []}]}}',
            "`findings` is expected",
        ),
    ],
)
def test_what_is_no_baseline_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidBaseline) as caught:
        parse_baseline(text)
    assert str(caught.value).startswith(reason)
