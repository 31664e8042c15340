"""The exit code of each failure that a lower layer raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowdsl.cyberdesk.errors import (
    AuthenticationRefused,
    CyberdeskError,
    UntrustedHost,
    UnusableApiKey,
)
from flowdsl.deploy.outcome import Status, Stop
from flowdsl.deploy.plan_file.reader import UnusablePlan
from flowdsl.deploy.planning.named import AmbiguousName
from flowdsl.deploy.planning.plan import PlanError
from flowdsl.deploy.recovery.recover import Unresolved
from flowdsl.emulator.store_error import StoreError
from flowdsl.host.environment import MissingKey
from flowdsl.runs.inputs.places import InputsRefused
from flowdsl.runs.inputs.today import UnknownTimezone
from flowdsl.runs.names import NoSuchName
from flowdsl.runs.starting.deployed import NotDeployed
from flowdsl.source.failure import ChangedSources, FlowdslError
from flowdsl.state.errors import LeaseLost, Locked, StateError
from flowdsl.workspace.environments import UnusableProject

from . import exit_codes

OF_STATUS: Mapping[Status, int] = {
    Status.DONE: exit_codes.SUCCESS,
    Status.NOTHING_TO_DO: exit_codes.SUCCESS,
    Status.DECLINED: exit_codes.SUCCESS,
    Status.INVALID: exit_codes.SOURCE_ERRORS,
    Status.ACCESS: exit_codes.ACCESS,
    Status.LOCKED: exit_codes.LOCKED,
    Status.CONFLICT: exit_codes.CONFLICT,
    Status.PARTIAL: exit_codes.PARTIAL,
    Status.UNKNOWN: exit_codes.UNKNOWN_OUTCOME,
    Status.GUARDED: exit_codes.GUARDED,
    Status.STATE: exit_codes.STATE,
    Status.SERVICE: exit_codes.SERVICE,
}
"""The exit code of each status but `Status.INTERRUPTED`, whose code is that of the signal."""

OF_FAILURES: Sequence[tuple[tuple[type[FlowdslError], ...], int]] = (
    ((AuthenticationRefused, UntrustedHost, UnusableApiKey, MissingKey), exit_codes.ACCESS),
    ((CyberdeskError, StoreError), exit_codes.SERVICE),
    ((Locked, LeaseLost), exit_codes.LOCKED),
    ((StateError,), exit_codes.STATE),
    ((Unresolved,), exit_codes.UNKNOWN_OUTCOME),
    ((PlanError, AmbiguousName, UnusablePlan, NotDeployed), exit_codes.CONFLICT),
    ((UnknownTimezone,), exit_codes.USAGE),
    ((UnusableProject, ChangedSources), exit_codes.SOURCE_ERRORS),
)
"""The first row that matches the failure counts. Any other failure is an error in the arguments: an
address, name or input that does not exist or is invalid."""


def exit_code_for(failure: FlowdslError) -> int:
    if isinstance(failure, Stop):
        return OF_STATUS[failure.status]
    return next(
        (code for kinds, code in OF_FAILURES if isinstance(failure, kinds)), exit_codes.USAGE
    )


def messages_of(failure: FlowdslError) -> Sequence[str]:
    """The messages that describe a failure to people."""
    match failure:
        case Stop():
            return failure.messages
        case InputsRefused():
            return failure.lines()
        case NoSuchName():
            return str(failure), *failure.candidates
        case _:
            return (str(failure),)
