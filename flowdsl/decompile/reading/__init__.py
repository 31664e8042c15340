"""Reads a prompt that FlowDSL wrote back into the IR that it was written from.

Makes statements of the sentences that `flowdsl.prompt.reading` finds in the lines of a prompt.

Does not guess: a prompt that is not ours, or that would come out differently in a single character,
is not read.

Entry point: `prompt.read_prompt`.

Takes time about linear in the length of the prompt.
"""
