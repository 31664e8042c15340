"""An edit made in the dashboard, written back into the source that the workflow was compiled from.

Finds the smallest edit of the sources after which the workflow compiles to what the service has: words inside one literal, then settings, fields,
checks and statements, and files that hold a part verbatim when nothing finer does. Does no IO: sources come from a `FileSystem`, and what is to be written is
handed back as text.

Nothing is taken on trust: an edit is kept only when the sources compile without errors, the workflow comes closer to the live one in every field, no other
workflow or chain changes, and the edit says the same in every other environment. At the end every field that was edited is equal to the live one, or
nothing of it is written.

Entry point: `pull.pull`.
"""
