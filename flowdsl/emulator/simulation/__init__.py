"""Decides how a run would have gone, from the workflow's prompt, schemas and checks.

Pure functions: no store, no clock, no randomness but the given seed. The entry point is
`run_plan.play`; `schemas.input_problems` and `references` serve the requests that create runs, and
`rules.RunRule` is one entry of a scenario.

A prompt that FlowDSL generated is executed by the prompt machine (`program`). Any other prompt is
not understood as a model would understand it: the simulation follows the numbered lines, the tools
and the names in them, and makes up values that the schemas accept.
"""
