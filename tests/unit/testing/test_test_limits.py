"""Tests that reach a limit: they end, say where, and are in the way of no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowdsl.simulate.interpreter import budget
from flowdsl.simulate.interpreter.budget import Budget, json_weight
from flowdsl.testing import chains, run
from flowdsl.testing.explore import findings as exploring
from flowdsl.testing.explore.findings import find_paths
from flowdsl.testing.telling import MOST_COLUMNS, MOST_LINES
from tests.support.command_line import environment, write_tree
from tests.support.effort import only_thorough
from tests.support.flows.tested import problems, results, suite_of
from tests.support.rows import check_rows

STEPS, CHARACTERS = 600, 50_000
TOO_MANY_STEPS = "the run takes more than 600 steps: it is still in this loop"
TOO_MUCH_TEXT = "the run fills in and keeps more than 50,000 characters: it is still in this loop"


@pytest.fixture(autouse=True)
def _small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests take a hundredth of what they may."""
    for module in (run, chains):
        monkeypatch.setattr(module, "Budget", lambda: Budget(STEPS, CHARACTERS))


def workflow(body: str, *, outputs: str = "", inputs: str = "") -> str:
    """A workflow whose body begins in line 8."""
    return (
        f"\n## Works.\nworkflow w {{\n  inputs {{ {inputs} }}\n  outputs {{ {outputs} }}\n"
        f"  steps {{\n{body}\n  }}\n}}\n"
    )


GROWING = {
    "a repeat without an end": (
        'while not sees "the end" max 1000000 { press "F5" }',
        'screen { "the end" = false } aborts',
        f"8: {TOO_MANY_STEPS}",
    ),
    "a count": ('for i in 1000000 { press "F5" }', "aborts", f"8: {TOO_MANY_STEPS}"),
    "retries in retries": (
        'retry 99 {\nretry 99 {\nretry 99 { press "F5" fail "no" } } }',
        "aborts",
        f"10: {TOO_MANY_STEPS}, which stands in that of main.flow:8, main.flow:9",
    ),
    "a text that doubles": (
        'keep t: string = "abcdefgh"\nfor i in 60 { keep t = "{t}{t}" }\ndo "Note {t}."',
        "aborts",
        f"9: {TOO_MUCH_TEXT}",
    ),
    "a text typed again and again": (
        f'keep t: string = "{"x" * 5_000}"\nfor i in 99 {{ type "{{t}} {{i}}" into "Name" }}',
        "aborts",
        f"9: {TOO_MUCH_TEXT}",
    ),
    "a record of itself": (
        "keep t: any = [1]\nfor i in 60 { keep t = { a: t, b: t } }\nemit o = t",
        "aborts",
        f"9: {TOO_MUCH_TEXT}",
    ),
    "a list of itself": (
        'keep t: any = [1]\nfor i in 60 { keep t = [t, t] }\ndo "Note {t}."',
        "aborts",
        f"9: {TOO_MUCH_TEXT}",
    ),
    "long entries": (
        f'for i in 99 {{ emit l += "{"x" * 5_000}" }}',
        "outputs { l = [] }",
        f"8: {TOO_MUCH_TEXT}",
    ),
}


def test_what_grows_without_end_is_stopped_and_says_where() -> None:

    def check(name: str) -> None:
        body, test, wanted = GROWING[name]
        outputs = {"o": "o: any", "l": "l: string[]"}
        named = " ".join(outputs[each] for each in outputs if f"emit {each} " in body)
        source = workflow(body, outputs=named)
        flow = f'{source}test "t" for w {{ {test} }}\ntest "next" for w {{ prompt omits "zzz" }}\n'
        first, second = results(flow)
        (problem,) = first.problems
        assert f"{problem.place.line}: {problem.message}".startswith(wanted)
        assert second.passed

    check_rows(GROWING, check)


def test_a_prompt_that_inputs_make_too_long_is_not_carried_out() -> None:
    mentions = "\n".join(
        f'if sees "box {number}" {{ do "Note {{text}} {number}." }}' for number in range(11)
    )
    flow = workflow(f'press "F5"\n{mentions}', inputs="text: string")
    test = 'test "t" for w {{ given {{ text = "{}" }} does press "F5" }}'
    assert problems(flow + test.format("x" * 4_000)) == []
    (found,) = problems(flow + test.format("x" * 5_000))
    assert found.startswith("22: with these inputs the prompt has 5")
    assert found.endswith(" characters, and a test fills in and keeps 50,000 at most")


