"""The routes, one module a resource.

A module holds one `router` of `StoreRoute`s: it turns a request into calls of `records` and a row
into a reply. It decides nothing itself.

Entry point: `app.create_app` includes the routers in the order of `app.ROUTERS`.

Invariants: route functions are coroutines that never wait (see `routing`), and carry the names of
the contract's operations, so that generated clients fit.
"""
