"""Files to diagnostics and artifacts: the only place that knows the order of the phases.

Loads, resolves and checks a set of files (`analyze`), and compiles them (`compile_project`).

Does no IO: files come through the `FileSystem` protocol, and the caller decides what to do with the
result.

Entry points: `pipeline.analyze`, `pipeline.compile_project`.

Bad source never raises. A compilation has a bundle exactly when there is no error that stops it.
"""
