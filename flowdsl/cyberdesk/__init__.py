"""A typed client of the Cyberdesk HTTP API.

It sends requests no faster than the service wants them, repeats those that are safe to repeat, and
turns every reply into a model or into a `CyberdeskError` that says whether the request may have
been carried out.

It knows nothing of flows, plans or state, does not decide what to send, and makes no idempotency
keys: a key has to outlive the process that sends it, so the caller brings it.

Entry point: `client.CyberdeskClient`. `models` holds what goes over the wire and `errors` what can
go wrong. `trust` is the rule for where a key may go, and `pace` says how fast a client and its
workers send. `log` tells of each attempt. What is believed about the service without proof is in
`docs/assumptions.md`, by the keys that docstrings name.

The API key is in no message, representation or log record. No redirect is followed. A write without
an idempotency key is sent once. Unknown fields of a reply are kept; unknown fields of a request are
refused.
"""
