"""Edits of statements, found by aligning the live prompt's statements with the source's."""
