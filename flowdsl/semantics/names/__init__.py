"""Name resolution: which names exist where, and what a reference means.

`scopes` holds the names of modules and the values in scope of a body; `references` finds the symbol
of a reference, `paths` the type at the end of its path, and `files` the files that imports connect.
Nothing here depends on particular statements.
"""
