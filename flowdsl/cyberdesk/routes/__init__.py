"""The routes of the service, one module for each resource.

Each method sends one request, with typed arguments and results; a `list_all` sends as many as the
list has pages. Every method raises `CyberdeskError`. Every write takes an idempotency key, which
belongs to one intent. A request that creates something is not retried after a lost reply: the
caller looks for the created object.
"""
