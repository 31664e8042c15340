"""What stands in a file beside statements: consts, types, signatures, settings, sections of a
workflow, chains and tests.
"""
