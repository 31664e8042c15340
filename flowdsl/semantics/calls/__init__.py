"""Tasks as their callers see them.

Says who calls whom and how large everything gets once tasks are in their places (`call_graph`),
what a caller has to know of a body (`summaries`), and what a call binds (`inlining`).
"""
