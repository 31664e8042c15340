"""What a run that FlowDSL starts is given: the defaults of inputs, also inside of records."""

from __future__ import annotations

from flowdsl.simulate.executions import payload_of, world_with_defaults
from tests.support.flows.compiling import only_workflow, workflow
from tests.support.flows.worlds import checked, scripted
from tests.support.meaning.executions import disagreements

SECTIONS = """
inputs {
  rows: { key: string, currency: "EUR" | "USD" = "EUR", inner: { n: int = 3 }? }[] @max_items(3)
  place: string = "Hill"
}
"""
BODY = 'for row in rows { type row.currency into "the currency of {row.key}" }'


def test_defaults_inside_of_records_are_filled_in() -> None:
    source = workflow(f'do "Open {{place}}." {BODY}', sections=SECTIONS)
    payload = payload_of(only_workflow(source))
    world = scripted({}, {"rows": [{"key": "a"}, {"key": "b", "currency": "USD", "inner": {}}]})
    assert world_with_defaults(payload, world).inputs == {
        "place": "Hill",
        "rows": [
            {"key": "a", "currency": "EUR"},
            {"key": "b", "currency": "USD", "inner": {"n": 3}},
        ],
    }
    model = checked(source)
    assert list(disagreements(model, model.workflows[0], payload, world)) == []
