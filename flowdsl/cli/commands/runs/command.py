"""`flowdsl runs`: list, show, watch, retry, cancel and delete runs, and fetch their files."""

from __future__ import annotations

import argparse
from importlib import import_module

from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES
from flowdsl.runs.watch import LIVE_STATUSES

from ...runtime import service_options
from ...runtime.command_line.arguments import add_subcommands, number_between
from ...runtime.command_line.global_options import add_flag, add_json, add_repeated, add_yes
from ...runtime.console import Console
from ...runtime.engine.options import add_environment
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
    """Declare the arguments."""
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
        add_environment(each)
        service_options.configure(each)
    for each in (listing, show, attachments, cancel, delete, trajectory, webhook):
        add_json(each)
    _add_filter_options(listing)
    listing.add_argument(
        "--search", metavar="TEXT", help="in ids, inputs, outputs, errors, aliases"
    )
    add_flag(listing, "--deep", "search the history of runs, too")
    listing.add_argument(
        "--sort", choices=("activity", "created"), default="activity", help="default: activity"
    )
    listing.add_argument(
        "--limit", type=_NUMBER, default=20, metavar="N", help="so many runs (default: 20)"
    )
    listing.add_argument("--skip", type=_NUMBER, default=0, metavar="N", help="leave out the first")
    add_flag(listing, "--all", "every run that matches")
    for each in (show, retry, attachments, opened):
        each.add_argument(
            "run", metavar="RUN", help="its id, its first digits, or `last` for the newest"
        )
    watch.add_argument("run", nargs="*", metavar="RUN", help="ids, their first digits, or `last`")
    _add_filter_options(watch)
    add_watch_options(watch)
    cancel.add_argument("run", nargs="+", metavar="RUN", help="ids, their first digits, or `last`")
    add_yes(cancel)
    delete.add_argument(
        "words", nargs="+", metavar="RUN", help="ids, their first digits, or `last`"
    )
    add_yes(delete)
    trajectory.add_argument(
        "words", metavar="RUN", help="its id, its first digits, or `last` for the newest"
    )
    add_input_options(retry, table=False)
    add_target_options(retry)
    add_session_options(retry)
    add_flag(retry, "--leave-session", "run outside of the session it was in")
    add_flag(retry, "--watch", "wait for the end")
    add_yes(retry)
    add_watch_options(retry)
    attachments.set_defaults(more=[])
    attachments.scattered = "more"
    attachments.add_argument("--type", choices=("input", "output"), help="only these")
    attachments.add_argument("-o", dest="folder", metavar="DIR", help="save them in this folder")
    attachments.add_argument(
        "--max-size",
        type=number_between(1, 10_000),
        default=100,
        metavar="MB",
        help="of one file (default: 100)",
    )
    _add_webhook_options(webhook)


def _add_webhook_options(webhook: argparse.ArgumentParser) -> None:
    webhook.add_argument(
        "--secret", required=True, metavar="SOURCE", help="`env:NAME` or `file:PATH`"
    )
    add_repeated(
        webhook,
        "--header",
        "NAME:VALUE",
        "a header as it came; svix-id, svix-timestamp and svix-signature are needed",
    )
    add_flag(webhook, "--any-time", "take a webhook of any age, as one from a log")


def _add_filter_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workflow", metavar="WORKFLOW", help="by name or id")
    parser.add_argument("--machine", metavar="MACHINE", help="by name or id")
    parser.add_argument("--session", metavar="ID", help="of this session")
    parser.add_argument(
        "--status", metavar="STATUS", help=", ".join(sorted(LIVE_STATUSES | TERMINAL_STATUSES))
    )
    parser.add_argument(
        "--from",
        dest="since",
        metavar="TIME",
        help="made then or later, as 2026-05-31 or with T14:30",
    )
    parser.add_argument("--to", dest="until", metavar="TIME", help="made then or earlier")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the subcommand."""
    module, function = _RUNS[arguments.subject]
    carry_out = getattr(import_module(f"flowdsl.cli.commands.runs.{module}"), function)
    code: int = carry_out(arguments, console)
    return code
