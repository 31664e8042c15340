"""A local Cyberdesk: the service's HTTP contract as an ASGI application over a SQLite file.

It serves workflows, tags, tag groups, model configurations, prompt images, machines, pools,
connections, trajectories, runs, usage, costs, provider credentials and health according to the
contract of SDK 2.2.69: same routes, status codes, reply fields, filters and idempotency.

It does not run desktops, call models or store secret values, and it imports nothing of FlowDSL's
compiler: an official SDK pointed at it cannot tell that FlowDSL exists.

Entry points: `app.create_app(store)`, `embedded.open_embedded(path)` for use inside a process, and
`serve.serve_app(app, host, port)` for a port. Importing this package alone loads no dependency.
`scenario.load_scenario(text)` configures faults and other behaviour.

Invariants: an acknowledged write is on disk with its idempotency record, in one transaction; a
request sees one organisation only; `updated_at` grows strictly over the whole store;
`docs/assumptions.md` lists the behaviour that the contract leaves open, and
`routes.unserved.UNSERVED` the operations that are not served.
"""
