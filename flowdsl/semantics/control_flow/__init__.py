"""Analysis of the control flow of a body.

`dataflow` computes which variables are set and which statements are reached, `path_counts` counts
the paths for the messages that `findings` writes, `leaving` detects blocks that always leave, and
`replay` finds decisions that a replay would not make again, based on what `required_tools`
collects.
"""
