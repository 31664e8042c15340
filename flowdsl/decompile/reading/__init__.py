"""One of FlowDSL's own prompts back to the IR it was written from.

Makes statements of the sentences that `flowdsl.prompt.reading` hears in the lines of a prompt.

Does not guess: a prompt that is not ours, or of which a single character would come out differently, is not read.

Entry point: `prompt.read_prompt`.

Time is about linear in the length of any text.
"""
