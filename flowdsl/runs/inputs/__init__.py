"""Reads the inputs of runs from options and files, and converts them to the declared types. Pure.

Values that do not fit are reported with their place before anything is sent. Entry points:
`assemble.assemble` for one run, `assemble.assemble_rows` for a table of them.
"""
