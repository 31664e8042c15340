"""What holds on the paths of a body: which values are set, which statements are reached, and what
a replay would not decide again.

`dataflow` walks the paths, `path_counts` counts them, `findings` says what is wrong on them;
`replay` stands on `required_tools`.
"""
