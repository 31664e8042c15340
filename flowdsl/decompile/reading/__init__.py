"""Parse a prompt that FlowDSL wrote into the IR that it was written from.

Builds statements from the sentences that `flowdsl.prompt.reading` finds in the lines of a prompt.
Does not guess: a prompt that FlowDSL did not write, or that would differ in a single character if
written again, is rejected. Entry point: `prompt.read_prompt`. Takes time about linear in the length
of the prompt.
"""
