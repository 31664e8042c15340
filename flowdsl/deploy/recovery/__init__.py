"""Writes whose reply was never seen: what became of them (`recover`), and what may still come
(`late_writes`).
"""