def test_the_answers_of_reads_count() -> None:
    entries = ", ".join(['"a"'] * 1_000)
    flow = workflow('for i in 99 { press "F5" extract l: string[] from "the rows of {i}" }')
    found = problems(f'{flow}test "t" for w {{ reads {{ l = [{entries}] }} aborts }}')
    assert found == [f"8: {TOO_MUCH_TEXT}"]


def test_the_runs_of_one_test_share_what_it_may_take() -> None:
    flow = workflow('for i in 100 { press "F5" }', inputs="n: int")
    again = "".join(f" then given {{ n = {number} }}" for number in range(3))
    test = f'test "t" for w {{ given {{ n = 0 }} does press "F5" 100 times{again} }}'
    assert problems(flow + test) == [f"8: {TOO_MANY_STEPS}"]
    assert problems(flow + test.replace(again, again[: len(again) // 3])) == []


def test_the_steps_of_a_chain_share_what_its_test_may_take() -> None:
    flow = workflow('for i in 100 { press "F5" }')
    steps = "".join(f"  step s{number} = run w()\n" for number in range(4))
    chain = f'## Runs.\nchain c {{\n{steps}}}\ntest "t" for chain c {{ does press "F5" }}\n'
    assert problems(flow + chain) == [f"8: {TOO_MANY_STEPS}"]


def test_a_long_trace_and_a_long_line_are_shown_in_part() -> None:
    text = "y" * (MOST_COLUMNS * 3)
    body = f'do "Begin."\nfor i in 250 {{ press "F5" }}\ntype "{text}" into "Name"'
    (result,) = results(f'{workflow(body)}test "t" for w {{ aborts }}')
    shown = result.problems[0].shown
    assert len(shown) < MOST_LINES
    assert "  … 172 lines left out" in shown
    assert 'do "Begin."' in shown[0] and shown[-1].startswith(">")
    assert all(len(line) < 2 * MOST_COLUMNS for line in shown)


def test_a_value_weighs_what_its_text_would_and_is_not_weighed_beyond_what_counts() -> None:
    shared: list[object] = ["abcd"]
    for _ in range(200):
        shared = [shared, shared]
    assert json_weight(shared, 10_000) > 10_000  # and it ends
    assert json_weight({"a": ["xyz", 1]}, 10_000) == 4 * budget.ENTRY + len("xyz")


NESTED = workflow(
    """\
    while not sees "a" max 1000000 {
      while not sees "b" max 1000000 {
        while not sees "c" max 1000000 {
          while not sees "d" max 1000000 { press "F5" } } } }"""
)


def test_an_exploration_of_endless_loops_ends_and_is_not_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exploring, "MAX_STEPS", 500)
    monkeypatch.setattr(exploring, "STEPS_FOR_A_PATH", 100)
    suite = suite_of(NESTED)
    (subject,) = suite.model.workflows
    found = find_paths(suite, subject, None, (), 100)
    assert not found.exploration.is_whole
    stopped = [path.path.problem for path in found.paths if path.path.problem]
    assert stopped
    assert all("takes more than 500 steps, in the loop of main.flow:" in each for each in stopped)
    assert any(path.path.ending is not None for path in found.paths)


MEASURED = """\
import gc, resource, sys
from flowdsl.cli.main import run
from flowdsl.simulate.interpreter import budget
gc.disable()
budget.Budget.__init__.__defaults__ = (int(sys.argv[1]), 10**7)
run(sys.argv[2:])
try:
    with open("/proc/self/status") as status:
        (most,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
except OSError:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("most memory", most)
"""


@only_thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there is no `resource`")
def test_many_tests_take_the_memory_of_one(tmp_path: Path) -> None:
    """The command runs without a collector: 40 of these tests took 1.6 GB."""
    flow = workflow('    while not sees "the end" max 1000000 { press "F5" }')
    tests = (
        f'test "t{number}" for w {{ screen {{ "the end" = false }} aborts }}\n'
        for number in range(7)
    )
    write_tree(tmp_path, {"one.flow": f"flow 1\n{flow}{next(tests)}"})
    write_tree(tmp_path, {"many.flow": f"flow 1\n{flow}{''.join(tests)}"})

    def kilobytes(name: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, "15000", "test", name, "-j", "1"],
            cwd=tmp_path,
            capture_output=True,
            env=environment(),
            timeout=120,
            text=True,
        )
        assert "the run takes more than 15,000 steps" in done.stdout, done.stderr
        return int(done.stdout.split()[-1])

    # Each test makes 6 MB, and there are 5 more.
    assert kilobytes("many.flow") < kilobytes("one.flow") + 20_000
