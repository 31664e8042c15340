"""One statement at a time: the body of a workflow or task (`body`), and the rules of each part of
a statement.
"""
