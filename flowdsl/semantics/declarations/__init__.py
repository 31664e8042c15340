"""What stands in a file beside statements.

Consts, types, signatures, settings, the sections of a workflow, chains and tests.
"""
