"""One style for every `.flow` file.

Lays the tokens of a file out again: words stay, only the spaces between them change.
Comments keep their place.

Does not change what a file means, not even an order that matters, and leaves declarations with
syntax errors unchanged.

Entry point: `formatter.format_source`.

A formatted file has the syntax tree and the comments that it had before, and formatting it again
changes nothing; if that check fails, the original text is kept.
"""
