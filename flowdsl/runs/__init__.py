"""Runs of deployed workflows.

Does: reads inputs and checks them against the declared types, resolves the workflow, machine and
pool that a person names, starts one run, many or a chain, and watches them until they end.

Does not: compile, deploy, ask a person or print.

Entry points: `inputs.assemble` for values, `submit.Submitter` for creations, `watch.watch`, and
`resources` for machines, pools, recordings and usage.

Invariants: nothing is sent before every value fits; a creation without a reply is looked up before
anything is sent again; no message contains the value of a secret. `inputs`, `chain_body` and
`identity` are pure.
"""
