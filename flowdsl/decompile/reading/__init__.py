"""One of FlowDSL's own prompts back to the IR it was written from.

Takes a prompt apart into an outline (`outline.py`), hears the frames of code generation in its lines (`frames.py`), and makes statements, conditions, types and values of them.

Does not guess: a prompt that is not ours, or of which a single character would come out differently, is not read.

Entry point: `prompt.read_prompt`.

There is no second copy of a sentence: what a frame looks like is found out by filling in the frame. Time is about linear in the length of any text.
"""
