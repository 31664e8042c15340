"""Runs: how they are requested, queued, played, changed and read, and what they produce.

`rows` finds them, `views` computes what one shows at a moment, `requests` and `chains` create them,
`schedule` assigns machines and times, `run_plans` uses `simulation` to decide how they go, and
`changes` ends, retries and deletes them. `attachments` and `trajectories` are what they produce,
and `usage` what they used.

Invariants: those of `resources`, on which this package depends; what a run shows follows from its
row and the clock alone.
"""
