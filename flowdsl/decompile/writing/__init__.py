"""From the IR to source text.

Writes literals, types, statements and checks, and rebuilds the tasks without which source could not
fill a result.

Does not decide whether what it writes means the same: `decompile.shapes` compiles it.

Entry point: `writer.write_flow`.

The text is formatted, and writing what it compiles to gives the same text.
"""
