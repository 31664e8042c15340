"""Carries out a plan under the lease: prerequisites first, then operations on workflows.

Entry points: `attempt.Attempt`, the frame of every command that writes, and
`apply.apply_workflows`.
"""
