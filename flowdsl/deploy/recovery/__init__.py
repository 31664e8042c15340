"""Writes whose reply was never seen: what became of them (`recover`), and what of them may still
come (`late_writes`).
"""
