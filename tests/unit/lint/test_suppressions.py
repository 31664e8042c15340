"""Suppressions: what a comment covers, and what is said about comments that suppress nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.lint.suppressions import _Ranges
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile, Span
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import for_rows, in_rows

HEAD = "flow 1\n\n## Waits.\nworkflow w {\n  steps {\n"
TAIL = "  }\n}\n"


def findings(body: str) -> list[tuple[str, int]]:
    """Name and line of what is found, the lines counted from the first of `body`."""
    found = analyze(MemoryFiles({"a.flow": HEAD + body + TAIL}), ["a.flow"], CompileOptions())
    return [(each.name, each.span.first.line - HEAD.count("\n")) for each in found.diagnostics]


@in_rows(
    "body",
    [
        "wait 1s # flow: ignore[fixed-wait] the box is slow\n",
        "wait 1s #flow:ignore[ fixed-wait ]\n",
        "# flow: ignore[fixed-wait]\nwait 1s\n",
        "# flow: ignore[fixed-wait]\n\n# a remark between\nwait\n1s\n",
        '# flow: ignore[fixed-wait]\nstep "S" {\n  do "Press F3"\n  wait 1s\n}\n',
        "wait 1s # flow: ignore[fixed-wait]\r\n",
    ],
)
def test_a_comment_covers_its_line_or_the_statement_behind_it(body: str) -> None:
    assert findings(body) == []


def test_a_comment_covers_no_more() -> None:
    body = (
        "wait 1s # flow: ignore[fixed-wait]\nwait 2s\n# flow: ignore[fixed-wait]\nwait 3s\nwait "
        "4s\n"
    )
    assert findings(body) == [("fixed-wait", 2), ("fixed-wait", 5)]


def test_where_a_file_cannot_be_read_no_suppression_is_unused() -> None:
    # What the comment suppresses is dropped there, since the unread line may be its cause.
    body = "# flow: ignore[fixed-wait] the box is slow\ndo 'x'\nd \"Press F3\"\n"
    assert {name for name, _ in findings(body)} == {"unexpected-token", "misspelt-keyword"}
    assert ("unused-suppression", 1) in findings(
        body.replace('d "Press', 'do "Press').replace("'x'", '"x"')
    )


def test_a_comment_before_a_declaration_covers_all_of_it() -> None:
    text = (HEAD + "wait 1s\nwait 2s\n" + TAIL).replace(
        "## Waits", "# flow: ignore[fixed-wait] slow desktops\n## Waits"
    )
    assert analyze(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions()).diagnostics == ()


@in_rows(
    ("body", "expected"),
    [
        ("wait 1s # flow: ignore\n", [("fixed-wait", 1), ("blanket-suppression", 1)]),
        ("wait 1s # flow: ignore[]\n", [("fixed-wait", 1), ("blanket-suppression", 1)]),
        ("wait 1s # flow: ignore[fixed-wiat]\n", [("fixed-wait", 1), ("unknown-suppression", 1)]),
        ('do "Press F3" # flow: ignore[fixed-wait]\n', [("unused-suppression", 1)]),
        (
            'do "Press {f3}" # flow: ignore[undeclared-name]\n',
            [("undeclared-name", 1), ("impossible-suppression", 1)],
        ),
    ],
)
def test_what_suppresses_nothing_is_reported(body: str, expected: list[tuple[str, int]]) -> None:
    assert findings(body) == expected


def test_suppressing_a_finding_about_secrets_takes_a_reason() -> None:
    text = (
        "flow 1\n\n## Reads a secret.\nworkflow w {{\n  secrets {{ pin: string }}\n  steps {{\n"
        '    type $pin into "PIN"\n    copy pin_shown from "PIN" # flow: '
        'ignore[secret-read-back]{}\n    do "Note {{pin_shown}}."\n  }}\n}}\n'
    )

    def names(reason: str) -> list[str]:
        files = MemoryFiles({"a.flow": text.format(reason)})
        return [each.name for each in analyze(files, ["a.flow"], CompileOptions()).diagnostics]

    assert names("") == ["secret-read-back", "suppression-without-reason"]
    assert names(" the field is masked") == []


def test_a_comment_in_a_block_of_text_covers_its_line_or_the_next() -> None:
    text = (
        'flow 1\n\n## T.\nworkflow w {\n  inputs { x: string }\n  steps {\n    do """\n'
        "      {# flow: ignore[brace] #}\n      Open {x}\n      Go {x} {# flow: "
        "ignore[fixed-wait] #}\n"
        '      """\n  }\n}\n'
    )
    found = analyze(MemoryFiles({"a.flow": text}), ["a.flow"], CompileOptions()).diagnostics
    assert [(each.name, each.span.text) for each in found] == [
        ("unknown-suppression", "brace"),
        ("unused-suppression", "fixed-wait"),
    ]


