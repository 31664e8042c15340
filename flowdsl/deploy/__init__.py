"""Brings an organisation to what a project compiles to, and records that in state.

Resolves aliases, tags and pictures against the organisation, compares what is wanted with what was
last applied and with what is there, shows the difference, and writes only that.

Does not compile, does not print, knows no terminal and no exit code, and never deletes a workflow
unless it was asked to.

Entry points: `deploy.deploy` for a deploy, `deploy.plan_deployment` for the plan alone.

Invariants:

- Nothing is written before the plan was accepted and every creation is recorded as an intent.
- A creation whose reply was lost is looked for and never simply repeated.
- A field that the source does not declare is neither compared nor sent.
- Deploying again after any failure leads to one workflow for each address, and then to an empty
  plan.
"""
