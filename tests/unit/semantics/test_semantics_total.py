"""One mistake gives one diagnostic, and no text gives an exception."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.diagnostics.diagnostic import INFO
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk
from tests.support.effort import THOROUGH, every, examples
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import for_rows

PROGRAMS = find_cases(CORPUS / "valid") + find_cases(CORPUS / "invalid")
VALID = find_cases(CORPUS / "valid")
FRAGMENTS = (
    *(
        "{",
        "}",
        '"',
        "(",
        ")",
        "[0]",
        ".x",
        "$",
        "?",
        "[]",
        " = ",
        "@min(1)",
        "null",
        "env",
        "{{x}}",
    ),
    *(
        "{$x}",
        "mrn",
        "steps { }",
        "for v in 3 { }",
        "abort",
        "else",
        "secret",
        "as",
        "in background",
    ),
)


def edited(case: Case, path: str, start: int, end: int, replacement: str) -> Case:
    content = case.files[path]
    text = content if isinstance(content, str) else content.decode()
    return case._replace(
        files={**case.files, path: (text[:start] + replacement + text[end:]).encode()}
    )


def modules(case: Case) -> tuple[ast.Module, ...]:
    return load_sources(MemoryFiles(case.files), case.entries, Sink()).modules


Reference = tuple[Case, str, ast.Ref]
"""A program, a file of it, and a name in it."""


def references() -> Sequence[Reference]:
    found = [
        (case, module.source.path, node)
        for case in VALID
        for module in modules(case)
        for declaration in module.declarations
        if not isinstance(declaration, ast.TestDecl)
        for node in walk(declaration)
        if isinstance(node, ast.Ref) and node.name.text != "today"
    ]
    return every(121, found)


def place(row: Reference) -> str:
    case, path, ref = row
    return f"{case.id}:{path}:{ref.start}"


@for_rows(references, name=place, fewest=170 if THOROUGH else 4)
def test_a_name_that_does_not_exist_is_reported_once_at_its_place(row: Reference) -> None:
    case, path, ref = row
    found = edited(case, path, ref.name.start, ref.name.end, "qqqqqqqqqq").diagnostics()
    undeclared = [d for d in found if d.name == "undeclared-name"]
    assert [d.span.start for d in undeclared] == [ref.start]
    # A test for `null` that no longer tests anything uncovers what it guarded, and nothing else
    # follows.
    others = {d.name for d in found if d.severity != INFO}
    assert others <= {"undeclared-name", "optional-for-required"}


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_edit_of_a_program_raises(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(PROGRAMS))
    path = data.draw(
        st.sampled_from([p for p in case.files if p.endswith((".flow", ".md", ".json"))])
    )
    content = case.files[path]
    size = len(content if isinstance(content, str) else content.decode("utf-8", "replace"))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, size))
        end = data.draw(st.integers(start, min(size, start + 12)))
        try:
            case = edited(case, path, start, end, data.draw(st.sampled_from(("", *FRAGMENTS))))
        except UnicodeDecodeError:
            return
    for diagnostic in case.diagnostics():
        span = diagnostic.span
        assert 0 <= span.start <= span.end <= len(span.source.text)


@settings(max_examples=examples(30), deadline=None)
@given(st.sampled_from(PROGRAMS), st.randoms())
def test_the_order_of_files_makes_no_difference(case: Case, random: object) -> None:
    def shown(entries: list[str]) -> list[tuple[str, int, str, str, str | None]]:
        return [
            (d.span.path, d.span.start, d.name, d.message, d.help)
            for d in case.diagnostics(entries)
        ]

    shuffled = list(case.entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shown(shuffled) == shown(case.entries)
