"""The meaning of every exit code. Scripts depend on these numbers."""

from __future__ import annotations

SUCCESS = 0
FINDINGS = 1
"""`check` or `fmt --check` found something; a watched run ended as `task_failed`."""
CHANGES = 2
"""Only with `--detailed-exitcode`: there are changes or drift."""
SOURCE_ERRORS = 3
"""A command that needs a clean compile found errors in sources or in `flowdsl.toml`."""
ACCESS = 4
"""The API key is missing or refused, the host is not trusted, or the organisation is the wrong
one."""
LOCKED = 5
CONFLICT = 6
"""A stale plan, drift, a missing object, a lost update, an older commit, or an existing file."""
PARTIAL = 7
"""Some operations failed and state is saved, or some requested runs were not created."""
UNKNOWN_OUTCOME = 8
"""It is not known whether an operation happened (deploying again finds out), or whether a run was
created."""
GUARDED = 9
"""Stopped by a guard or by `protect`."""
STATE = 10
"""The state store is unreachable, unsafe or corrupt, state is missing, or it is from a newer
version."""
SERVICE = 11
"""The service is unreachable or failing, and nothing was written."""
RUN_ERROR = 12
"""A watched run ended as `error`."""
RUN_CANCELLED = 13
"""A watched run was cancelled, or deleted."""
RUN_UNFINISHED = 14
"""`--timeout` has passed, and a watched run has not ended."""
USAGE = 64
"""The command line is impossible, inputs of a run are invalid, or a file or the output cannot be
written."""
INTERNAL = 70
"""A bug in FlowDSL."""
# A signal that ends a command gives 128 plus its number: 130 for SIGINT, 143 for SIGTERM
# (`host.signals`).
