"""From what is asked for to requests that make runs: values, place, ids of what is deployed.

Entry points: `plan.RunPlan` for new runs, `parts.carry_out` for a chain that pauses,
`retrying.retry_body` for a run that is begun anew.
"""
