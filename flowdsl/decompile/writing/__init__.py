"""IR to source text.

Writes literals, types, statements and checks, and rebuilds tasks around the values that only a task's result could have kept.

Does not decide whether what it writes means the same: `decompile.shapes` compiles it.

Entry point: `writer.write_flow`.

The text is formatted, and writing what it compiles to gives the same text.
"""
