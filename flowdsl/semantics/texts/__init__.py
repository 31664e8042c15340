"""What the texts of a program become once they stand in a prompt.

`destinations` says which values end up in them and which of these a command may hold,
`platform_text` what the platform would misread (`values.assignability` sorts out the few texts that
it has to look at), and `rules` what no text may hold.
"""
