"""The plan as a document.

`format` has its models and JSON Schema, `writer` writes it, and `reader` reads one that was
approved.
"""
