"""Edits of statements, found by aligning those of the live prompt with those of the source."""
