"""Which names exist where, and what a reference means.

`scopes` holds the names of modules and the values in reach of a body, `references` finds the symbol
and the type at the end of a path (`paths`), `linked_files` the files that imports connect. Knows no
statement.
"""
