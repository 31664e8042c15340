"""What an organisation has beside its runs: the rows of each resource, and what holds for them.

What all of them do alike stands in `rows.Resource`: a module has one for its table, a `router`, and
what is particular to it. Functions take a `Transaction` and speak of one organisation's rows; those
that `runs` and `routes` call know nothing of HTTP beyond the error replies of `errors`.

Invariants: every query names the organisation, except for rows reached through a row of it; every
time written is the transaction's `now`.
"""
