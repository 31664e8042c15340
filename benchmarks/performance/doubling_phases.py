"""Every check of a project by itself, for `doubling.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from flowdsl.catalog import diagnostics as all_diagnostics
from flowdsl.cli.runtime.takers import find_takers
from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.config.load import load_project
from flowdsl.config.redaction import redact_credentials
from flowdsl.diagnostics.baseline import EMPTY, parse_baseline
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from flowdsl.diagnostics.render.github import render_github
from flowdsl.diagnostics.render.json import render_json
from flowdsl.diagnostics.render.junit import render_junit
from flowdsl.diagnostics.render.sarif import render_sarif
from flowdsl.diagnostics.render.terse import render_terse
from flowdsl.diagnostics.render.text import render_text
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.host.gitignore import IgnoreFile
from flowdsl.lint.options import read_lint_table
from flowdsl.lint.rule import LoadedRule, Rule
from flowdsl.lint.rules import RULES
from flowdsl.lint.run import Linted, run_rules, select_enabled_findings
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.names.files import imports_in
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.parser.lexer import Lexemes

Job = Callable[[], object]


class Parts(dict[str, float]):
    """What the parts of a phase took by name, measured by the phase itself."""


SPENT = Parts()


class TimedRule:
    """A rule that adds to `SPENT` what its check takes."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def __getattr__(self, name: str) -> object:
        return getattr(self._rule, name)

    def load(self) -> LoadedRule:
        original = self._rule.load()
        name = f"rule {self._rule.name}"
        SPENT[name] = 0.0

        def check(context: object, found: object) -> None:
            start = time.process_time()
            original.check(context, found)
            SPENT[name] += time.process_time() - start

        return LoadedRule(original.spec, check, original.options)


def phases(files: dict[str, str]) -> Iterator[tuple[str, Job]]:
    """Every check of a project by itself, on what the ones before it have made."""
    flows = {path: text for path, text in files.items() if path.endswith(".flow")}
    sources = [SourceFile(path, text) for path, text in flows.items()]
    memory = MemoryFiles(dict(files))
    yield "lex", lambda: [Lexemes(source.text) for source in sources]
    yield "parse", lambda: [parse_module(source, Sink()) for source in sources]
    yield "imports", lambda: [imports_in(source.path, source.text) for source in sources]
    yield "takers", lambda: find_takers(os.devnull, memory, flows, ("p.md", "s.json"))
    yield "format", lambda: [format_source(SourceFile(each.path, each.text)) for each in sources]
    toml = files.get("flowdsl.toml", '[project]\nname = "x"\n')
    project = load_project(toml, "flowdsl.toml", Sink())
    if "flowdsl.toml" in files:
        yield "config", lambda: load_project(toml, "flowdsl.toml", Sink())
        yield "redaction", lambda: redact_credentials(toml)
    if ".gitignore" in files:
        yield "gitignore", lambda: IgnoreFile(files[".gitignore"]).verdict("a/b/c.flow", False)
    options = CompileOptions(project)
    entries = sorted(flows)
    linted = Linted(frozenset(entries), True, RULES)

    def understood(sink: Sink) -> object:
        loaded = load_sources(memory, entries, sink)
        return analyze_program(loaded, options.environments, memory, sink, only=linted.paths)

    yield "semantics", lambda: understood(Sink())
    sink = Sink()
    loaded = load_sources(memory, entries, sink)
    model = analyze_program(loaded, options.environments, memory, sink, only=linted.paths)
    lint = read_lint_table(project and project.lint, RULES, all_diagnostics, Sink())

    timed = Linted(
        linted.paths,
        True,
        tuple(map(TimedRule, RULES)),
    )

    def rules() -> Parts:
        SPENT.clear()
        run_rules(model, timed, lint, Sink())
        return Parts(SPENT)

    yield "rules", rules
    run_rules(model, linted, lint, sink)
    yield (
        "suppressions",
        lambda: select_enabled_findings(model, linted, lint, all_diagnostics, sink),
    )
    yield "whole check", lambda: analyze(memory, entries, options)
    found = analyze(memory, entries, options).findings
    listed = found.diagnostics
    if listed:
        yield "render text", lambda: render_text(listed, 1)
        yield "render text in colour", lambda: render_text(listed, 1, color=True)
        yield "render terse", lambda: render_terse(listed)
        yield "render json", lambda: render_json(listed)
        yield "render sarif", lambda: render_sarif(listed)
        yield "render github", lambda: render_github(listed, 1)
        yield "render junit", lambda: render_junit(listed, found.paths, [])
        yield "fingerprints", lambda: compute_fingerprints(listed)
        prints = compute_fingerprints(listed)
        known = EMPTY.renew_with_findings(listed, prints, lambda path: True)
        written = known.render()
        yield "baseline written", known.render
        yield "baseline read", lambda: parse_baseline(written)
        yield "baseline compared", lambda: known.compare(listed, prints, lambda path: True)
        yield "fixes", lambda: apply_fixes(listed, (SAFE, UNSAFE))
    yield "compile", lambda: compile_project(memory, entries, options)


def few_phases(files: dict[str, str]) -> Iterator[tuple[str, Job]]:
    """The phases that read prose differently from place to place."""
    few = ("format", "semantics", "rules", "whole check")
    return (each for each in phases(files) if each[0] in few)
