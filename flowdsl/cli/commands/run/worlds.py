"""`flowdsl run --world`: a run on the local Cyberdesk, in the world of one of the flow's tests."""

from __future__ import annotations

import argparse
import json
from typing import Any

from flowdsl.compiler.pipeline import Compilation
from flowdsl.diagnostics.suggest import join_names
from flowdsl.emulator.scenario import Scenario, make_scenario
from flowdsl.semantics.flow_tests.items import needs_run
from flowdsl.testing.cases import Case, cases_of
from flowdsl.testing.rehearsal import rehearsal_inputs, rehearsal_rules
from flowdsl.testing.selecting import has_words
from flowdsl.testing.suite import Suite

from ...runtime.console import UsageError
from ...runtime.engine.deployment import Deployment


def play_test(
    arguments: argparse.Namespace, deployment: Deployment, compilation: Compilation
) -> Scenario:
    """Return the world of the only test of `arguments.name` that has the words `arguments.world`.

    Inputs that the test gives to its first run are added to `arguments` unless given there. Raises
    `UsageError` if no test or several match.
    """
    assert compilation.bundle is not None, "sources without errors have artifacts"
    variables, target = deployment.environment.vars, deployment.target
    suite = Suite(compilation.analysis.model, compilation.bundle, variables, target.show_path)
    case = _find_test(suite, arguments.name, arguments.world)
    rules = rehearsal_rules(suite, case)
    if not rules:
        raise UsageError("the run of this test cannot be carried out; `flowdsl test` says why")
    if arguments.inputs is None:
        _add_inputs(arguments, case, rehearsal_inputs(suite, case))
    return make_scenario({"format_version": 1, "runs": rules})


def _find_test(suite: Suite, name: str, words: str) -> Case:
    tests = [
        case
        for case in cases_of(suite.model)
        if case.task is None and case.subject == name and needs_run(case.items)
    ]
    if not tests:
        raise UsageError(f"no test runs `{name}`, so that there is no world for `--world`")
    meant = [case for case in tests if has_words(f"{case.subject} {case.title}", words)]
    if not meant:
        known = join_names(case.title for case in tests)
        raise UsageError(
            f"no test of `{name}` has all of `{words}` in its title; there are {known}"
        )
    if len(meant) > 1:
        titles = join_names(case.title for case in meant)
        raise UsageError(f"`--world` is for one test, and several have the words: {titles}")
    return meant[0]


def _add_inputs(arguments: argparse.Namespace, case: Case, inputs: dict[str, Any]) -> None:
    pauses = () if case.chain is None else case.chain.pauses
    asked = {field.wire_name for pause in pauses for field in pause.inputs}
    given = {name for name, _ in (*arguments.input, *arguments.input_env, *arguments.answer)}
    for name, value in inputs.items():
        if name not in given:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            (arguments.answer if name in asked else arguments.input).append((name, text))
