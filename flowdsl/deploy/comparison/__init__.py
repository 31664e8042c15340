"""Comparisons of a resource with another version of it. Pure.

`diff` is the three-way comparison of desired, prior and live. `field_diff`, `schema_diff` and
`schema_gaps` compare single fields; `edits` and `versions` find writes by others.
"""
