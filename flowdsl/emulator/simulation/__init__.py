"""How a run would have gone, played from the workflow's text, schemas and checks.

Pure functions: no store, no clock, no randomness but the seed given. The entry point is
`run_plan.play`; `schemas.input_problems` and `references` serve the requests that make runs, and
`rules.RunRule` is one entry of a scenario.

A prompt that FlowDSL wrote is carried out by the prompt machine (`program`). No other is read the
way a model would read it: the numbered lines are followed, the tools and the names written in
them, and values are made up that the schemas accept.
"""
