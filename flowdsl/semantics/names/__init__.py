"""Which names exist where, and what a reference means.

`scopes` holds the names of modules and the values in reach of a body; `references` finds the symbol
of a reference, and `paths` the type at the end of its path and the files that imports connect.
Nothing here knows any statement.
"""
