"""What FlowDSL remembers of a deployed environment, and how only one deploy at a time may change it.

Defines the state document, reads and writes it through a store by compare-and-swap, and keeps a lease inside it.

Does not know what a workflow is, plans nothing and talks to no service: names, ids and hashes go in and come out.

Entry points: `stores.open_store(url, ...)` for a store, `document.new_document` for a first deploy, `lease.acquire` and
`lease.break_lease`.

Invariants: a write succeeds only against the version it was made from; every write has a new nonce and the next serial;
whoever may have lost the lease knows it before anybody else can take it; the document holds hashes, never the text of a
prompt, and no secret; a document of a newer format, of another project or of another environment is refused, never
repaired.
"""
