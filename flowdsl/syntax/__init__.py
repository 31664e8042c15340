"""Source text to syntax tree.

Scans a file into lossless tokens and parses them (`parser`) with tables generated from
`grammars/flowdsl.lark`, and builds the frozen AST of `ast`. The text of prompts is scanned in a
second stage (`texts`) that keeps every offset; `recovery` continues after syntax errors.

Does not know what a name means. `reference` wraps Lark, which generates the tables and is the
oracle of the tests; the compiler never imports it.

Entry point: `parse.parse_module`.

Any text gives a tree and no exception. Parts that cannot be parsed are reported to the sink and
missing from the tree.
"""
