"""What an organisation has beside its runs: the rows of each resource, and what holds for them.

Functions take a `Transaction` and speak of one organisation's rows; they know nothing of HTTP
beyond the error replies of `errors`. Where a route would do nothing but call one such function, the
function is the route, and the module has a `router`: connections, model configurations, provider
credentials, tags and tag groups. The others are called by `routes` and by `runs`.

Invariants: every query names the organisation, except for rows reached through a row of it; every
time written is the transaction's `now`.
"""
