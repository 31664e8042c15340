"""Checks of what the texts of a program become in a prompt.

`destinations` checks which values end up in them and which of these a command may contain,
`platform_text` what the platform would misread (`values.assignability` selects the few texts that
it has to check), and `rules` what no text may contain.
"""
