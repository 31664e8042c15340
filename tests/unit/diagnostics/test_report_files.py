"""SARIF and JUnit XML, read back by other people's readers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml

from flowdsl import REFERENCE, __version__
from flowdsl.diagnostics.diagnostic import SEVERITIES, Diagnostic, DiagnosticSpec, Edit, Fix, Label
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.diagnostics.render.junit import render_junit
from flowdsl.diagnostics.render.sarif import render_sarif
from flowdsl.source.text import SourceFile, Span
from tests.support.junit import assert_junit
from tests.support.rows import in_rows

TEXT = "flow 1\r\n# 😀日本\r\n  emit x =   y\r\n"
SOURCE = SourceFile("flows/a.flow", TEXT)


def spec(category: str = "names", name: str = "undeclared-name") -> DiagnosticSpec:
    return DiagnosticSpec(name, category, "`{name}` is not declared", "declare {{{name}}}")


def finding(
    category: str = "names",
    name: str = "undeclared-name",
    source: SourceFile = SOURCE,
    message: str = "`y` is not declared",
    **parts: Any,
) -> Diagnostic:
    start = max(source.text.find("y"), 0)
    return Diagnostic(spec(category, name), Span(source, start, start + 1), message, **parts)


def sarif(*found: Diagnostic) -> dict[str, Any]:
    """The only run of a log, which is valid by a model made from the official schema."""
    from fluidattacks_core.sarif import SarifLog

    log = json.loads(render_sarif(found))
    SarifLog.model_validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_a_clean_log_is_a_log_too() -> None:
    run = sarif()
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
    assert run["columnKind"] == "unicodeCodePoints"
    assert set(run["originalUriBaseIds"]) == {"%SRCROOT%"}


def test_a_result() -> None:
    other = SourceFile("flows/my lib: 100%.flow", "type t\n")
    run = sarif(
        finding(
            label="here",
            labels=(Label(Span(other, 5, 6), "the type"),),
            notes=("n",),
            help="h",
            fixes=(
                Fix("write `x`", (Edit(Span(SOURCE, 8, 12), "x"), Edit(Span(other, 6, 6), ""))),
                Fix("fill in", (Edit(Span(SOURCE, 0, 1), "?"),), "placeholder"),
                Fix("think", (), "safe"),
            ),
        )
    )
    (result,) = run["results"]
    here = {"uri": "flows/a.flow", "uriBaseId": "%SRCROOT%"}
    there = {"uri": "flows/my%20lib%3A%20100%25.flow", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 3, "startColumn": 14, "endLine": 3, "endColumn": 15}
    (fingerprint,) = result["partialFingerprints"].values()
    assert re.fullmatch("[0-9a-f]{32}", fingerprint)
    assert result == {
        "ruleId": "undeclared-name",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "`y` is not declared\nnote: n\nhelp: h"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": here, "region": region},
                "message": {"text": "here"},
            }
        ],
        "relatedLocations": [
            {
                "id": 1,
                "physicalLocation": {
                    "artifactLocation": there,
                    "region": {"startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 7},
                },
                "message": {"text": "the type"},
            }
        ],
        "partialFingerprints": {"flowdslFingerprint/v1": fingerprint},
        "fixes": [
            {
                "description": {"text": "write `x`"},
                "artifactChanges": [
                    {
                        "artifactLocation": here,
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 2,
                                    "startColumn": 1,
                                    "endLine": 2,
                                    "endColumn": 5,
                                },
                                "insertedContent": {"text": "x"},
                            }
                        ],
                    },
                    {
                        "artifactLocation": there,
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 1,
                                    "startColumn": 7,
                                    "endLine": 1,
                                    "endColumn": 7,
                                }
                            }
                        ],
                    },
                ],
                "properties": {"applicability": "unsafe"},
            }
        ],
    }


def test_the_rules_are_those_that_occur_by_name() -> None:
    found = [
        finding("wording", "vague-verb"),
        finding("style", "deep-nesting"),
        finding(),
        finding("wording", "vague-verb"),
    ]
    run = sarif(*found)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["deep-nesting", "undeclared-name", "vague-verb"]
    assert rules[1] == {
        "id": "undeclared-name",
        "shortDescription": {"text": "`‹name›` is not declared"},
        "helpUri": f"{REFERENCE}/undeclared-name.md",
        "help": {"text": "declare {‹name›}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"category": "names"},
    }
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["note", "error", "warning"]
    for result, diagnostic in zip(run["results"], found, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == diagnostic.name
    assert [result["level"] for result in run["results"]] == ["warning", "note", "error", "warning"]
    prints = [result["partialFingerprints"]["flowdslFingerprint/v1"] for result in run["results"]]
    assert prints == compute_fingerprints(found)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.text(), NAMES, st.data())
def test_any_log_is_valid(text: str, path: str, data: st.DataObject) -> None:
    source = SourceFile(path, text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = Span(source, start, end)
    fix = Fix(text, (Edit(span, text),), "safe")
    found = Diagnostic(spec(), span, text, text, (Label(span, text),), (text,), text, (fix,))
    (result,) = sarif(found)["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii() and not re.search(r"[\s:?#\\]", uri)
    assert unquote(uri) == path


def suite(
    found: list[Diagnostic], paths: list[str], prefix: str = "", fail_on: str = "warning"
) -> Any:
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    text = render_junit(found, paths, failing, lambda path: prefix + path)
    assert text.isascii()
    assert_junit(ElementTree.fromstring(text))
    (only,) = JUnitXml.fromstring(text.encode())
    return only


def test_a_case_for_every_file() -> None:
    found = [
        finding(help="look"),
        finding("wording", "vague-verb"),
        finding("style", "deep-nesting", SourceFile("flows/b.flow", "y")),
    ]
    tests = suite(found, ["flows/a.flow", "flows/b.flow", "flows/c.flow"], "../")
    assert (tests.tests, tests.failures, tests.errors, tests.skipped) == (3, 1, 0, 0)
    failing, remarked, clean = list(tests)
    assert [case.name for case in tests] == [f"../flows/{name}.flow" for name in "abc"]
    assert [(each.type, each.message) for each in failing.result] == [
        ("undeclared-name", "`y` is not declared"),
        ("vague-verb", "`y` is not declared"),
    ]
    assert "3 |   emit x =   y\n" in failing.result[0].text
    assert "= help: look" in failing.result[0].text
    assert remarked.is_passed
    assert remarked.system_out.startswith("../flows/b.flow:1:1: info deep-nesting: ")
    assert clean.is_passed and clean.system_out is None


@in_rows("fail_on", SEVERITIES)
def test_what_fails_the_check_is_a_failure_and_the_rest_is_output(fail_on: str) -> None:
    kinds = {"names": "error", "wording": "warning", "style": "info"}
    sources = {kind: SourceFile(f"{kind}.flow", "y") for kind in kinds}
    found = [finding(kind, "some-name", sources[kind]) for kind in kinds]
    tests = suite([*found, finding("style", "other", sources["names"])], [], fail_on=fail_on)
    count = SEVERITIES.index(fail_on) + 1
    assert (tests.tests, tests.failures) == (3, count)
    for case in tests:
        severity = kinds[case.name.removesuffix(".flow")]
        failed = severity in SEVERITIES[:count]
        assert case.is_passed is not failed
        assert (f" {severity} some-name: " in (case.system_out or "")) is not failed
        if severity == "error":
            assert (" info other: " in (case.system_out or "")) is (fail_on != "info")


def test_every_rule_has_an_address_of_its_page() -> None:
    (rule,) = sarif(finding())["tool"]["driver"]["rules"]
    page = rule["helpUri"].removeprefix(f"{REFERENCE}/")
    assert REFERENCE.startswith("https://") and __version__ in REFERENCE
    assert (Path(__file__).parents[3] / "docs/reference" / page).is_file()


def test_a_finding_in_a_file_that_was_not_listed_makes_a_case() -> None:
    assert [case.name for case in suite([finding()], [])] == ["flows/a.flow"]


@pytest.mark.parametrize("category", ["names", "style"])
@given(text=st.text())
def test_xml_takes_any_text(category: str, text: str) -> None:
    source = SourceFile("x" + text, text)
    found = finding(category, text, source, text, label=text, notes=(text,))
    (case,) = suite([found], [source.path])
    if category == "names":
        (failure,) = case.result
        if text.isprintable():
            assert (failure.type, failure.message) == (text, text)
            assert case.name == source.path
    else:
        assert case.system_out


def test_what_xml_cannot_hold_is_written_as_an_escape() -> None:
    (case,) = suite([finding(message="a\0b\x1b\ufffe<&>\"'😀\n\tc")], ["flows/a.flow"])
    assert case.result[0].message == "a\\x00b\\x1b\\ufffe<&>\"'😀\n\tc"


@given(st.text(alphabet='a \n\r\t"<&\x1b\u202e', max_size=8))
def test_no_attribute_of_junit_loses_a_character(text: str) -> None:
    """A reader turns a raw line feed or tab of an attribute into a space."""
    source = SourceFile(f"flows/{text}.flow", TEXT)
    report = render_junit([finding(source=source, message=text)], [source.path], {"error"})
    (case,) = ElementTree.fromstring(report).iter("testcase")
    (failure,) = case
    unfit = {"\x1b": "\\x1b", "\r": "\\x0d"}
    shown = "".join(unfit.get(character, character) for character in text)
    assert case.get("name") == case.get("file") == f"flows/{shown}.flow"
    assert failure.get("message") == shown
