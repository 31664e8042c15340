"""What the exit code of every command means. Scripts depend on these numbers."""

from __future__ import annotations

SUCCESS = 0
FINDINGS = 1
"""`check`, `fmt --check` or `test` found something; a watched run ended unsuccessfully."""
CHANGES = 2
"""Only with `--detailed-exitcode`: there are changes or drift."""
SOURCE_ERRORS = 3
"""A command that needs a clean compile found errors in sources or in `flowdsl.toml`."""
ACCESS = 4
"""The API key is missing or refused, the host is not trusted, or the organisation is the wrong one."""
LOCKED = 5
CONFLICT = 6
"""Stale plan, drift, missing object, lost update, older commit, or a file that exists already."""
PARTIAL = 7
"""Some operations failed; state is saved."""
UNKNOWN_OUTCOME = 8
"""It is not known whether an operation happened; deploying again finds out."""
GUARDED = 9
"""Stopped by a guard or by `protect`."""
STATE = 10
"""The state store is unreachable, unsafe, corrupt, missing where it should be, or newer than this version."""
SERVICE = 11
"""The service is unreachable or failing, and nothing was written."""
USAGE = 64
"""The command line means nothing, or what it asks for cannot be written: a file, or the output."""
INTERNAL = 70
"""A bug in FlowDSL."""
# Beside these, 128 and the number of the signal that ended the command: 130 for SIGINT, 143 for SIGTERM (`host.signals`).
