"""The diagnostics of the program as a whole.

Named well, worded well, used, and each shown by a test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from flowdsl import catalog
from flowdsl.cli.runtime.target import open_target
from flowdsl.config.load import load_project
from flowdsl.diagnostics.diagnostic import CATEGORY_SEVERITY, SEVERITIES, DiagnosticSpec
from flowdsl.diagnostics.sink import Sink
from flowdsl.lint.rules import RULES
from tests.support.flows.expectations import CORPUS, find_cases
from tests.support.rows import for_rows, in_rows

PACKAGE = Path(catalog.__file__).parent
SPECS = catalog.diagnostics()
CORPUS_LAYERS = ("syntax", "semantics")
_OF_EVERY_REPORT = {"label", "labels", "notes", "fixes", "help"}


def declared(layer: str) -> dict[str, DiagnosticSpec]:
    """The specs of a layer by the identifier they have in its `errors.py`."""
    module = import_module(f"flowdsl.{layer}.errors")
    return {
        name: value for name, value in vars(module).items() if isinstance(value, DiagnosticSpec)
    }


def fields(template: str | None) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template or "") if field is not None}


def reports() -> Iterator[tuple[str, DiagnosticSpec, set[str], bool]]:
    """Every call that begins with a spec.

    Place, spec, the values it gives, and whether it brings its own help.
    """
    everything = {name: spec for layer in catalog.LAYERS for name, spec in declared(layer).items()}
    for path in sorted(PACKAGE.rglob("*.py")):
        package = path.relative_to(PACKAGE).parts[0]
        own = declared(package) if package in catalog.LAYERS else {}
        by_identifier = everything | own
        if path.is_relative_to(PACKAGE / "lint/rules") and path.stem != "__init__":
            module = import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
            by_identifier = by_identifier | {
                name: spec
                for name, spec in vars(module).items()
                if isinstance(spec, DiagnosticSpec)
            }
        text = path.read_text(encoding="utf-8")
        # To parse all takes seconds.
        if by_identifier.keys().isdisjoint(re.findall(r"\(\s*(?:\w+\.)*(\w+)", text)):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if getattr(node.func, "id", "") == "LoadedRule":
                continue
            first = node.args[0]
            name = first.id if isinstance(first, ast.Name) else getattr(first, "attr", "")
            keywords = {each.arg for each in node.keywords if each.arg is not None}
            if name in by_identifier and len(keywords) == len(node.keywords):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                yield place, by_identifier[name], keywords - _OF_EVERY_REPORT, "help" in keywords


def test_every_layer_that_declares_diagnostics_is_listed() -> None:
    layers = {
        path.parent.name for path in PACKAGE.glob("*/errors.py") if declared(path.parent.name)
    }
    assert layers == set(catalog.LAYERS)


def test_every_spec_has_a_name_of_its_own() -> None:
    everything = [spec for layer in catalog.LAYERS for spec in declared(layer).values()]
    everything += [rule.load().spec for rule in RULES]
    assert len({spec.name for spec in everything}) == len(everything) == len(SPECS)


@for_rows(lambda: SPECS)
def test_a_diagnostic_is_named_and_worded_as_agreed(name: str) -> None:
    spec = SPECS[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert spec.category in CATEGORY_SEVERITY
    assert spec.severity in SEVERITIES
    message = spec.message
    assert message[0] in "`{" or message[0].islower()
    assert not message.endswith((".", "!", "?"))
    assert "\n" not in message
    assert message.count("`") % 2 == 0
    for words in (message, spec.help or ""):
        assert "did you mean" not in words.lower()
        words.format(**dict.fromkeys(fields(words), 0))
    assert not (spec.help or "").endswith(".")


@in_rows("layer", catalog.LAYERS)
def test_every_spec_is_reported_somewhere(layer: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    code = "\n".join(
        source
        for path, source in sources.items()
        if path.name != "errors.py"
        and (path.is_relative_to(PACKAGE / layer) or f"{layer}.errors" in source)
    )
    assert declared(layer).keys() - set(re.findall(r"\w+", code)) == set()


def test_every_report_fills_exactly_the_fields_of_its_message_and_help() -> None:
    found = list(reports())
    assert len(found) > 100, "the reports are not found any more"
    problems = []
    for place, spec, keywords, has_help in found:
        needed = fields(spec.message) | (set() if has_help else fields(spec.help))
        useful = fields(spec.message) | fields(spec.help)
        if not needed <= keywords <= useful:
            problems.append(
                f"{place}: {spec.name} has {sorted(useful)}, is given {sorted(keywords)}"
            )
    assert problems == []


def test_every_diagnostic_of_a_program_has_a_corpus_case() -> None:
    names = {spec.name for layer in CORPUS_LAYERS for spec in declared(layer).values()}
    cases = {case.id.split("/")[2] for case in find_cases(CORPUS / "invalid")}
    assert names - cases == set()


PROJECT = '[project]\nname = "care"\n'
ADOPTED = '[[adopt]]\nenv = "local"\naddress = "workflow.intake"\nid = "{}"\n'
IDS = ("0b9e6a52-3a83-4b0e-9d6c-51f1f0a7c001", "0b9e6a52-3a83-4b0e-9d6c-51f1f0a7c002")
PROJECT_FILES = {
    "adopted-twice": PROJECT + '[env.local]\napi = "local"\n' + "".join(map(ADOPTED.format, IDS)),
    "api-key-in-config": PROJECT + '[env.a]\napi = "https://desk.test"\napi_key = "ak_12345678"\n',
    "invalid-config-value": '[project]\nname = ""\n',
    "missing-config-key": "[project]\n",
    "toml-syntax": "[project\n",
    "toml-too-deep": "deep = " + "[" * 2_000 + "]" * 2_000,
    "undeclared-environment": PROJECT + ADOPTED.format(IDS[0]),
    "undeclared-tag-group": PROJECT + '[tags.urgent]\ngroup = "speed"\n',
    "unknown-config-key": PROJECT + 'nmae = "care"\n',
    "unsupported-flowdsl-version": PROJECT + 'requires_flowdsl = ">=99"\n',
    "wrong-config-type": "[project]\nname = 1\n",
}
"""For each diagnostic of the text of a project file one that has it."""


@in_rows("name", PROJECT_FILES)
def test_every_diagnostic_of_a_project_file_is_reported_alone(name: str) -> None:
    sink = Sink()
    assert load_project(PROJECT_FILES[name], "flowdsl.toml", sink) is None
    assert [found.name for found in sink.findings_in_order()] == [name]


def test_a_project_file_that_is_no_text_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flowdsl.toml").write_bytes(b"\xff")
    monkeypatch.chdir(tmp_path)
    target = open_target([], None)
    assert [found.name for found in target.problems] == ["unreadable-project-file"]


def test_a_library_in_no_work_tree_is_unusable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flowdsl.toml").write_text(PROJECT + 'libraries = { epic = "../epic" }\n')
    monkeypatch.chdir(tmp_path)
    (found,) = open_target([], None).problems
    assert (found.name, found.span.text) == ("unusable-library", '"../epic"')


def test_every_diagnostic_of_a_project_file_has_a_case() -> None:
    names = {spec.name for spec in declared("config").values()}
    assert names == {*PROJECT_FILES, "unreadable-project-file", "unusable-library"}
