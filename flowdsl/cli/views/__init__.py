"""Rendering that several commands share: from values to text, without IO.

The view of a single command is in its package.
"""
