"""The world of a test as rules of the local Cyberdesk, where a run then ends as the test says.

    screen { "the list is open" = [false, true] }
    "screen": {"the list is open": [false, true]}

A rule answers everything that the run asks, including default answers. It names the inputs of its
run, because a replay has other inputs than the recorded run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.simulate.executions import world_with_defaults
from flowdsl.simulate.trace import NOT_STARTED, SUCCESS, Trace
from flowdsl.simulate.world import COMMAND, COPY, OUTPUT, READ, World

from .cases import Case, resolve_case_inputs
from .chains import chain_runs
from .outcome import Problem
from .run import every_run
from .suite import Suite

_TABLES = {READ: "reads", COPY: "reads", OUTPUT: "reads", COMMAND: "commands"}
"""The table of a scenario that answers a kind of question; the other kinds are in `screen`."""


_ROOT = re.compile(r"[^\W\d]\w*")
"""Names of inputs that a rule of a scenario can refer to."""


def rehearsal_rules(suite: Suite, case: Case) -> list[dict[str, Any]]:
    """Return the rules (`[[runs]]` of a scenario) for the runs of a test of a workflow or a chain.

    One for each run, including replays, or for each step of a chain. Empty if a run cannot be
    executed.
    """
    if case.chain is not None:
        return list(_rules_of_chain(suite, case, case.chain))
    runs = every_run(suite, case)
    title = _any_of(suite.title(case.workflow))
    rules: list[dict[str, Any]] = []
    for number, (world, trace) in enumerate(runs):
        inputs = _select_nameable_inputs(suite, case.workflow, world)
        known = {"inputs": inputs} if inputs else {}
        approved = {"approve": True} if len(runs) > 1 and not number else {}
        checks = collect_failed_judgements(suite, case.workflow, trace)
        rules.append({"workflow": title} | known | approved | answers_in(trace) | checks)
    # A rule matches runs that have its inputs, and maybe others: the most specific comes first.
    rules.sort(key=lambda rule: len(rule.get("inputs", ())), reverse=True)
    return rules


def rehearsal_inputs(suite: Suite, case: Case) -> dict[str, Any]:
    """Return the inputs of a test's first run, by wire name, with computed dates filled in."""
    if case.chain is not None:
        return resolve_case_inputs(case, suite.literals(case.module)) or {}
    ((world, _), *_) = every_run(suite, case)
    return dict(world.inputs)


def _select_nameable_inputs(suite: Suite, workflow: WorkflowSymbol, world: World) -> dict[str, Any]:
    """Return the inputs that identify a run in a rule, if nameable, including defaults."""
    given = world_with_defaults(suite.payload(workflow), world).inputs
    return {
        name: value for name, value in given.items() if value is not None and _ROOT.fullmatch(name)
    }


def _rules_of_chain(suite: Suite, case: Case, chain: ChainSymbol) -> Iterator[dict[str, Any]]:
    """Yield a rule for each step; several runs of one workflow are distinguished by number."""
    problems: list[Problem] = []
    every = chain_runs(suite, case, chain, problems)
    ran = [(each.workflow, each.trace) for each in every if each.trace.ending.status != NOT_STARTED]
    often = Counter(workflow.name for workflow, _ in ran)
    seen: Counter[str] = Counter()
    for workflow, trace in ran:
        seen[workflow.name] += 1
        rule: dict[str, Any] = {"workflow": _any_of(suite.title(workflow))}
        if often[workflow.name] > 1:
            rule["nth"] = seen[workflow.name]
        yield rule | answers_in(trace) | collect_failed_judgements(suite, workflow, trace)


def answers_in(trace: Trace) -> dict[str, Any]:
    """Return all questions of a run with their answers, by the tables of a scenario."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for each in trace.asked:
        table = tables.setdefault(_TABLES.get(each.question.kind, "screen"), {})
        table.setdefault(each.question.text, []).append(each.answer)
    return {
        name: {text: _in_turn(answers) for text, answers in table.items()}
        for name, table in tables.items()
    }


def collect_failed_judgements(
    suite: Suite, workflow: WorkflowSymbol, trace: Trace
) -> dict[str, Any]:
    """Return the results of the checks that a model judges and that do not succeed."""
    failed = {
        str(check["name"]): verdict.status
        for check, verdict in zip(suite.payload(workflow).checks, trace.checks, strict=False)
        if verdict.status != SUCCESS and check.get("check_prompt")
    }
    return {"checks": failed} if failed else {}


def _in_turn(answers: list[Any]) -> Any:
    """Return one answer for every time, or a list with one per time; lists are always wrapped."""
    first = answers[0]
    is_one = all(answer == first and type(answer) is type(first) for answer in answers)
    return first if is_one and not isinstance(first, list) else answers


def _any_of(name: str) -> str:
    """Return a pattern that matches exactly this name."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)
