"""`flowdsl recover`: only resolve the writes that an interrupted deploy left open."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from flowdsl.deploy.outcome import Outcome, Status
from flowdsl.deploy.resolve import RecoveryVerdict, recover
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.state.document import Intent

from ..runtime.command_line.options import add_options
from ..runtime.console import Console, UsageError
from ..runtime.engine.deployment import NOTHING, compile_bundle, open_deployment
from ..runtime.engine.questions import require_answer
from ..runtime.engine.report import EngineOperation, OperationReport, writing_options
from ..views.outcome import count_unfinished

_WORDS = {"create": "creation", "update": "change", "delete": "deletion"}


def configure(parser: argparse.ArgumentParser) -> None:
    add_options(
        parser,
        """
        addresses=ADDRESS*  `workflow.NAME`, or its name alone; default: all open writes
        --env
        --id UUID  say which workflow the creation of ADDRESS made
        --absent
            say that the creation of ADDRESS made none, or that a write to it does not come any more
        --yes --lock-timeout
        --json  one object a line on standard output
        --result --timeout --verbose
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find out what became of the writes, or accept a person's statement about them.

    The findings and the outcome go to standard error.
    """
    report = OperationReport.of(arguments, console, "recover", _describe_recovery)
    return report.carry_out(partial(_prepare_recovery, report), arguments)


def _prepare_recovery(
    report: OperationReport, arguments: argparse.Namespace, console: Console
) -> EngineOperation:
    verdict = _parse_verdict(arguments)
    deployment = open_deployment(arguments.env, console)
    # A person's statement needs no sources, which may have errors at that moment.
    bundle = NOTHING if verdict is not None else compile_bundle(deployment, console)
    require_answer(arguments.yes, "settles the open writes")

    def approve(intents: Sequence[Intent]) -> bool:
        report.say(_render_open_writes(intents))
        return report.has_agreement(f"settle this in {deployment.environment.name}?")

    options = writing_options(arguments, breaking="ignore")
    addresses = tuple(arguments.addresses)
    return EngineOperation(
        deployment, bundle, options, lambda job: recover(job, addresses, approve, verdict)
    )


def _parse_verdict(arguments: argparse.Namespace) -> RecoveryVerdict | None:
    if arguments.id is None and not arguments.absent:
        return None
    option = "--absent" if arguments.id is None else "--id"
    if arguments.id is not None and arguments.absent:
        raise UsageError("`--id` and `--absent` exclude each other")
    if len(arguments.addresses) != 1:
        raise UsageError(f"`{option}` speaks of one workflow; name its ADDRESS")
    if arguments.absent:
        return RecoveryVerdict(None)
    try:
        return RecoveryVerdict(str(UUID(arguments.id)))
    except ValueError:
        raise UsageError(f"`--id {arguments.id}` is not the id of a workflow, a UUID") from None


def _render_open_writes(intents: Sequence[Intent]) -> str:
    return "\n".join(
        f"? {make_printable(each.address)}  {_WORDS[each.action]} of "
        f"{each.created_at:%Y-%m-%d %H:%M:%S} UTC, without a reply"
        for each in intents
    )


def _describe_recovery(outcome: Outcome, environment: str) -> str:
    if outcome.status is Status.NOTHING_TO_DO:
        return f"nothing to do: no such write is open in {environment}"
    parts = [f"{format_count(outcome.count('performed', 'recover'), 'write')} settled"]
    parts += count_unfinished(outcome, "unknown", "failed", "not_attempted", action="recover")
    verb = "recovered" if outcome.status is Status.DONE else "stopped in"
    return f"{verb} {environment}: {', '.join(parts)}"
