"""Cases from the rows of a table: a result for each, answers and expectations by column."""

from __future__ import annotations

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from flowdsl.testing.cases import cases_of
from flowdsl.testing.coverage import Taken, bodies_of, percent_covered
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import results, suite_of
from tests.support.rows import for_rows

BODY = """
if sees "no such order" { abort "There is no order {order}" }
type order into "the order"
extract due: number[]? from "the sums"
extract note: string? from "the note of {order}"
emit due = due
emit note = note
"""
SOURCE = "flow 1\n" + workflow(
    BODY, sections="inputs { order: string } outputs { due: number[]? note: string? }"
)
TABLE = """\
case,order,reads due,outputs due,reads note,aborts,screen no such order
plain,4711,"[1, 2.5]","[1, 2.5]",,,
wrong,4712,[1],[2],,,

gone,4713,,,,~is no order,true
,4714,,,,There is no order 4714,never
unused,4715,[1],,,There is no order 4715,true
words,4716,"[[1], [2]]",[1],unreadable,,
"""


def run(table: str, name: str = "cases.csv", more: str = "") -> list[tuple[str, list[str]]]:
    files = {
        "main.flow": f'{SOURCE}\ntest "t" for w {{ {more} cases from "./{name}" }}',
        name: table,
    }
    found = results(files)
    return [(each.title, [problem.message for problem in each.problems]) for each in found]


def test_each_row_is_a_case_with_its_number() -> None:
    assert run(TABLE) == [
        ("t: row 2: plain", []),
        ("t: row 3: wrong", ["`due[0]` is 1, not 2"]),
        ("t: row 5: gone", []),
        ("t: row 6", ["the run does not abort, it works through all its steps"]),
        ("t: row 7: unused", ["`due`: nothing asks for this answer"]),
        ("t: row 8: words", ["`due`: this is asked once, and the test has 2 answers"]),
    ]


def test_what_stands_beside_a_table_holds_for_each_row() -> None:
    rows = '[{ "outputs due": [1], "order": "1" }, { "outputs due": null }]'
    shared = 'given { order = "4711" } reads { due = [1] } types ~"4" into "the order"'
    assert run(rows, "cases.json", shared) == [
        ("t: entry 1", ['the run does not `types ~"4" into "the order"`']),
        ("t: entry 2", ["`due` is [1], not missing"]),
    ]


HOSTILE = (
    '[{ "reads due": { "a": [{}] }, "screen no such order": { "a": 1 }, "order": [] }]',
    '[{ "": 1, "reads ": 2, "reads .": 3, "reads a..b": 4, "given ": 5, "screen ": 6, "a b": 7 }]',
    '[{ "aborts": 3, "finishes": [], "case": { "a": 1 }, "order": "1" }]',
    '[{ "order": "1", "reads due": 1e999, "outputs due": -0.0, "commands x": null }]',
    "[" * 500 + "]" * 500,
    "{}",
    "[]",
    "",
)


@for_rows(lambda: HOSTILE)
def test_no_table_ends_the_check(table: str) -> None:
    for subject in ("w", "missing"):
        flow = f'{SOURCE}\ntest "t" for {subject} {{ cases from "./t.json" cases from "./t.csv" }}'
        files = {"main.flow": flow, "t.json": table, "t.csv": table}
        compilation = compile_project(MemoryFiles(files), ["main.flow"], CompileOptions())
        assert all(each.message for each in compilation.analysis.diagnostics)


def test_a_table_that_expects_nothing_is_reported_once() -> None:
    flow = f'{SOURCE}\ntest "t" for w {{ cases from "./t.csv" }}'
    for column, wanted in (
        ("note", ["malformed-rows"]),
        ("reads note", ["test-expects-nothing"]),
        ("outputs note", []),
    ):
        files = {"main.flow": flow, "t.csv": f"order,{column}\n1,a\n2,b\n"}
        compilation = compile_project(MemoryFiles(files), ["main.flow"], CompileOptions())
        names = {each.name for each in compilation.analysis.diagnostics}
        assert names - {"missing-description", "emitted-unchanged"} == set(wanted)
        assert len(compilation.analysis.diagnostics) == 3 + len(wanted)


def test_rows_count_for_the_coverage() -> None:
    files = {
        "main.flow": f'{SOURCE}\ntest "t" for w {{ cases from "./cases.csv" }}',
        "cases.csv": "order,aborts,screen no such order\n1,,\n2,There is no order 2,true\n",
    }
    suite = suite_of(files)
    taken = Taken()
    for each in results(files):
        taken.add(each.branches, each.statements)
    assert len([*cases_of(suite.model)]) == 2
    assert percent_covered(bodies_of(suite.model, {"main.flow"}), taken) == 100.0


def test_a_table_of_a_task_and_of_a_chain() -> None:
    task = (
        'task t(order: string) -> { due: number } { extract due: number from "it" emit due = due }'
    )
    chain = "chain c { inputs { order: string } step s = run w(order: order) }"
    files = {
        "main.flow": f"""{SOURCE} {task} {chain}
test "task" for task t {{ cases from "./task.csv" }}
test "chain" for chain c {{ step s {{ screen {{ ~"no such" = true }} }} cases from "./chain.csv" }}
test "steps" for chain c {{ cases from "./steps.csv" }}
""",
        "task.csv": "order,reads due,result due\n1,2,2\n1,2,3\n",
        "chain.csv": "order,aborts\n1,There is no order 1\n2,~order 2\n",
        "steps.csv": "order,step s reads due,outputs s due,step s screen no such,aborts\n"
        "1,[3],[3],,\n1,[3],[4],,\n2,,,true,There is no order 2\n",
    }
    found = results(files)
    assert [(each.title, each.passed) for each in found] == [
        ("task: row 2", True),
        ("task: row 3", False),
        ("chain: row 2", True),
        ("chain: row 3", True),
        ("steps: row 2", True),
        ("steps: row 3", False),
        ("steps: row 4", True),
    ]
