"""Tasks cut out of the statements of a workflow again: where they begin and end, what they give
back, their parameters and names.
"""
