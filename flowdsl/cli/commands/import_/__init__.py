"""`flowdsl import`: its command, and the parts of its work.

`service` reads workflows of the service and tells which of them the project already has,
`destination` decides which files they go to, and renders the notes.
"""
