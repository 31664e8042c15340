"""Values during the check: their types, assignability and spelling.

`expressions` infers types and constants, `assignability` and `fitting` decide whether a value fits,
`annotations` and `bounds` what an annotation requires of it, `schema_files` what a schema file
declares, `formats` and `spelling` how a value is written.
"""
