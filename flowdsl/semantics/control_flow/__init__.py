"""What holds on the paths of a body.

`dataflow` follows which values are set and which statements are reached, `path_counts` counts the
paths for the messages that `findings` writes, `leaving` finds blocks that no path goes on from, and
`replay` finds decisions that a replay would not make again, from what `required_tools` collects.
"""
