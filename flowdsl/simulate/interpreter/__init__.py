"""The reference interpreter: executes a checked program, one short function per statement.

It executes the syntax tree and its side tables in a world. It knows nothing of agents, tools and
prompts. Read it together with `docs/language-reference.md`, starting at `statements.perform`:
`statements` has the statements, `conditions` and `expressions` their parts, `reading` converts
answers to values.
"""
