"""What a project wants of an organisation, and what a deploy would change to get there. Pure.

Entry points: `desired.resolve_desired_state` and `plan.plan_changes`. `breaking` finds changes that
break callers, and `model_keys` where the keys of model providers are sent.
"""
