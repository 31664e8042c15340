"""The reference interpreter: what a checked program means, one short function a statement.

It executes the syntax tree and its side tables in a world. It knows nothing of agents, tools and
prompts, and is to be read beside `docs/language.md`, from `statements` on: `acting` and `asking`
have the statements that touch the desktop, `repeating` and `calls` those with a body of their own,
`conditions` and `expressions` what stands in them, `reading` what an answer gives.
"""
