"""Edits of the sections of a workflow, and of files that hold parts of it."""
