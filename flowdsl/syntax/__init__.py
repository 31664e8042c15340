"""Source text to syntax tree.

Scans a file into lossless tokens, parses them with tables generated from `grammars/flowdsl.lark`, and builds the frozen
AST of `ast.py`; the text of prompts is scanned in a second stage (`text.py`) that keeps every offset.

Does not know what a name means. `reference.py` is Lark itself: generator of the tables and oracle of the tests, never
imported on the way from a file to a diagnostic.

Entry point: `parse.parse_module`.

Any text gives a tree and no exception; what could not be read is in the sink and missing from the tree.
"""
