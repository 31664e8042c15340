"""Source text to syntax tree.

Scans a file into lossless tokens and parses them (`parser`) with tables generated from
`grammars/flowdsl.lark`, and builds the frozen AST of `ast`. The text of prompts is scanned in a
second stage (`texts`) that keeps every offset; `recovery` reads on behind mistakes.

Does not know what a name means. `reference` is Lark itself, the generator of the tables and the
oracle of the tests; nothing on the way from a file to a diagnostic imports it.

Entry point: `parse.parse_module`.

Any text gives a tree and no exception. What could not be read is reported to the sink and missing
from the tree.
"""
