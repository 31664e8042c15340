"""Calls of tasks, from the caller's point of view.

`call_graph` computes who calls whom and how large workflows get after inlining, `summaries` what a
caller has to know about a body, and `inlining` the values that a call binds.
"""
