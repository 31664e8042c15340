"""The routes of the resources whose requests take more than one function.

A module holds one `router` of `StoreRoute`s: it turns a request into calls of `resources` and
`runs`, and rows into a reply. It decides nothing itself.

Entry point: `app.create_app` includes the routers in the order of `app.ROUTERS`.

Invariants: route functions are coroutines that never wait (see `routing`), and carry the names of
the contract's operations, so that generated clients fit.
"""
