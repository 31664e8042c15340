"""`flowdsl runs`: list, show, watch, retry, cancel and delete runs, and fetch their files."""

from __future__ import annotations

import argparse
from importlib import import_module

from flowdsl.cyberdesk.models.run import TERMINAL_STATUSES
from flowdsl.runs.watch import LIVE_STATUSES

from ...runtime.command_line.arguments import add_subcommand, add_subcommands
from ...runtime.command_line.options import add_options, number_between, parse_positive_number
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
    "attachments": ("read", "attachments"),
    "verify-webhook": ("webhook", "verify"),
}
"""The function of each subcommand: `flowdsl.cli.commands.runs.<module>.<function>`."""


_ONE = "its id, its first digits, or `last` for the newest"
_SEVERAL = "ids, their first digits, or `last`"
_READING = "--env --json --timeout --verbose"
_FILTERS = f"""
    --workflow WORKFLOW  by name or id
    --machine MACHINE  by name or id
    --session ID  of this session
    --status STATUS  {", ".join(sorted(LIVE_STATUSES | TERMINAL_STATUSES))}
    --from since=TIME  made then or later, as 2026-05-31 or with T14:30
    --to until=TIME  made then or earlier
"""


def configure(parser: argparse.ArgumentParser) -> None:
    subjects = add_subcommands(parser)
    listing = add_subcommand(subjects, "list", "runs, the newest activity first", _READING)
    add_options(listing, _FILTERS)
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
        limit={"type": parse_positive_number, "default": 20},
        skip={"type": number_between(0, 10**9), "default": 0},
    )
    one, several = f"run=RUN  {_ONE}", f"run=RUN+  {_SEVERAL}\n--yes"
    help = "everything about one run but its history"
    add_subcommand(subjects, "show", help, f"{one}\n{_READING}")
    help = "wait for the end of runs, and exit as they ended"
    watch = add_subcommand(subjects, "watch", help, "--env --timeout --verbose")
    add_options(watch, f"run=RUN*  {_SEVERAL}")
    add_options(watch, _FILTERS)
    add_watch_options(watch)
    help = "begin an ended run anew; its results are lost"
    retry = add_subcommand(subjects, "retry", help, f"{one}\n--env --timeout --verbose")
    add_input_options(retry, table=False)
    add_target_options(retry)
    add_session_options(retry)
    add_options(
        retry,
        """
        --leave-session  run outside of the session it was in
        --watch  wait for the end
        --yes
        """,
    )
    add_watch_options(retry)
    add_subcommand(subjects, "cancel", "end runs that go on", f"{several}\n{_READING}")
    help = "delete runs that have ended, with their files"
    add_subcommand(subjects, "delete", help, f"words=RUN+  {_SEVERAL}\n--yes\n{_READING}")
    help = "keep the recording of a run, which may then be approved"
    add_subcommand(subjects, "trajectory", help, f"words=RUN  {_ONE}\n{_READING}")
    attachments = add_subcommand(
        subjects,
        "attachments",
        "the files of a run",
        f"""
        {one}
        {_READING}
        --type input|output  only these
        -o folder=DIR  save them in this folder
        --max-size MB  of one file (default: 100)
        """,
        max_size={"type": number_between(1, 10_000), "default": 100},
    )
    attachments.set_defaults(more=[])
    attachments.scattered = "more"
    help = "the address of a run in the dashboard"
    add_subcommand(subjects, "open", help, f"{one}\n--env --timeout --verbose")
    add_subcommand(
        subjects,
        "verify-webhook",
        "whether a webhook on standard input is genuine",
        """
        --json
        --secret SOURCE  `env:NAME` or `file:PATH`
        --header NAME:VALUE...
            a header as it came; svix-id, svix-timestamp and svix-signature are needed
        --any-time  take a webhook of any age, as one from a log
        """,
        secret={"required": True},
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    module, function = _RUNS[arguments.subject]
    carry_out = getattr(import_module(f"flowdsl.cli.commands.runs.{module}"), function)
    code: int = carry_out(arguments, console)
    return code
