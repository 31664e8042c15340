"""Values while checking: types of expressions, what fits where, and how values and fields are
spelled.

`expressions` infers types and constants, `assignability` and `fitting` say whether a value fits,
`annotations` and `bounds` what an annotation asks of it, `schema_files` what a JSON Schema file
declares.
"""
