"""A typed client of the Cyberdesk HTTP API.

It sends requests no faster than the service allows, retries those that are safe to retry, and turns
every reply into a model or into a `CyberdeskError` that says whether the request may have been
executed. It knows nothing of flows, plans or state, does not decide what to send, and makes no
idempotency keys: a key has to outlive the process that sends it, so the caller supplies it.

Entry point: `client.CyberdeskClient`. `models` holds the bodies of requests and replies, `errors`
the errors. `trust` decides where an API key may be sent, and `pace` how fast a client and its
workers send. `log` records each attempt. Unproven assumptions about the service are in
`docs/assumptions.md`, under the keys that docstrings name.

The API key is in no message, representation or log record. No redirect is followed. A write without
an idempotency key is sent once. Unknown fields of a reply are kept; unknown fields of a request are
refused.
"""
