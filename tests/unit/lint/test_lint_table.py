"""`[lint]` of the project file.

What it switches off, changes and forbids, and what it says that means nothing.
"""

from __future__ import annotations

import pytest

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.load import load_project
from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.lint.errors import UNUSABLE_PLUGIN
from flowdsl.source.files import MemoryFiles
from tests.meta.test_catalog import declared
from tests.support.rows import in_rows

FLOW = """flow 1

## Opens the claims portal.
workflow open_portal {
  steps {
    do "Please open the claims portal"
    wait 5s
  }
}
"""
PATH = "flows/legacy/portal.flow"


def check(lint: str, flow: str = FLOW) -> tuple[Diagnostic, ...]:
    """What is found in `flow` under a `[lint]` table."""
    text = f'[project]\nname = "care"\n{lint}'
    sink = Sink()
    project = load_project(text, "flowdsl.toml", sink)
    assert project is not None, sink.findings_in_order()
    return analyze(MemoryFiles({PATH: flow}), [PATH], CompileOptions(project)).diagnostics


def names(found: tuple[Diagnostic, ...]) -> list[str]:
    return [each.name for each in found]


@in_rows(
    "lint",
    [
        '[lint]\nignore = ["fixed-wait"]',
        '[lint]\nignore = ["style"]',
        '[lint]\nselect = ["suspicious"]',
        '[lint]\nselect = ["unused-suppression"]',
        "[lint]\nselect = []",
        '[lint.per-file]\n"flows/legacy/**" = ["fixed-wait"]',
        '[lint.per-file]\n"**/portal.flow" = ["style"]',
        '[lint.per-file]\n"**" = ["all"]',
    ],
)
def test_a_rule_is_switched_off_by_name_category_or_file(lint: str) -> None:
    assert names(check(lint)) == []


@in_rows(
    "lint",
    [
        "",
        '[lint]\nselect = ["all"]',
        '[lint]\nselect = ["style"]',
        '[lint]\nselect = ["fixed-wait"]',
        '[lint]\nignore = ["suspicious"]',
        '[lint.per-file]\n"flows/*" = ["fixed-wait"]',
    ],
)
def test_what_is_not_switched_off_is_heard(lint: str) -> None:
    assert names(check(lint)) == ["fixed-wait"]


def test_errors_are_heard_whatever_the_project_selects() -> None:
    flow = FLOW.replace("claims portal", "{portal}")
    assert "undeclared-name" in names(check("[lint]\nselect = []", flow))


def test_the_severity_of_a_rule_is_the_projects() -> None:
    (found,) = check('[lint.severity]\nfixed-wait = "error"')
    assert (found.name, found.severity) == ("fixed-wait", "error")


@pytest.mark.parametrize(
    ("entry", "span"),
    [
        ('text = "please open"', "Please open"),
        ('pattern = "[Pp]lease"', "Please"),
    ],
)
def test_forbidden_words_are_found_in_prose(entry: str, span: str) -> None:
    lint = (
        f'[[lint.forbid]]\n{entry}\nmessage = "be brief"\ninstead = "`Open`"\nseverity = "error"\n'
    )
    found = [each for each in check(lint) if each.name == "forbidden-words"]
    assert [(each.span.text, each.severity, each.help) for each in found] == [
        (span, "error", "write `Open`")
    ]
    assert found[0].message == f"`{span}` is not wanted here: be brief"


def test_forbidden_words_are_whole_words_across_blanks() -> None:
    flow = FLOW.replace(
        '"Please open the claims portal"',
        '"""\n      pleased: open\n        the   claims\n      """',
    )
    lint = '[[lint.forbid]]\ntext = "{}"\nmessage = "no"\n'
    assert "forbidden-words" in names(check(lint.format("the claims"), flow))
    assert "forbidden-words" not in names(check(lint.format("please"), flow))


MISTAKES = {
    "unknown-rule": [
        '[lint]\nignore = ["fixed-wiat"]',
        '[lint]\nselect = ["everything"]',
        '[lint.severity]\nfixed-wiat = "error"',
        '[lint.severity]\nstyle = "error"',
        "[lint.rules.fixed-wiat]\nlimit = 3",
        '[lint.per-file]\n"**" = ["fixed-wiat"]',
    ],
    "error-switched-off": [
        '[lint]\nignore = ["missing-emit"]',
        '[lint.per-file]\n"**" = ["missing-emit"]',
        '[lint.severity]\nmissing-emit = "info"',
    ],
    "unknown-rule-option": ["[lint.rules.fixed-wait]\nlimit = 3"],
    "wrong-rule-option": [
        "[lint.rules.deep-nesting]\nlimit = -1",
        '[lint.rules.deep-nesting]\nlimit = "four"',
        "[lint.rules.deep-nesting]\nlimit = true",
    ],
    "invalid-forbidden-words": [
        '[[lint.forbid]]\nmessage = "no"',
        '[[lint.forbid]]\nmessage = "no"\ntext = "a"\npattern = "b"',
        '[[lint.forbid]]\nmessage = "no"\npattern = "("',
        '[[lint.forbid]]\nmessage = "no"\npattern = "(?=a)"',
        '[[lint.forbid]]\nmessage = "no"\npattern = "((a{1000}){1000}){1000}"',
        f'[[lint.forbid]]\nmessage = "no"\npattern = "{"(" * 9000}{")" * 9000}"',
    ],
}
"""For each diagnostic of the table what brings it about."""


@in_rows(("name", "lint"), [(name, lint) for name, lints in MISTAKES.items() for lint in lints])
def test_what_the_table_says_in_vain_is_reported_where_it_stands(name: str, lint: str) -> None:
    found = [each for each in check(lint) if each.span.path == "flowdsl.toml"]
    assert names(tuple(found)) == [name]
    assert found[0].span.first.line >= 3


def test_every_diagnostic_about_lint_is_tested() -> None:
    own = {spec.name for spec in declared("lint").values()}
    suppressions = {name for name in own if name.endswith("suppression")}
    elsewhere = {"forbidden-words", UNUSABLE_PLUGIN.name, "suppression-without-reason"}
    assert own == {*MISTAKES, *suppressions, *elsewhere}


def test_a_rule_about_several_files_is_not_switched_off_by_the_first_of_them() -> None:
    body = (
        'do "Open the list of claims in the portal and wait for its rows." '
        'do "Look for the first row." do "Open it."'
    )
    files: dict[str, str | bytes] = {
        "a.flow": 'flow 1\nimport "./b.flow" as b\nimport "./c.flow" as c\n',
        "b.flow": f"flow 1\ntask t() {{ {body} }}\n",
        "c.flow": f"flow 1\ntask u() {{ {body} }}\n",
    }
    for excepted, paths in (("a", ["c.flow"]), ("c", [])):
        lint = f'[lint.per-file]\n"{excepted}.flow" = ["duplicated-prose"]\n'
        project = load_project(f'[project]\nname = "care"\n{lint}', "flowdsl.toml", Sink())
        found = analyze(MemoryFiles(files), sorted(files), CompileOptions(project)).diagnostics
        copies = [each.span.path for each in found if each.name == "duplicated-prose"]
        assert copies == paths
