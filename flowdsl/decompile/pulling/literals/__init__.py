"""Edits of words inside literals and doc comments, by the origin of each character of a payload."""
