"""Rows and rules: what the routes read and write, one module a resource.

Functions take a `Transaction` and speak of one organisation's rows; they know nothing of HTTP
beyond the error replies of `errors`.

Entry points: the functions, called by `routes`.

Invariants: every query names the organisation, except for rows reached through a row of it; every
time written is the transaction's `now`.
"""