@in_rows(
    ("line", "mended"),
    [
        ('# flow: ignore[fixed-wait] slow\ndo "Press F3"\n', 'do "Press F3"\n'),
        ('do "Press F3" # flow: ignore[fixed-wait] slow\n', 'do "Press F3"\n'),
        (
            "wait 1s # flow: ignore[fixed-wait, secret-read-back] slow\n",
            "wait 1s # flow: ignore[fixed-wait] slow\n",
        ),
        (
            "wait 1s # flow: ignore[secret-read-back, fixed-wait] slow\n",
            "wait 1s # flow: ignore[fixed-wait] slow\n",
        ),
    ],
)
def test_the_fix_of_an_unused_suppression_leaves_the_rest(line: str, mended: str) -> None:
    files = MemoryFiles({"a.flow": HEAD + line + TAIL})
    (found,) = analyze(files, ["a.flow"], CompileOptions()).diagnostics
    assert found.name == "unused-suppression"
    (edit,) = found.fixes[0].edits
    source = found.span.source.text
    assert source[: edit.span.start] + source[edit.span.end :] == HEAD + mended + TAIL


def _suppressible() -> list[tuple[Case, Diagnostic]]:
    cases = [case for case in find_cases(CORPUS / "invalid") if len(case.entries) == 1]
    found = []
    for case in cases:
        diagnostics = case.diagnostics()
        errors = [each for each in diagnostics if each.severity == ERROR]
        if errors and not case.environments and all(each.spec.arguable for each in errors):
            found.append((case, diagnostics[0]))
    return found


def _place(found: Diagnostic) -> Span:
    """Where a comment about a finding may stand: in a flow, if need be where it names the file."""
    return found.span if found.span.path.endswith(".flow") else found.labels[0].span


def test_a_finding_in_a_prompt_file_is_suppressed_where_a_flow_takes_the_file_in() -> None:
    flow = 'flow 1\nworkflow {} {{\n  inputs {{ mrn: string }}\n  prompt from "p.md"{}\n}}\n'
    comment = " # flow: ignore[undeclared-in-prompt, unlisted-in-prompt] of the machine"
    files = {
        "a.flow": flow.format("one", comment),
        "b.flow": flow.format("two", ""),
        "p.md": "Type {mrn}, {mnr} and {site}.",
    }
    found = analyze(MemoryFiles(dict(files)), ["a.flow", "b.flow"], CompileOptions()).diagnostics
    messages = [each.message for each in found if each.span.path == "p.md"]
    # The other workflow has its own word in it, alone and beside the first.
    assert messages == [
        "workflow `two` declares no `mnr`",
        "the schemas of workflow `two` list no `site`",
    ]
    alone = analyze(MemoryFiles(dict(files)), ["a.flow"], CompileOptions()).diagnostics
    assert [each.name for each in alone] == ["missing-description"]


@for_rows(_suppressible, name=lambda row: row[0].id, fewest=15)
def test_a_program_whose_errors_are_all_suppressed_compiles(row: tuple[Case, Diagnostic]) -> None:
    case, first = row
    path = _place(first).path
    content = case.files[path]
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    lines = text.splitlines()
    for each in case.diagnostics():
        at = _place(each).first.line
        if _place(each).path == path and "flow: ignore" not in lines[at - 1]:
            names = {d.name for d in case.diagnostics() if _place(d).first.line == at}
            line = lines[at - 1].split("#~")[0]
            lines[at - 1] = f"{line} # flow: ignore[{', '.join(sorted(names))}] tried"
    files = MemoryFiles({**case.files, path: "\n".join(lines) + "\n"})
    compilation = compile_project(files, case.entries, CompileOptions())
    assert [
        each.message for each in compilation.analysis.diagnostics if each.severity == ERROR
    ] == []
    assert compilation.bundle is not None


def test_nothing_is_unused_in_a_file_that_cannot_be_read_whole() -> None:
    body = "# flow: ignore[fixed-wait] slow\nwait 1s\ndo do do\n"
    names = [name for name, _ in findings(body)]
    assert names
    assert "unused-suppression" not in names


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=30),
    st.integers(0, 55),
)
def test_the_ranges_around_an_offset_are_those_that_hold_it(
    sizes: list[tuple[int, int]], offset: int
) -> None:
    source = SourceFile("a.flow", "")
    ranges = [(start, start + size, Span(source, n, n)) for n, (start, size) in enumerate(sizes)]
    found = {span.start for span in _Ranges(ranges).around(offset)}
    assert found == {span.start for start, end, span in ranges if start <= offset <= end}


def test_a_suppression_looks_at_few_others() -> None:
    """Every second line is suppressed, and all of it by one in front.

    The work grows with the lines.
    """
    source = SourceFile("a.flow", "")
    ranges = [(0, 10**6, Span(source, 0, 0))]
    ranges += [(n * 10, n * 10 + 5, Span(source, n, n)) for n in range(1, 20_000)]
    index = _Ranges(ranges)
    assert sum(1 for n in range(1, 20_000) for _ in index.around(n * 10 + 7)) == 19_999
