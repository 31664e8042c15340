"""Builds the requests that start runs: values, place, ids of the deployed workflows.

Entry points: `plan.RunPlan` for new runs, `parts.carry_out` for a chain that pauses,
`retrying.retry_body` for a run that is restarted.
"""
