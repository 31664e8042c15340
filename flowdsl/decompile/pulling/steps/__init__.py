"""Edits of statements: those of the prompt laid beside those of the source, and new ones drafted."""
