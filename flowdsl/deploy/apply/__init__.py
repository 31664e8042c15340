"""Carrying a plan out under the lease: prerequisites, operations on workflows, and the account of
what came of each.

Entry points: `attempt.Attempt`, the frame of every command that writes, and `apply.apply`.
"""
