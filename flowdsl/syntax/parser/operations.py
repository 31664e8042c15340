"""The operations of reductions, by their numbers in `tables.RULES`."""

NODE = 0
"""Build the node of the rule."""
SAME = 1
"""Keep the only child in its place."""
LIST = 2
"""Start a list of children."""
ADD = 3
"""Add the last symbol to the list that is the first symbol. The list grows in place: copying it
each time would take quadratic time."""
EXTEND = 4
"""Add several children to the list that is the first symbol."""
