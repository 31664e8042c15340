"""The checks of one statement at a time.

`body` walks the body of a workflow or task; the other modules check the parts of a statement.
"""
