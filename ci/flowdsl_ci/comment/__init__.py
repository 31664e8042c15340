"""The one comment with the plan: what it says, how it is found again and kept up to date.

Entry point: `plan.comment_on_plan`. Knows neither GitHub nor GitLab: a `sticky.Thread` is either.
"""
