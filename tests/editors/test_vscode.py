"""What the VS Code extension says of the language, against the language.

That its colours are right is compared token by token in `editors/vscode/tests/colours.mjs`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.reference import grammar_text

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
SNIPPETS = json.loads((EXTENSION / "snippets" / "flow.json").read_text("utf-8"))
HOLDERS = {
    "Flow file": "{}",
    "Task": "flow 1\n{}",
    "Test": "flow 1\n{}",
    "Step": 'flow 1\nworkflow a {{ title = "A" steps {{ {} }} }}',
}
INSIDE = 'flow 1\nworkflow a {{ title = "A" steps {{ step "S" {{ {} }} }} }}'


def read_keywords() -> set[str]:
    """Every word in quotes in the rules of the grammar."""
    rules = re.sub(r"//.*", "", grammar_text()).partition("NAME: /")[0]
    return set(re.findall(r'"([a-z]+)"', rules))


def test_every_keyword_has_a_colour() -> None:
    colours = (EXTENSION / "syntaxes" / "flow.tmLanguage.json").read_text("utf-8")
    words = set(re.findall(r"[a-z]+", colours))
    assert len(read_keywords()) > 80
    assert read_keywords() - words == set()


def test_a_flow_is_known_by_its_first_line() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    (language,) = manifest["contributes"]["languages"]
    first_line = re.compile(language["firstLine"])
    for line in ("flow 1", "  flow 1 # edition", "flow  1"):
        assert first_line.search(line), line
    for line in ("flow one", "flow 1 {", "# flow 1", "workflow 1", "{"):
        assert not first_line.search(line), line


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_is_a_flow_without_mistakes_of_syntax(name: str) -> None:
    text = "\n".join(SNIPPETS[name]["body"])
    for _ in range(3):  # a placeholder may stand in another one
        text = re.sub(r"\$\{\d+:((?:[^}$\\]|\\.)*)\}", r"\1", text)
    text = re.sub(r"\$\d+", "", text).replace("\\}", "}")
    sink = Sink()
    parse_module(SourceFile("a.flow", HOLDERS.get(name, INSIDE).format(text)), sink)
    assert [each.message for each in sink.findings_in_order()] == []
