"""From the IR to artifacts: prompt, schemas, checks, payloads.

Writes the prompt that the agent reads (`prompt/`, one module per statement family), both JSON
Schemas, the terminal allowlist, the post-run checks, and the bodies of the requests that create
workflows and chains.

Knows no account: ids of models and addresses of pictures stay open in the artifacts
(`artifacts.py`).

Entry point: `bundle.emit_bundle`.

FlowDSL's own words are sentences of `flowdsl.prompt`; what a user wrote fills their holes and is
never a template. What is assumed about the agents and their tools is in
`flowdsl.semantics.capabilities` alone. The same program gives the same bytes.
"""
