"""Carries a plan out under the lease: prerequisites, then operations on workflows.

Entry points: `attempt.Attempt`, the frame of every command that writes, and
`apply.apply_workflows`.
"""
