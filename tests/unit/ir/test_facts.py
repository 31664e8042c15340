"""What is kept on a statement is what its own statements say, and a copy begins anew."""

from __future__ import annotations

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of, tools_of, variables_set_by
from flowdsl.ir.walk import statements, walk
from flowdsl.source.record import replace
from tests.support.effort import THOROUGH
from tests.support.meaning.checked import checked_seed

SEEDS = 200 if THOROUGH else 12


def test_facts_of_a_statement_are_those_of_every_statement_in_it() -> None:
    kinds = set[str]()
    for seed in range(SEEDS):
        checked = checked_seed(seed)
        program = None if checked is None else checked.compilation.program
        for workflow in program.workflows if program is not None else ():
            for statement in statements(workflow.body):
                inside = [*statements((statement,))]
                facts = facts_of(statement)
                assert facts.kinds == {each.kind for each in inside}
                assert facts.sets == {name for each in inside for name in variables_set_by(each)}
                assert facts.tools == {tool for each in inside for tool in tools_of(each)}
                variables = [each for each in walk(statement) if isinstance(each, nodes.Variable)]
                assert facts.reads == {each.name for each in variables if each.sigil == "runtime"}
                noted = {getattr(each, "noted", None) for each in inside} - {None}
                assert facts.names == {each.name for each in variables} | noted
                kinds |= facts.kinds
    assert {"store", "loop", "if", "extract"} <= kinds


def test_a_copy_with_another_body_has_facts_of_its_own() -> None:
    here = nodes.Origin(path="a.flow", start_line=1, start_column=1, end_line=1, end_column=2)
    press = nodes.Press(origin=here, keys="Enter", times=1)
    step = nodes.Step(origin=here, title=(), body=(press,))
    assert facts_of(step).kinds == {"step", "press"}
    assert facts_of(replace(step, body=())).kinds == {"step"}
