"""What ends a job of the pipeline."""

from __future__ import annotations

USAGE = 64
"""The exit code of the command line for a wrong call."""

MEANINGS = {
    1: (
        "`fmt --check` or `check` found something, a test of a flow failed, or a run ended as "
        "`task_failed`"
    ),
    3: "the sources or `flowdsl.toml` have errors",
    4: (
        "the API key is missing or refused, the host is not trusted, or the organization is the "
        "wrong one"
    ),
    5: "another deploy holds the lock",
    6: "a conflict: drift, a stale plan, a missing object, a lost update or an older commit",
    7: "some operations failed; state is saved",
    8: "the outcome of an operation is unknown; `recover` is needed",
    9: "stopped by a guard or by `protect`",
    10: (
        "the state store is unreachable, unsafe, corrupt, missing where it should be, or newer "
        "than this version"
    ),
    11: "the service is unreachable or failing; nothing was written",
    12: "a run ended as `error`",
    13: "a run was cancelled or deleted",
    14: "the time is over, and a run goes on",
    64: "the command was called wrongly",
    70: "a bug in FlowDSL",
    130: "interrupted",
    143: "terminated",
}
"""The exit codes of FlowDSL, for people."""


class JobError(Exception):
    """Ends the job with `code`; the message is one sentence for people."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


def meaning(code: int) -> str:
    """What an exit code says, in words."""
    return MEANINGS.get(code, "not an exit code of FlowDSL")
