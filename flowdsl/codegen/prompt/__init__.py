"""From IR statements to the outline of a prompt.

`document.py` puts the whole prompt together. `statements.py` dispatches to one module per statement
family, each of which turns a statement into outline items for the main agent or for a focused
agent.

Does not decide what is right on a desktop: the author's words stay the author's.

Entry point: `document.emit_prompt`.

What is decided or read anew on each run stands inside a `focused_action`; tools that a focused
agent is not known to have stay outside.
"""
