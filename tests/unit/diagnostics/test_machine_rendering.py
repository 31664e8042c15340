"""The formats that scripts, editors and CI read."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix, Label
from flowdsl.diagnostics.render.github import SHOWN, render_github
from flowdsl.diagnostics.render.json import render_json
from flowdsl.diagnostics.render.terse import render_terse
from flowdsl.source.text import SourceFile, Span
from tests.support.rows import in_rows

TEXT = "flow 1\n# 日本\n  emit x =   y\n  emit x =   y\n"


def finding(
    category: str = "names",
    text: str = TEXT,
    nth: int = 0,
    message: str = "`y` is not declared",
    path: str = "flows/a.flow",
    **parts: object,
) -> Diagnostic:
    source = SourceFile(path, text)
    start = [match.start() for match in re.finditer("y", text)][nth]
    spec = DiagnosticSpec("undeclared-name", category, message)
    return Diagnostic(spec, Span(source, start, start + 1), message, **parts)  # type: ignore[arg-type]


def test_a_clean_report_is_an_object_too() -> None:
    assert json.loads(render_json([])) == {"format_version": 1, "diagnostics": []}


def test_the_shape_of_a_finding() -> None:
    source = SourceFile("flows/a.flow", TEXT)
    place = Span(source, TEXT.index("x"), TEXT.index("x") + 1)
    fix = Fix("write `x`", (Edit(place, "z"),), "safe")
    diagnostic = finding(
        label="here", labels=(Label(place, "there"),), notes=("n",), help="h", fixes=(fix,)
    )
    (item,) = json.loads(render_json([diagnostic], show_path=lambda path: f"../{path}"))[
        "diagnostics"
    ]
    span = {"start": {"line": 3, "column": 14}, "end": {"line": 3, "column": 15}}
    other = {"start": {"line": 3, "column": 8}, "end": {"line": 3, "column": 9}}
    path = "../flows/a.flow"
    assert re.fullmatch("[0-9a-f]{32}", item.pop("fingerprint"))
    assert item == {
        "name": "undeclared-name",
        "severity": "error",
        "message": "`y` is not declared",
        "path": path,
        "span": span,
        "labels": [
            {"path": path, "span": span, "message": "here"},
            {"path": path, "span": other, "message": "there"},
        ],
        "notes": ["n", "help: h"],
        "fixes": [
            {
                "title": "write `x`",
                "applicability": "safe",
                "edits": [{"path": path, "span": other, "replacement": "z"}],
            }
        ],
    }


def prints(*diagnostics: Diagnostic, prefix: str = "") -> list[str]:
    report = render_json(diagnostics, show_path=lambda path: prefix + path)
    return [item["fingerprint"] for item in json.loads(report)["diagnostics"]]


@given(st.text(max_size=30).filter(lambda text: "y" not in text))
def test_fingerprints_survive_moved_and_indented_lines(above: str) -> None:
    moved = above + "\n" + TEXT.replace("  emit", "\t\t  emit")
    before = prints(finding(nth=0), finding(nth=1))
    assert prints(finding(text=moved, nth=0), finding(text=moved, nth=1)) == before
    assert before[0] != before[1]


def test_fingerprints_tell_findings_apart_but_not_working_folders() -> None:
    one = finding()
    others = [finding(path="b.flow"), finding(message="`z` is not declared")]
    others.append(finding(text=TEXT.replace("x", "z")))
    assert len({prints(found)[0] for found in [one, *others]}) == 4
    assert prints(one, prefix="../") == prints(one)


def test_terse_is_one_line_a_finding() -> None:
    found = [finding(), finding("wording", nth=1, message="a\nb\x1b")]
    assert render_terse(found, str.upper).split("\n") == [
        "FLOWS/A.FLOW:3:14: error undeclared-name: `y` is not declared",
        "FLOWS/A.FLOW:4:14: warning undeclared-name: a\\x0ab\\x1b",
    ]
    assert render_terse([]) == ""


def test_github_annotations() -> None:
    found = [
        finding("style"),
        finding("wording"),
        finding(help="100 %", message="a: b, c\n::error::x"),
    ]
    assert render_github(found, 1, lambda path: "a:b,c.flow").split("\n") == [
        "::error file=a%3Ab%2Cc.flow,line=3,endLine=3,title=undeclared-name,col=14,endColumn=15"
        "::a: b, c\\x0a::error::x%0Ahelp: 100 %25",
        "::warning file=a%3Ab%2Cc.flow,line=3,endLine=3,title=undeclared-name,col=14,endColumn=15"
        "::`y` is not declared",
        "::notice file=a%3Ab%2Cc.flow,line=3,endLine=3,title=undeclared-name,col=14,endColumn=15"
        "::`y` is not declared",
        "1 error, 1 warning, 1 info in 1 file",
    ]


def test_properties_of_an_annotation_are_escaped() -> None:
    (line, _) = render_github([finding()], 1, lambda _: "100%, a:b\r\n\x1b.flow").split("\n")
    assert line.startswith("::error file=100%25%2C a%3Ab\\x0d\\x0a\\x1b.flow,line=3,")


def test_an_annotation_over_several_lines_has_no_columns() -> None:
    source = SourceFile("a.flow", TEXT)
    whole = Diagnostic(finding().spec, Span(source, 3, len(TEXT) - 1), "m")
    (line, _) = render_github([whole], 1).split("\n")
    assert line == "::error file=a.flow,line=1,endLine=4,title=undeclared-name::m"


@in_rows(("count", "annotations"), [(SHOWN, SHOWN), (SHOWN + 1, 10), (50, 10)])
def test_github_shows_at_most_ten_annotations_errors_first(count: int, annotations: int) -> None:
    found = [finding("wording", nth=i % 2) for i in range(count - 1)] + [finding()]
    lines = render_github(found, 1).split("\n")
    assert sum(line.startswith("::") for line in lines) == annotations
    assert lines[0].startswith("::error ")
    if count > SHOWN:
        assert lines[SHOWN].endswith(
            f"::{count - SHOWN} more finding{'s' * (count - SHOWN > 1)}; `flowdsl check` shows all"
        )


@given(st.text(), st.text())
def test_no_text_escapes_its_annotation(message: str, path: str) -> None:
    lines = render_github([finding(message=message, help=message)], 1, lambda _: path).split("\n")
    assert len(lines) == 2
    properties = lines[0].split("::")[1]
    assert [part.split("=")[0] for part in properties.split(",")] == [
        "error file",
        "line",
        "endLine",
        "title",
        "col",
        "endColumn",
    ]
