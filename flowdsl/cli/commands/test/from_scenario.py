"""`flowdsl test --from-scenario`: tests of what the rules of a scenario answer, each for itself.

Rules that are for the steps of a chain make a test of the chain, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

from flowdsl.compiler.pipeline import Compilation
from flowdsl.config.project import Environment
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.suggest import listed
from flowdsl.emulator.simulation.answers import Answers
from flowdsl.emulator.simulation.program.desk import ScenarioDesk, Unplayable
from flowdsl.emulator.simulation.rules import Effects, RuleTally, RunRule
from flowdsl.emulator.simulation.variables import parse_path, set_at
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.simulate.machine.performance import Asking, Pass, Spot
from flowdsl.simulate.world import CHECK, Question
from flowdsl.testing.scenarios.reading import Answers as WrittenAnswers
from flowdsl.testing.scenarios.reading import NoTest, written_chain_test, written_test
from flowdsl.testing.suite import Suite

from ...runtime.console import Console
from ...runtime.exit_codes import SUCCESS
from ...runtime.failure import UsageError
from ...runtime.scenarios import read_scenario
from ...runtime.target import Target

_SAID = {*Answers.model_fields, "entries", "checks"}
"""What a rule says that a test can say."""


def write_tests(
    path: str,
    console: Console,
    target: Target,
    compilation: Compilation,
    environment: Environment | None,
) -> int:
    """Print a test for each rule and each workflow that it is for; remarks go to standard error."""
    assert compilation.bundle is not None, "flows with errors are not carried out"
    rules = read_scenario(path).runs
    if not rules:
        raise UsageError(f"scenario `{path}` has no `[[runs]]`, and a test is about a run")
    variables = environment.vars if environment is not None else {}
    suite = Suite(compilation.analysis.model, compilation.bundle, variables, target.show_path)
    workflows = [
        each for each in suite.model.workflows if each.module.source.path in set(target.entries)
    ]
    tests, name = [], PurePath(path).name
    for number, rule in enumerate(rules, 1):
        fitting = [each for each in workflows if fnmatchcase(suite.title(each), rule.workflow)]
        if not fitting:
            known = listed(sorted(suite.title(each) for each in workflows)) or "none"
            said = f"no workflow has the title `{rule.workflow}`; there are {known}"
            console.err(printable(f"rule {number}: {said}"))
        unsaid = sorted(rule.model_fields_set & Effects.model_fields.keys() - _SAID)
        if fitting and unsaid:
            console.err(f"rule {number}: a test cannot say {listed(unsaid)}")
        for workflow in fitting:
            about = f"rule {number}, {workflow.name}"
            world = RuleWorld(rule)
            try:
                title = f"rule {number} of {name}"
                text = written_test(suite, workflow, title, rule_inputs(rule), world.answer)
            except (NoTest, Unplayable) as problem:
                console.err(printable(f"{about}: there is no test: {problem}"))
                continue
            tests.append(text)
            for key in world.unused():
                console.err(printable(f"{about}: nothing asks for the answer to `{key}`"))
    tests += _of_chains(suite, rules, f"the rules of {name}", set(target.entries), console)
    if not tests:
        raise UsageError(f"no rule of scenario `{path}` makes a test")
    console.out("\n".join(tests).rstrip("\n"))
    return SUCCESS


def _of_chains(
    suite: Suite, rules: Sequence[RunRule], title: str, paths: Collection[str], console: Console
) -> Iterator[str]:
    """A test of each chain of these files whose steps use up the rules, one of them each."""
    for chain in suite.model.chains:
        if chain.module.source.path in paths:
            world = ChainWorld(suite, rules)
            try:
                text = written_chain_test(suite, chain, title, world.rule_for)
            except (NoTest, Unplayable):
                continue
            if world.is_used_up():
                yield text
                for key in world.unused():
                    said = f"nothing asks for the answer to `{key}`"
                    console.err(printable(f"chain {chain.name}: {said}"))


def rule_inputs(rule: RunRule) -> Mapping[str, Any]:
    """The inputs that a rule names, some of them inside of others."""
    inputs: dict[str, Any] = {}
    for path, value in rule.inputs.items():
        parts = parse_path(path)
        if parts is not None:
            set_at(inputs, parts, value)
    return inputs


class ChainWorld:
    """The answers that the steps of a chain get, each by the rule whose turn it is."""

    def __init__(self, suite: Suite, rules: Sequence[RunRule]) -> None:
        self._suite = suite
        self._rules = rules
        self._tally = RuleTally(rules)
        self._used: list[tuple[RunRule, RuleWorld]] = []

    def rule_for(self, workflow: WorkflowSymbol) -> WrittenAnswers | None:
        """The answers for the next run of a workflow; None where no rule has its turn."""
        rule = self._tally.rule(self._suite.title(workflow), {})
        if rule is None:
            return None
        self._used.append((rule, RuleWorld(rule)))
        return self._used[-1][1].answer

    def is_used_up(self) -> bool:
        """Whether every rule had its turn."""
        used = [rule for rule, _ in self._used]
        return all(rule in used for rule in self._rules)

    def unused(self) -> Iterator[str]:
        """The keys of answers that no step has asked for."""
        for _, world in self._used:
            yield from world.unused()


class RuleWorld:
    """The answers of a rule, as the local Cyberdesk gives them."""

    def __init__(self, rule: RunRule) -> None:
        answers = rule.effects().model_copy(update={"fail": None})
        self._checks = rule.checks
        self._judged: set[str] = set()
        self._read = {key for each in (answers, *answers.entries) for key in each.reads}
        self._desk = ScenarioDesk(answers, rule_inputs(rule), rule.workflow, (), {})

    def answer(
        self, question: Question, path: tuple[str, ...], entries: Sequence[int], usual: bool
    ) -> Any:
        """The answer to a question; what nobody answers is made up, or goes as it usually does."""
        if question.kind == CHECK:
            self._judged.add(path[0])
            return self._checks.get(path[0], "success") == "success"
        names = ("_".join(path), *path[-1:])
        key = next((name for name in names if name in self._read), names[0])
        passes = tuple(Pass(0, entry, entry) for entry in reversed(entries))
        return self._desk.answer(question, Asking(Spot("", passes), 0, key, usual))

    def unused(self) -> Iterator[str]:
        """The keys of answers that nothing has asked for."""
        yield from self._desk.replies.unused()
        yield from (name for name in self._checks if name not in self._judged)
