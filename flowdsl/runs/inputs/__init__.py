"""The inputs of runs: read from options and files, made what the workflow declares, and refused
with their place before anything is sent. Pure.

Entry points: `assemble.assemble` for one run, `assemble.assemble_rows` for a table of them.
"""
