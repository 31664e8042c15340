"""The reference interpreter: what a checked program means, one short function a statement.

It executes the syntax tree and its side tables in a world. It knows nothing of agents, tools and
prompts, and is to be read beside `docs/language.md`, from `statements.perform` on: `statements` has
the statements, `conditions` and `expressions` what stands in them, `reading` what an answer gives.
"""
