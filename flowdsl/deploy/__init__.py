"""Brings an organisation to what a project compiles to, and keeps book of it.

Resolves aliases, tags and pictures against the organisation, compares what is wanted with what was last applied and with
what is there, shows the difference, and writes only that.

Does not compile, does not print, knows no terminal and no exit code, and never deletes a workflow.

Entry points: `engine.deploy` for a deploy, `engine.plan_deployment` for the plan alone.

Invariants: nothing is written before the plan was accepted and every creation is recorded as an intent; a creation whose
reply was lost is looked for and never simply repeated; a field that the source does not declare is neither compared nor
sent; deploying again after any failure leads to one workflow per address and then to an empty plan.
"""
