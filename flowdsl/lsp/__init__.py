"""The language server: `flowdsl.ide` over the Language Server Protocol, on standard streams.

Does: keeps the buffers of an editor, finds the project of each, schedules checks and publishes
their findings, and translates questions and answers.

Does not: know the language; every answer comes from `flowdsl.ide`.

Entry point: `server.serve`.

Invariants: the only importer of pygls; `positions` alone counts in the units of the protocol; the
answer to `initialize` waits for no import of the checker.
"""
