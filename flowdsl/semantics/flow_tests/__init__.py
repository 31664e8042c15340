"""What `test` declarations give, answer and expect, against the program that they are for.

A test that answers what nothing asks, or expects what cannot be, is a mistake that the check finds
where it can be proved; what only a run shows is left to `flowdsl test`.
"""
