"""Routes that use both `resources` and `runs`, and routes outside the contract.

Entry point: `app.create_app` includes the routers in the order of `app.ROUTERS`.

Invariants: route functions are coroutines that never await (see `routing`), and carry the names of
the contract's operations, so that generated clients fit.
"""
