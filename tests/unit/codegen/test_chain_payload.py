"""The body of a chain: values go under the names that each workflow has on the wire."""

from __future__ import annotations

import json

from flowdsl.api import CompileOptions, MemoryFiles, compile_project
from flowdsl.cli.commands.compile.command import artifact_paths
from flowdsl.cli.commands.compile.files import artifact_contents
from flowdsl.incremental.artifacts import describe_artifact

FLOW = """flow 1
workflow look_up {
  inputs { mrn: string @wire("MRN"), site: string }
  secrets { pin: string @wire("chart_pin") }
  steps { do "Open {mrn} at {site} with {$pin}." }
}
workflow bill {
  inputs { mrn: string }
  steps { do "Bill {mrn}." }
}
chain month_end {
  inputs { mrn: string, site: string }
  secrets { pin: string }
  shared {
    mrn = mrn
    pin = $pin
  }
  step first = run look_up(site: site)
  step second = run bill()
}
"""


def test_a_reference_to_an_output_has_the_names_on_the_wire() -> None:
    flow = """flow 1
type Due { amount: number @wire("amount-due") }
workflow read {
  outputs { due: Due @wire("what-is-due") }
  steps { extract due: Due from "the total" emit due = due }
}
workflow book { inputs { amount: number } steps { type "{amount}" into "the amount" } }
chain month_end {
  step first = run read()
  step second = run book(amount: first.outputs.due.amount)
}
"""
    done = compile_project(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())
    assert done.bundle is not None
    (chain,) = done.bundle.chains
    assert chain.payload["steps"][1]["inputs"] == {
        "amount": {"$ref": "first.outputs.what-is-due.amount-due"}
    }


def test_records_that_a_chain_gives_have_the_defaults_of_their_fields() -> None:
    flow = """flow 1
type Unit { name: string = "kg", scale: int @wire("Scale") }
type Line { no: string, unit: Unit = { scale: 1 } }
const known = { no: "3", unit: { scale: 2 } }
workflow book {
  inputs { line: Line, lines: Line[] @max_items(3), other: Line }
  steps { do "Book {line.no} {other.no}, {lines}." }
}
chain month_end {
  shared { other = known }
  step first = run book(line: { no: "1" }, lines: [{ no: "2", unit: { scale: 5 } }])
}
"""
    done = compile_project(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())
    assert done.bundle is not None
    (chain,) = done.bundle.chains
    assert chain.payload["steps"][0]["inputs"] == {
        "line": {"no": "1", "unit": {"Scale": 1, "name": "kg"}},
        "lines": [{"no": "2", "unit": {"Scale": 5, "name": "kg"}}],
    }
    assert chain.payload["shared_inputs"] == {
        "other": {"no": "3", "unit": {"Scale": 2, "name": "kg"}}
    }


def test_shared_values_have_the_names_that_their_takers_have_on_the_wire() -> None:
    done = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert [
        each.name for each in done.analysis.findings.diagnostics if each.severity == "error"
    ] == []
    assert done.bundle is not None
    (chain,) = done.bundle.chains
    shared = chain.payload["shared_inputs"]
    assert set(shared) == {"MRN", "mrn"}
    assert shared["MRN"] == shared["mrn"]
    assert set(chain.payload["shared_sensitive_inputs"]) == {"chart_pin"}


PAUSES = (
    FLOW
    + """
chain with_code {
  secrets { pin: string }
  shared { site = "North" }
  step first = run look_up(mrn: "1", pin: $pin)
  pause { mrn: string, secret code: string @wire("otp") }
  step second = run look_up(mrn: mrn, pin: $code)
  step third = run bill(mrn: mrn)
  pause { last: string }
  step fourth = run bill(mrn: last)
}
"""
)


def test_a_chain_is_a_body_for_each_part_between_its_pauses() -> None:
    done = compile_project(MemoryFiles({"a.flow": PAUSES}), ["a.flow"], CompileOptions())
    assert done.bundle is not None
    chain = done.bundle.chains[1]
    first, second, third = chain.bodies
    names = [[step["session_alias"] for step in body["steps"]] for body in chain.bodies]
    assert names == [["first"], ["second", "third"], ["fourth"]]
    assert [body["keep_session_after_completion"] for body in chain.bodies] == [True, True, False]
    assert [body.get("session_id") for body in chain.bodies] == [
        None,
        {"$session": "with_code"},
        {"$session": "with_code"},
    ]
    assert second["steps"][0]["inputs"] == {"MRN": {"$input": "mrn"}}
    assert second["steps"][0]["sensitive_inputs"] == {"chart_pin": {"$secret": "otp"}}
    assert third["shared_inputs"] == first["shared_inputs"] == {"site": "North"}
    paths = [f"chains/with_code{part}.json" for part in ("", ".2", ".3")]
    assert artifact_paths(describe_artifact(chain, "")) == paths
    assert [json.loads(text) for text in artifact_contents(chain)] == [*chain.bodies]
    every = ["first", "second", "third", "fourth"]
    assert [step["session_alias"] for step in chain.whole["steps"]] == every
