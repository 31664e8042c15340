"""What a project wants of an organisation, and what a deploy would change to get there. Pure.

Entry points: `desired.desired_state` and `plan.plan_changes`. `breaking` says whom a change breaks,
and `model_keys` where keys go.
"""
