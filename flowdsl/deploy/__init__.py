"""Makes an organisation match a compiled project, and records the result in state.

Resolves aliases, tags and pictures against the organisation, compares the desired, last applied and
live versions of each resource, shows the difference, and sends only that.

Does not compile, print, use a terminal or choose exit codes, and deletes a workflow only on
request.

Entry points: `deploy.deploy` for a deploy, `deploy.plan_deployment` for the plan alone.

Invariants:

- Nothing is written before the plan is accepted and every creation is recorded as an intent.
- A creation whose reply was lost is looked up first, and never simply repeated.
- A field that the source does not declare is neither compared nor sent.
- Deploying again after any failure leads to one workflow for each address, and then to an empty
  plan.
"""
