"""State: FlowDSL's record of a deployed environment, changed by one deploy at a time.

Defines the state document, reads and writes it through a store by compare-and-swap, and keeps a
lease inside it. Does not know what a workflow is, plans nothing and calls no service: it handles
names, ids and hashes only.

Entry points: `stores.open_store(url, ...)` for a store, `document.new_document` for a first deploy,
`lease.acquire` and `lease.break_lease`.

Invariants:

- A write succeeds only over the version that it was based on. Every write has a new nonce and the
  next serial.
- A holder that may have lost its lease knows it before anybody else can take the lease.
- The document holds hashes, never the text of a prompt, and no secret.
- A document of a newer format, of another project or of another environment is refused, never
  repaired.
"""
