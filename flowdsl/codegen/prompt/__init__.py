"""Compile IR statements to the outline of a prompt.

`document.py` puts the whole prompt together. `statements.py` dispatches to one module per statement
family, each of which turns a statement into outline items for the main agent or for a focused
agent.

Does not decide what is right on a desktop: the author's words stay the author's.

Entry point: `document.emit_prompt`.

Decisions and reads that each run repeats are inside a `focused_action`; tools that a focused agent
may not have stay outside.
"""
