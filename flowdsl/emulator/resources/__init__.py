"""What an organisation has besides its runs: the rows of each resource and their rules.

Common behaviour is in `rows.Resource`: each module has one instance for its table, a `router`, and
whatever is specific to the resource. Functions take a `Transaction` and concern one organisation's
rows; those that `runs` and `routes` call know nothing of HTTP beyond the error replies of `errors`.

Invariants: every query names the organisation, except for rows reached through a row of it; every
time written is the transaction's `now`.
"""
