"""Tasks as their callers see them.

Says who calls whom (`call_graph`), what a caller has to know of a body (`summaries`), what a call
binds (`inlining`), and how large everything gets once tasks are in their places (`sizes`).
"""
