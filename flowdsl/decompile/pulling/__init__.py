"""Edits of the dashboard, written back into the source that a workflow was compiled from.

Finds the smallest edit of the sources after which the workflow compiles to what the service has:
settings, fields, checks and statements are written as they are and as they should be, and what
differs is spliced into the source token by token (`splicing.py`, `literals.py`); what none of them
says goes into files that hold a part verbatim. Does no IO: sources come from a `FileSystem`, and
what is to be written is handed back as text.

Nothing is taken on trust. An edit is kept only when the sources compile without errors, the
workflow comes closer to the live one in some field and moves away in none, no other workflow or
chain changes, and the edit means the same in every other environment. In the end a field that was
edited equals the live one, or nothing of it is written.

Entry point: `pull.pull`.
"""
