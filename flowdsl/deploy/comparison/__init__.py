"""How two versions of a resource differ: three-way, field by field, schema by schema, and against
what others wrote. Pure.
"""
