"""The world of a test as a scenario of the local Cyberdesk: a run ends there as the test says.

    screen { "the list is open" = [false, true] }
    "screen": {"the list is open": [false, true]}

It has the answer to everything that the run asks, also where the test says nothing.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import COMMAND, COPY, OUTPUT, READ
from flowdsl.source.record import Record

from .cases import Case, begun_inputs
from .chains import chain_runs
from .outcome import Problem
from .run import first_run
from .suite import Suite

_TABLES = {READ: "reads", COPY: "reads", OUTPUT: "reads", COMMAND: "commands"}
"""The table of a scenario that answers a kind of question; the others are for the screen."""


class Rehearsal(Record):
    """How a test is played on the local Cyberdesk: the scenario, and the words that start the run.

    A secret stands in the words as `NAME=ask`; the environment and the file are left open.
    """

    scenario: Mapping[str, Any]
    command: str


def rehearsal(suite: Suite, case: Case) -> Rehearsal | None:
    """The scenario of a test of a workflow or a chain; None where its run cannot be carried out."""
    ran = list(_runs(suite, case))
    if not ran:
        return None
    rules = list(_rules(suite, ran))
    inputs = begun_inputs(case, suite.literals(case.module)) or {}
    subject = case.chain or case.workflow
    words = ["flowdsl", "run", subject.name]
    answers = set() if case.chain is None else _answers_of_pauses(case)
    for name, value in inputs.items():
        option = "--answer" if name in answers else "--input"
        words += [option, f"{name}={_spelled(value)}"]
    for secret in subject.secrets:
        words += ["--secret", f"{secret.wire_name}=ask"]
    return Rehearsal({"format_version": 1, "runs": rules}, shlex.join(words))


def answers_in(trace: Trace) -> dict[str, Any]:
    """Everything that a run asked, with the answers, by the tables of a scenario."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for each in trace.asked:
        table = tables.setdefault(_TABLES.get(each.question.kind, "screen"), {})
        table.setdefault(each.question.text, []).append(each.answer)
    return {
        name: {text: _in_turn(answers) for text, answers in table.items()}
        for name, table in tables.items()
    }


def _in_turn(answers: list[Any]) -> Any:
    """One answer for every time, or a list with one for each; a list stands in a list always."""
    first = answers[0]
    is_one = all(answer == first and type(answer) is type(first) for answer in answers)
    return first if is_one and not isinstance(first, list) else answers


def _runs(suite: Suite, case: Case) -> Iterator[tuple[WorkflowSymbol, Trace]]:
    """The runs of a test: one, or one for each step of a chain."""
    if case.chain is not None:
        problems: list[Problem] = []
        for each in chain_runs(suite, case, case.chain, problems):
            yield each.workflow, each.trace
    elif (found := first_run(suite, case)) is not None:
        yield case.workflow, found[1]


def _rules(suite: Suite, ran: Iterable[tuple[WorkflowSymbol, Trace]]) -> Iterator[dict[str, Any]]:
    """A rule for each run; several runs of one workflow are told apart by their number."""
    ran = list(ran)
    often = Counter(workflow.name for workflow, _ in ran)
    seen: Counter[str] = Counter()
    for workflow, trace in ran:
        seen[workflow.name] += 1
        rule: dict[str, Any] = {"workflow": _any_of(suite.title(workflow))}
        if often[workflow.name] > 1:
            rule["nth"] = seen[workflow.name]
        yield rule | answers_in(trace)


def _any_of(name: str) -> str:
    """A name as a pattern that nothing else fits."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _answers_of_pauses(case: Case) -> set[str]:
    assert case.chain is not None, "only a chain pauses"
    return {field.wire_name for pause in case.chain.pauses for field in pause.inputs}


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
