"""What the texts of a program become once they stand in a prompt.

`destinations` says which values end up in them, `platform_text` what the platform would misread
(`joins` in `values` sorts out the few texts that it has to look at), and `control_characters` what
nobody can see.
"""
