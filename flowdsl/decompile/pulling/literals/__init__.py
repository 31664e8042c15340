"""Edits of words inside literals and doc comments, with the place in the source of every character
of a payload.
"""
