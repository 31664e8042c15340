"""One style for every `.flow` file.

Lays the tokens of a file out again: words stay, and the spaces between them are decided here.
Comments keep their place.

Does not change what a file means, not even an order that matters, and touches no declaration that
cannot be read.

Entry point: `formatter.format_source`.

A formatted file has the syntax tree and the comments that it had before, and formatting it again
changes nothing; where that cannot be shown, the text stays as it was.
"""
