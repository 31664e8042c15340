"""Checks `test` declarations against the program that they test.

A test that answers a question that nothing asks, or expects something impossible, is reported if
that can be proved; `flowdsl test` finds the rest by running the tests.
"""
