"""How a run would have gone, played from the workflow's text, schemas and checks.

Pure functions: no store, no clock, no randomness but the seed given. The entry point is
`run_plan.play`; `schemas.input_problems` and `references` serve the requests that make runs, and
`rules.RunRule` is one entry of a scenario.

It does not read a prompt the way a model would: it follows the numbered lines, the tools and the
names written in them, and makes up values that the schemas accept.
"""
