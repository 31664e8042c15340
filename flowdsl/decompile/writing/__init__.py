"""Convert the IR to source text.

Writes literals, types, statements and checks, and rebuilds the tasks without which source could not
fill a result. Does not verify that the written text has the same meaning: `decompile.shapes`
compiles it. Entry point: `writer.write_flow`. The text is formatted, and writing what it compiles
to gives the same text.
"""
