"""Files to diagnostics and artifacts: the only place that knows the order of the phases.

Loads, resolves and checks a set of files (`analyze`), and compiles them (`compile_project`).

Does no IO: files come through the `FileSystem` protocol, and what to do with the result is the caller's business.

Entry points: `pipeline.analyze`, `pipeline.compile_project`.

Bad source never raises; there is a bundle exactly when there is no error.
"""
