"""The one comment with the plan, and the one issue of a drift: found again and kept up to date.

Entry points: `plan.comment_on_plan`, `drift.report_drift`. Knows neither GitHub nor GitLab: a
`sticky.Thread` is either.
"""
