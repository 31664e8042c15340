"""Days that are typed come back from their commands."""

from __future__ import annotations

import pytest

from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.decompile.payload import find_differing_fields
from flowdsl.decompile.project import import_workflows
from flowdsl.source.files import MemoryFiles
from tests.support.flows.compiling import workflow
from tests.support.flows.decompile.round_trip import served
from tests.support.meaning.checked import checked

BODIES = {
    "days": 'type today as "d" into "A" type start of week - 2w + 1y as "EEEE, d MMMM" into "B"',
    "a day in an attempt": 'retry 2 { type today - 1mo as "MM/dd/yyyy" into "A" press "F1" }',
    "a day of each entry": 'for item in ["p"] { type today as "dd.MM." into "the row {item}" }',
    "a day and a command": 'run "Get-Date" type today as "yyyy-MM-dd" into "A"',
    "the same check again": 'type today as "dd.MM.yyyy" into "A" '
    'expect "A shows a date in the form dd.MM.yyyy"',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("terminal", ["dates = true", 'allow = ["hostname"] dates = true'])
def test_a_day_comes_back_as_statements(name: str, terminal: str) -> None:
    source = f"flow 1\n{workflow(BODIES[name], sections=f'terminal {{ {terminal} }}')}"
    program = checked(source)
    assert program is not None
    payload = program.payload | {"tags": []}
    imported = import_workflows([payload], name="w")
    assert [*imported.files] == ["flows/w.flow"]
    written = imported.files["flows/w.flow"].decode()
    assert written.count("type ") == BODIES[name].count("type ")
    assert written.count("expect ") == BODIES[name].count("expect ")
    assert "Get-Date)" not in written
    compilation = compile_project(
        MemoryFiles(dict(imported.files)), ["flows/w.flow"], CompileOptions()
    )
    (back,) = served(compilation.bundle or pytest.fail("no bundle")).values()
    assert find_differing_fields(payload, back) == ()
