"""Everything in a file except statements.

Consts, types, signatures, settings, the sections of a workflow, chains and tests.
"""
