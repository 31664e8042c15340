"""Views of the texts of a program for rules, with the source place of each character.

`prose` finds the texts that an agent reads, `targets` how they name what to act on, and
`forbidden` the words that a team does not want in them. `spelled` is a text as it is compiled, and
`powershell` a command as PowerShell reads it.
"""
