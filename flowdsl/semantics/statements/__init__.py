"""Checks of single statements.

`body` walks the body of a workflow or task; the other modules check the parts of a statement.
"""
