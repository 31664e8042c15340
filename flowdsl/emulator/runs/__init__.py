"""Runs: how they are asked for, queued, played, changed and read, and what they leave behind.

`rows` finds them, `views` says what one shows at a moment, `requests` and `chains` make them,
`schedule` gives them machines and times, `run_plans` decides by `simulation` how they
go, and `changes` ends, retries and deletes them. `attachments` and `trajectories` are what they
leave, and `usage` what they used.

Invariants: those of `resources`, on which this package stands; what a run shows follows from its
row and the clock alone.
"""
