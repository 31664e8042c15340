"""Values during the check: their types, what fits where, and how they are spelled.

`expressions` infers types and constants, `assignability` and `fitting` say whether a value fits,
`annotations` and `bounds` what an annotation asks of it, `schema_files` what a schema file
declares, `formats` and `spelling` how a value is written.
"""
