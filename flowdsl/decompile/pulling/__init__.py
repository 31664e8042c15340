"""Write edits made in the dashboard back into the source of a workflow.

Finds the smallest edit of the sources after which the workflow compiles to what the service has:
settings, fields, checks and statements are written twice, as they are now and as they should be,
and the difference is spliced into the source token by token (`splicing.py`, `literals.py`); what
cannot be expressed that way is written to files that hold a part verbatim. Does no IO: sources come
from a `FileSystem`, and results are returned as text.

Every edit is verified. It is kept only if the sources compile without errors, the workflow comes
closer to the live one in some field and moves away in none, no other workflow or chain changes, and
the edit means the same in every other environment. At the end, an edited field equals the live one,
or none of its edits are written. Entry point: `pull.pull_workflows`.
"""
