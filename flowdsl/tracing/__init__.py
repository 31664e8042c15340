"""Map what a run did to the lines of the flow that it came from.

Reads a run's message history, finds the version of the prompt that it ran and the source map of
that version, places every message at the line of the prompt that it belongs to, and renders the
result as JSON and as a self-contained page. Does not guess: a message without evidence is shown as
not placed, and each placed one has its evidence and confidence. Writes nothing and takes no lease.
Entry points: `gathering.gather_trace` reads from the service, state and the checkout;
`trace.make_trace` combines the data and is pure.

Invariants: all text of the service is untrusted and bounded (`history`); no output contains the
address of a picture or the value of a secret; the page sends no requests.
"""
