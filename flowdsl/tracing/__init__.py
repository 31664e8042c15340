"""What a run did, laid over the lines of the flow that it came from.

Reads a run's message history, finds the version of the prompt that it ran and the source map of
that version, places every message at the line of the prompt that it belongs to, and renders the
result as JSON and as a page of its own.

Does not guess: a message that no evidence places is shown as not placed, and each placed one says
by what and how surely. Writes nothing and takes no lease.

Entry points: `gathering.gather` asks the service, state and the checkout; `trace.make_trace` puts
it together and is pure.

Invariants: all text of the service is untrusted and bounded (`history`); an address that a picture
was read from, and the value of a secret, are in no output; the page asks for nothing from anywhere.
"""
