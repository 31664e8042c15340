"""Conditions keep rules from being loaded, and hide nothing that they would find."""

from __future__ import annotations

from itertools import product

import pytest

from flowdsl.compiler import pipeline
from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.lint.rules import RULES
from flowdsl.source.files import MemoryFiles
from tests.support.effort import THOROUGH, every
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import for_rows

UNCONDITIONAL = tuple(
    # An `if` with one branch is nothing that this rule is about.
    rule if rule.name == "enum-not-handled" else rule.__replace__(when=None)
    for rule in RULES
)

CONTROLS = ("box", "check box", "drop-down", "text box", "input field", "arrow", "tab", "key")
LOOKS = ("last", "1st", "far", "upper", "blue", "blue, large", "right", "very left")
NUMBERS = ("at 12, 5", "x=3 y=4", "2 px left of it", "(3,4)", "F3", "the 2 rows", "5px above")
OPENINGS = ("Sign in", "Log in", "wait a while", "get the report", "Please never ask", "Don't wait")
ENDS = ("", ".", " and press Enter. Do not wait", " in the upper left corner", "\n    {# once #}")


def found(
    files: dict[str, str | bytes], monkeypatch: pytest.MonkeyPatch
) -> list[list[tuple[object, ...]]]:
    entries = [path for path in files if path.endswith(".flow")]
    results: list[list[tuple[object, ...]]] = []
    for rules in (RULES, UNCONDITIONAL):
        monkeypatch.setattr(pipeline, "RULES", rules)
        analysis = analyze(MemoryFiles(files), entries, CompileOptions())
        results.append([(*each.sort_key(), each.help) for each in analysis.diagnostics])
    return results


@for_rows(
    lambda: every(6, [case for each in ("lint", "valid") for case in find_cases(CORPUS / each)]),
    name=lambda case: case.id,
    fewest=80 if THOROUGH else 13,
)
def test_conditions_hide_nothing_in_the_corpus(case: Case) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        conditional, unconditional = found(case.files, monkeypatch)
    assert conditional == unconditional


def test_conditions_hide_nothing_in_prose(monkeypatch: pytest.MonkeyPatch) -> None:
    named = [f"click the {look} {control}" for look, control in product(LOOKS, CONTROLS)]
    bare = [f"press the {control}" for control in CONTROLS]
    pointed = [f"Click {number}" for number in NUMBERS]
    long = ["Open it. " * count + "Look" for count in (6, 7, 8, 9)]
    texts = [*named, *bare, *pointed, *OPENINGS, *long]
    written = [f'  do """{text}{end}\n  """' for text, end in product(texts, ENDS)]
    source = "\n".join(["flow 1", "## It.", "workflow w { steps {", *written, "} }", ""])
    conditional, unconditional = found({"a.flow": source}, monkeypatch)
    assert conditional == unconditional
    names = {each[3] for each in unconditional}
    assert names >= {
        "ambiguous-target",
        "negative-only-instruction",
        "pixel-coordinates",
        "several-instructions",
        "target-by-look",
        "vague-verb",
    }


def test_a_block_with_comments_alone_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    comments = (" # c\n ", "# {c}\n", "\n# c #}\n", "# c #}\n # d\n", "# c #} d\n", "# \r ")
    for inside in ("", " ", "\n\n", *comments):
        flow = f'flow 1\nworkflow w {{ steps {{ do "a {{# b #}}"\nstep "s" {{{inside}}} }} }}\n'
        usual, unconditional = found({"a.flow": flow}, monkeypatch)
        assert usual == unconditional
        assert any("no-effect" in each for each in usual), inside
