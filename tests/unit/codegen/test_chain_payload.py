"""The body of a chain: values go under the names that each workflow has on the wire."""

from __future__ import annotations

from flowdsl.api import CompileOptions, MemoryFiles, compile_project

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
