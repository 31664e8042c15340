"""Runs of what was deployed.

Does: reads inputs and checks them against the declared types, finds the workflow, the machine and
the pool that a person names, sends one run, many or a chain of them, and watches them to their end.

Does not: compile, deploy, ask a person or print.

Entry points: `inputs.assemble` for values, `submit.Submitter` for creations, `watch.watch`, and
`resources` for machines, pools, recordings and usage.

Invariants: nothing is sent before every value fits; of a creation without a reply nothing is sent
again before it was looked for; the value of a secret stands in no message. `inputs`, `chain_body`
and `identity` are pure.
"""
