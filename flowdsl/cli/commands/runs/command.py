"""`flowdsl runs`: list, show, watch, retry, cancel and delete runs, and fetch their files."""

from __future__ import annotations

import argparse
from importlib import import_module

from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES
from flowdsl.runs.watch import LIVE_STATUSES

from ...runtime.command_line.arguments import add_subcommands
from ...runtime.command_line.options import add_options, number_between
from ...runtime.console import Console
from ...runtime.runs.options import (
    add_input_options,
    add_session_options,
    add_target_options,
    add_watch_options,
)

_RUNS = {
    "list": ("read", "list_runs"),
    "show": ("read", "show"),
    "open": ("read", "open_run"),
    "watch": ("follow", "watch_runs"),
    "retry": ("follow", "retry"),
    "cancel": ("follow", "cancel"),
    "delete": ("changes", "delete"),
    "trajectory": ("changes", "generate"),
    "attachments": ("attachments", "attachments"),
    "verify-webhook": ("webhook", "verify"),
}
"""The function of each subcommand: `flowdsl.cli.commands.runs.<module>.<function>`."""


_NUMBER = number_between(0, 9_999_999, "a number")


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = add_subcommands(parser)
    listing = subjects.add_parser("list", help="runs, the newest activity first")
    show = subjects.add_parser("show", help="everything about one run but its history")
    watch = subjects.add_parser("watch", help="wait for the end of runs, and exit as they ended")
    retry = subjects.add_parser("retry", help="begin an ended run anew; its results are lost")
    cancel = subjects.add_parser("cancel", help="end runs that go on")
    delete = subjects.add_parser("delete", help="delete runs that have ended, with their files")
    trajectory = subjects.add_parser(
        "trajectory", help="keep the recording of a run, which may then be approved"
    )
    attachments = subjects.add_parser("attachments", help="the files of a run")
    opened = subjects.add_parser("open", help="the address of a run in the dashboard")
    webhook = subjects.add_parser(
        "verify-webhook", help="whether a webhook on standard input is genuine"
    )
    for each in (listing, show, watch, retry, cancel, delete, trajectory, attachments, opened):
        add_options(each, "--env --timeout --verbose")
    for each in (listing, show, attachments, cancel, delete, trajectory, webhook):
        add_options(each, "--json")
    _add_filter_options(listing)
    add_options(
        listing,
        """
        --search TEXT  in ids, inputs, outputs, errors, aliases
        --deep  search the history of runs, too
        --sort activity|created  default: activity
        --limit N  so many runs (default: 20)
        --skip N  leave out the first
        --all  every run that matches
        """,
        sort={"default": "activity"},
        limit={"type": _NUMBER, "default": 20},
        skip={"type": _NUMBER, "default": 0},
    )
    for each in (show, retry, attachments, opened):
        add_options(each, "run=RUN  its id, its first digits, or `last` for the newest")
    add_options(watch, "run=RUN*  ids, their first digits, or `last`")
    _add_filter_options(watch)
    add_watch_options(watch)
    add_options(cancel, "run=RUN+  ids, their first digits, or `last`")
    add_options(cancel, "--yes")
    add_options(delete, "words=RUN+  ids, their first digits, or `last`")
    add_options(delete, "--yes")
    add_options(trajectory, "words=RUN  its id, its first digits, or `last` for the newest")
    add_input_options(retry, table=False)
    add_target_options(retry)
    add_session_options(retry)
    add_options(retry, "--leave-session  run outside of the session it was in")
    add_options(retry, "--watch  wait for the end")
    add_options(retry, "--yes")
    add_watch_options(retry)
    attachments.set_defaults(more=[])
    attachments.scattered = "more"
    add_options(attachments, "--type input|output  only these")
    add_options(attachments, "-o folder=DIR  save them in this folder")
    add_options(
        attachments,
        "--max-size MB  of one file (default: 100)",
        max_size={"type": number_between(1, 10000), "default": 100},
    )
    _add_webhook_options(webhook)


def _add_webhook_options(webhook: argparse.ArgumentParser) -> None:
    add_options(
        webhook,
        """
        --secret SOURCE  `env:NAME` or `file:PATH`
        --header NAME:VALUE...
            a header as it came; svix-id, svix-timestamp and svix-signature are needed
        --any-time  take a webhook of any age, as one from a log
        """,
        secret={"required": True},
    )


def _add_filter_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "--workflow WORKFLOW  by name or id")
    add_options(parser, "--machine MACHINE  by name or id")
    add_options(parser, "--session ID  of this session")
    parser.add_argument(
        "--status", metavar="STATUS", help=", ".join(sorted(LIVE_STATUSES | TERMINAL_STATUSES))
    )
    add_options(parser, "--from since=TIME  made then or later, as 2026-05-31 or with T14:30")
    add_options(parser, "--to until=TIME  made then or earlier")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    module, function = _RUNS[arguments.subject]
    carry_out = getattr(import_module(f"flowdsl.cli.commands.runs.{module}"), function)
    code: int = carry_out(arguments, console)
    return code
